"""A run's model and spec: fetched from MLflow, compared with what its trainer recorded, stored by their content."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import NamedTuple, Protocol

from mlflow.tracking import MlflowClient

from flts.common.consuming import Refused
from flts.common.messages import LARGEST_ARTIFACT_BYTES, StoredArtifact
from flts.common.promotions import MODEL_FILE, SERVING_FILE, PromotionKeys
from flts.common.storage import ObjectStore
from flts.evaluator.scoring import Candidate

_TYPES = {MODEL_FILE: "application/octet-stream", SERVING_FILE: "application/json"}


class RunFiles(Protocol):
    """Where the files of runs are."""

    def read(self, run_id: str, path: str) -> bytes:
        """A file of a run; raises Refused where there is none, or one that is too large to be served."""


class MlflowFiles:
    """Files of runs in MLflow."""

    def __init__(self, tracking_uri: str) -> None:
        self._client = MlflowClient(tracking_uri=tracking_uri)

    def read(self, run_id: str, path: str) -> bytes:
        """See RunFiles.read."""
        folder = path.rpartition("/")[0]
        sizes = {item.path: item.file_size or 0 for item in self._client.list_artifacts(run_id, folder)}
        if path not in sizes:
            raise Refused(f"run {run_id} has no {path} in MLflow")
        if sizes[path] > LARGEST_ARTIFACT_BYTES:
            raise Refused(
                f"{path} of run {run_id} has {sizes[path]} bytes; at most {LARGEST_ARTIFACT_BYTES} are served"
            )
        with tempfile.TemporaryDirectory() as scratch:
            return Path(self._client.download_artifacts(run_id, path, scratch)).read_bytes()


class Copied(NamedTuple):
    """A run's model and spec in the promotion bucket."""

    model: StoredArtifact
    spec: StoredArtifact


class ArtifactCopies:
    """Copies what trainers left in MLflow to where inference may read. Doing it again has no further effect."""

    def __init__(self, files: RunFiles, store: ObjectStore, bucket: str, keys: PromotionKeys) -> None:
        self._files = files
        self._store = store
        self._bucket = bucket
        self._keys = keys

    def copy(self, run: Candidate, *, trust_unrecorded: bool = False) -> Copied:
        """Copy the run's model and spec; raises Refused where they are not what the trainer recorded.

        `trust_unrecorded`: take a run of a trainer from before 0.2.0, which recorded no digests.
        """
        model = self._read(run, MODEL_FILE, run.model_sha256, trust_unrecorded=trust_unrecorded)
        spec = self._read(run, SERVING_FILE, run.spec_sha256, trust_unrecorded=trust_unrecorded)
        _check_named(run, spec, hashlib.sha256(model).hexdigest())
        return Copied(self._store_by_content(model, MODEL_FILE), self._store_by_content(spec, SERVING_FILE))

    def _read(self, run: Candidate, file: str, recorded: str, *, trust_unrecorded: bool) -> bytes:
        content = self._files.read(run.run_id, f"{run.model_type}/{file}")
        found = hashlib.sha256(content).hexdigest()
        if not recorded and not trust_unrecorded:
            raise Refused(
                f"run {run.run_id} has no SHA-256 of its {file}: a trainer from before 0.2.0 made it; "
                "process the data again with `python main.py --reprocess` in preprocess"
            )
        if recorded and found != recorded:
            raise Refused(
                f"{file} of run {run.run_id} was changed in MLflow: its SHA-256 is {found}, "
                f"the trainer recorded {recorded}"
            )
        return content

    def _store_by_content(self, content: bytes, file: str) -> StoredArtifact:
        digest = hashlib.sha256(content).hexdigest()
        stored = StoredArtifact(key=self._keys.artifact(digest, file), sha256=digest, size=len(content))
        # Always written: this corrects an object of this key that was changed.
        self._store.put(self._bucket, stored.key, content, _TYPES[file])
        return stored


def _check_named(run: Candidate, spec: bytes, model_sha256: str) -> None:
    try:
        named = json.loads(spec)
        found = named["model_sha256"], named["model_type"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{SERVING_FILE} of run {run.run_id} cannot be read: {error}") from error
    if found != (model_sha256, run.model_type):
        raise Refused(f"{SERVING_FILE} of run {run.run_id} is not about its {MODEL_FILE}")
