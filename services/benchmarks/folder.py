"""The neighbours of the services as files, so that a service's memory is its own: object store, Kafka and MLflow."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from flts.common.messages import DataClaim, Message, Promotion
from flts.common.runs import ClaimKey
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectTooLarge, StoredObject, WrittenObject
from flts.evaluator.scoring import Candidate
from flts.evaluator.tracking import FinishedClaim
from flts.training.tracking import RunHandle
from flts.training.trainer import TrainedModel


class FolderStore:
    """flts.common.storage.ObjectStore in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root / "objects"

    def get(self, bucket: str, key: str, etag: str | None = None, largest: int | None = None) -> StoredObject:
        """See ObjectStore.get."""
        path = self._path(bucket, key)
        if not path.is_file():
            raise ObjectMissing(f"no object {bucket}/{key}")
        body = path.read_bytes()
        found = _digest(body)
        if etag is not None and etag != found:
            raise ObjectChanged(f"object {bucket}/{key} is no longer the version {etag}")
        if largest is not None and len(body) > largest:
            raise ObjectTooLarge(f"object {bucket}/{key} has {len(body)} bytes; at most {largest} are read")
        return StoredObject(body, found)

    def open(self, bucket: str, key: str, etag: str | None = None) -> BinaryIO:
        """See ObjectStore.open."""
        return io.BytesIO(self.get(bucket, key, etag).body)

    def write(self, bucket: str, key: str, content_type: str, produce: Callable[[BinaryIO], None]) -> WrittenObject:
        """See ObjectStore.write."""
        content = io.BytesIO()
        produce(content)
        return WrittenObject(content.tell(), self.put(bucket, key, content.getvalue(), content_type))

    def put(self, bucket: str, key: str, body: bytes, content_type: str) -> str:
        """See ObjectStore.put."""
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return _digest(body)

    def replace(self, bucket: str, key: str, body: bytes, content_type: str, etag: str | None) -> str:
        """See ObjectStore.replace."""
        if self.etag(bucket, key) != etag:
            raise ObjectChanged(f"object {bucket}/{key} is no longer the version {etag}")
        return self.put(bucket, key, body, content_type)

    def delete(self, bucket: str, key: str) -> None:
        """See ObjectStore.delete."""
        self._path(bucket, key).unlink(missing_ok=True)

    def etag(self, bucket: str, key: str) -> str | None:
        """See ObjectStore.etag."""
        path = self._path(bucket, key)
        return _digest(path.read_bytes()) if path.is_file() else None

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """See ObjectStore.keys."""
        folder = self._root / bucket
        # As in S3, other prefixes cost nothing: the time of a listing does not grow with the number of series.
        below = folder / prefix.rpartition("/")[0]
        found = (path.relative_to(folder).as_posix() for path in below.rglob("*") if path.is_file())
        return sorted(key for key in found if key.startswith(prefix))

    def etags(self, bucket: str, prefix: str) -> dict[str, str]:
        """See ObjectStore.etags."""
        return {key: self.etag(bucket, key) or "" for key in self.keys(bucket, prefix)}

    def children(self, bucket: str, prefix: str) -> dict[str, str]:
        """See ObjectStore.children."""
        names = {key.removeprefix(prefix): key for key in self.keys(bucket, prefix)}
        return {name: self.etag(bucket, key) or "" for name, key in names.items() if "/" not in name}

    def _path(self, bucket: str, key: str) -> Path:
        return self._root / bucket / key


class FilePublisher:
    """flts.common.publisher.Publisher to a file for each topic, one message a line."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def publish(self, topic: str, key: str | None, message: Message) -> None:
        """See Publisher.publish."""
        with (self._root / f"{topic}.jsonl").open("ab") as file:
            file.write(message.to_bytes() + b"\n")

    def on(self, topic: str) -> Iterator[bytes]:
        """All messages of a topic."""
        with (self._root / f"{topic}.jsonl").open("rb") as file:
            yield from file


class RunsOnDisk:
    """MLflow as a folder for each finished run: the trainers' Tracker, the evaluator's FinishedRuns and RunFiles."""

    def __init__(self, root: Path, model_type: str = "") -> None:
        self._root = root / "runs"
        self._model_type = model_type
        self._claims: dict[str, DataClaim] = {}
        self._of_claim: dict[tuple[str, int], list[Candidate]] = {}

    def finished(self, claim: DataClaim) -> RunHandle | None:
        """See Tracker.finished: no claim is repeated here."""
        return None

    def start(self, claim: DataClaim, data: dict[str, str]) -> RunHandle:
        """See Tracker.start."""
        run_id = _digest(f"{self._model_type} {claim.config_hash} {claim.generation}".encode())
        self._claims[run_id] = claim
        return RunHandle(run_id, "Default")

    def epoch(self, run: RunHandle, number: int, metrics: dict[str, float]) -> None:
        """See Tracker.epoch."""

    def finish(self, run: RunHandle, model: TrainedModel, preprocess_config: str) -> None:
        """See Tracker.finish."""
        folder = self._root / run.run_id
        folder.mkdir(parents=True)
        spec = model.spec.model_dump_json().encode()
        claim = self._claims.pop(run.run_id)
        (folder / "model.onnx").write_bytes(model.onnx_bytes)
        (folder / "serving.json").write_bytes(spec)
        run_of = {
            "claim": [claim.config_hash, claim.generation],
            "candidate": Candidate(
                run.run_id,
                self._model_type,
                "Default",
                1,
                model.metrics,
                hashlib.sha256(model.onnx_bytes).hexdigest(),
                hashlib.sha256(spec).hexdigest(),
            )._asdict(),
        }
        (folder / "run.json").write_text(json.dumps(run_of))

    def give_up(self, run: RunHandle, status: str, reason: str) -> None:
        """See Tracker.give_up."""
        raise RuntimeError(f"training {status}: {reason}")

    def of(self, claim: ClaimKey) -> list[Candidate]:
        """See FinishedRuns.of."""
        if not self._of_claim:
            for path in self._root.glob("*/run.json"):
                known = json.loads(path.read_text())
                key = (known["claim"][0], known["claim"][1])
                self._of_claim.setdefault(key, []).append(Candidate(**known["candidate"]))
        return self._of_claim.get((claim.config_hash, claim.generation), [])

    def run(self, run_id: str) -> Candidate | None:
        """See FinishedRuns.run."""
        path = self._root / run_id / "run.json"
        return Candidate(**json.loads(path.read_text())["candidate"]) if path.exists() else None

    def claims(self, identifier: str) -> list[FinishedClaim]:
        """See FinishedRuns.claims: nothing is left of an earlier version."""
        return []

    def read(self, run_id: str, path: str) -> bytes:
        """See RunFiles.read."""
        return (self._root / run_id / path.rpartition("/")[2]).read_bytes()


def _digest(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


class NoRegistry:
    """Takes promotions and keeps none: the benchmark's models are in no MLflow."""

    def register(self, promotion: Promotion) -> None:
        """See flts.evaluator.registry.Registry."""
