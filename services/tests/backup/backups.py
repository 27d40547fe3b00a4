"""What the tests of backups are about: a store in memory, and what it holds."""

import hashlib
import io
import json
from datetime import UTC, datetime

from flts.common.objectstreams import ListedObject, OpenedObject
from flts.common.storage import ObjectMissing

RUN = "0a" * 16
MODEL = f"1/{RUN}/artifacts/GRU"
POINTER = {
    "config_hash": "abc",
    "run_id": RUN,
    "model_type": "GRU",
    "experiment": "flts",
    "model_uri": f"runs:/{RUN}/GRU",
    "rmse": 1.0,
    "mae": 1.0,
    "mse": 1.0,
    "score": 1.0,
    "timestamp": "2026-01-01T00:00:00Z",
    "weights": {},
}
NIGHT = datetime(2026, 1, 1, 2, tzinfo=UTC)


class MemorySource:
    """Buckets in memory; `opened` lists every object that was read, `put_keys` every one that was written."""

    def __init__(self):
        self.content: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.opened: list[str] = []
        self.put_keys: list[str] = []
        self.fail_on: str | None = None

    def add(self, bucket, key, body, content_type="application/octet-stream"):
        self.content[bucket, key] = (body, content_type)

    def objects(self, bucket, prefix=""):
        for (owner, key), (body, _) in sorted(self.content.items()):
            if owner == bucket and key.startswith(prefix):
                yield ListedObject(key, len(body), hashlib.md5(body).hexdigest())

    def open(self, bucket, key):
        if key == self.fail_on:
            raise ConnectionError("store is gone")
        if (bucket, key) not in self.content:
            raise ObjectMissing(f"no object {bucket}/{key}")
        body, content_type = self.content[bucket, key]
        self.opened.append(key)
        return OpenedObject(io.BytesIO(body), hashlib.md5(body).hexdigest(), content_type)

    def delete(self, bucket, key):
        self.content.pop((bucket, key), None)

    def put(self, bucket, key, stream, content_type):
        self.add(bucket, key, stream.read(), content_type)
        self.put_keys.append(key)


def run_line(run_id=RUN, status="FINISHED", stage="active"):
    return (run_id, f"mlflow-artifacts:/1/{run_id}/artifacts", status, stage, "GRU")


def blob(settings, body):
    return settings.backup_directory / "objects" / hashlib.sha256(body).hexdigest()


def promoted_model(source, content=b"a promoted model"):
    """A pointer of 0.2.0 and the model that it names by digest; returns the model's key."""
    digest = hashlib.sha256(content).hexdigest()
    key = f"global/models/{digest}/model.onnx"
    pointer = POINTER | {"series": "site", "model": {"key": key, "sha256": digest, "size": len(content)}}
    source.add("model-promotion", key, content)
    source.add("model-promotion", "global/series/site/current.json", json.dumps(pointer).encode(), "application/json")
    return key
