"""Fakes of the neighbours: the same behaviour as the real ones where the services lean on it."""

import hashlib
import io
import json
import os
import tempfile
import threading
from functools import partial
from pathlib import Path

import pytest
from evaluator import FakeRuns, evaluator

from flts.common.messages import Message
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectTooLarge, StoredObject, WrittenObject
from flts.preprocess import metrics, onepass
from flts.preprocess.job import NO_ACTION, PreprocessJob
from flts.preprocess.series import named_files

SERVICES = Path(__file__).parent.parent

# Most of the time of a small training goes to the compilation of its network. Networks of one shape, of which there are
# many here, share it; before JAX is imported, which reads these.
_COMPILED = tempfile.TemporaryDirectory(prefix="flts-jax-", ignore_cleanup_errors=True)
os.environ |= {
    "JAX_COMPILATION_CACHE_DIR": _COMPILED.name,
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


class MemoryStore:
    """Object store in memory; `writes` lists every key written, in order."""

    def __init__(self):
        self.objects: dict[tuple[str, str], bytes] = {}
        self.writes: list[str] = []
        self.fail_on: str | None = None

    def get(self, bucket, key, etag=None, largest=None):
        if (bucket, key) not in self.objects:
            raise ObjectMissing(f"no object {bucket}/{key}")
        body = self.objects[bucket, key]
        if etag is not None and etag != self.etag(bucket, key):
            raise ObjectChanged(f"object {bucket}/{key} is no longer the version {etag}")
        if largest is not None and len(body) > largest:
            raise ObjectTooLarge(f"object {bucket}/{key} has {len(body)} bytes; at most {largest} are read")
        return StoredObject(body, self.etag(bucket, key))

    def download(self, bucket, key, file, etag):
        file.write(MemoryStore.get(self, bucket, key, etag).body)

    def open(self, bucket, key, etag=None):
        return io.BytesIO(self.get(bucket, key, etag).body)

    def write(self, bucket, key, content_type, produce):
        content = io.BytesIO()
        produce(content)
        return WrittenObject(content.tell(), self.put(bucket, key, content.getvalue(), content_type))

    def put(self, bucket, key, body, content_type="application/octet-stream"):
        if self.fail_on is not None and self.fail_on in key:
            raise ConnectionError("store is gone")
        self.objects[bucket, key] = body
        self.writes.append(key)
        return self.etag(bucket, key)

    def replace(self, bucket, key, body, content_type, etag):
        if self.etag(bucket, key) != etag:
            raise ObjectChanged(f"object {bucket}/{key} is no longer the version {etag}")
        return self.put(bucket, key, body, content_type)

    def delete(self, bucket, key):
        self.objects.pop((bucket, key), None)

    def etag(self, bucket, key):
        body = self.objects.get((bucket, key))
        return None if body is None else hashlib.md5(body).hexdigest()

    def keys(self, bucket, prefix):
        return list(self.etags(bucket, prefix))

    def etags(self, bucket, prefix):
        keys = sorted(key for owner, key in self.objects if owner == bucket and key.startswith(prefix))
        return {key: self.etag(bucket, key) for key in keys}

    def children(self, bucket, prefix):
        below = {key.removeprefix(prefix): key for key in self.keys(bucket, prefix)}
        return {name: self.etag(bucket, key) for name, key in sorted(below.items()) if "/" not in name}


def preprocess(settings, store, publisher, action=NO_ACTION):
    """Process the files that the settings name."""
    bucket, prefix = settings.input_bucket, settings.input_prefix
    series = named_files(store, bucket, prefix, settings.train_object, settings.test_object)
    return PreprocessJob(settings, store, publisher, series).run(action)


class MemoryPublisher:
    """Collects (topic, key, message as it would be parsed)."""

    def __init__(self):
        self.sent: list[tuple[str, str | None, dict]] = []
        self.fail_on: str | None = None

    def publish(self, topic: str, key: str | None, message: Message) -> None:
        if topic == self.fail_on:
            raise ConnectionError("Kafka is gone")
        self.sent.append((topic, key, json.loads(message.to_bytes())))

    def on(self, topic: str) -> list[dict]:
        return [value for name, _, value in self.sent if name == topic]


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def publisher():
    return MemoryPublisher()


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def runs():
    return FakeRuns()


@pytest.fixture
def make(store, publisher, runs):
    """A new evaluator over the same neighbours: what a restart is."""
    return partial(evaluator, store, publisher, runs)


@pytest.fixture
def mlflow_uri(tmp_path, monkeypatch):
    """MLflow's own file store."""
    # MLflow asks for this consent since its file store gets no new features.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return tmp_path.as_uri()


@pytest.fixture
def own_lock(tmp_path, monkeypatch):
    """The lock of a pass over the bucket is this test's alone."""
    monkeypatch.setattr(onepass.tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.fixture
def forgotten_drift():
    """What is measured of the series `site` does not outlive the test."""
    yield
    metrics.DRIFT.forget("site")


@pytest.fixture(scope="session")
def sample_csv() -> bytes:
    return (SERVICES / "sample" / "sample.csv").read_bytes()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    # Settings come from the environment: the developer's own must not decide a test.
    for name in ("IDENTIFIER", "TRAIN_FILE", "TEST_FILE", "MODEL_TYPE", "EPOCHS", "POD_NAME", "SCALER"):
        monkeypatch.delenv(name, raising=False)


def data_folder() -> Path | None:
    """Folder with the real dataset, where there is one."""
    folder = Path(os.environ.get("FLTS_DATA_DIR", SERVICES.parent.parent / "shared" / "data"))
    return folder if (folder / "PobleSec.csv").exists() else None
