"""Runs in MLflow: found again by the claim that they belong to, so that a repeated claim never trains twice."""

import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Protocol

import mlflow.onnx
import onnx
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.models.signature import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import Schema, TensorSpec
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NOTE

from flts.common.messages import DataClaim
from flts.common.promotions import MODEL_FILE, SERVING_FILE
from flts.common.runs import MODEL_SHA256_TAG, SPEC_SHA256_TAG, ClaimKey, claim_filter, run_tags
from flts.training.settings import TrainingSettings
from flts.training.trainer import TrainedModel

# Of the 8,000 characters that MLflow keeps of a tag.
_LONGEST_NOTE = 2_000
# What MLflow's schema admits.
_LONGEST_DIGEST = 36


class RunHandle(NamedTuple):
    """A run and the experiment that it is in."""

    run_id: str
    experiment: str


class Tracker(Protocol):
    """Where runs are recorded."""

    def finished(self, claim: DataClaim) -> RunHandle | None:
        """The finished run of this trainer's model type for the claim, if there is one."""

    def start(self, claim: DataClaim, data: dict[str, str]) -> RunHandle:
        """Begin a run; `data` are more parameters."""

    def epoch(self, run: RunHandle, number: int, metrics: dict[str, float]) -> None:
        """Record the metrics of an epoch."""

    def finish(self, run: RunHandle, model: TrainedModel, preprocess_config: str) -> None:
        """Record final metrics, artifacts and the model, and end the run."""

    def give_up(self, run: RunHandle, status: str, reason: str) -> None:
        """End the run as FAILED or KILLED; `reason` becomes its description."""


class MlflowTracker:
    """Tracker over an MLflow server that proxies artifacts."""

    def __init__(self, settings: TrainingSettings) -> None:
        self._settings = settings
        self._client = MlflowClient(tracking_uri=settings.mlflow_tracking_uri)

    def finished(self, claim: DataClaim) -> RunHandle | None:
        """See Tracker.finished. The earliest one, so that all readers agree."""
        runs = self._search(claim, "FINISHED")
        if not runs:
            return None
        first = min(runs, key=lambda run: (run.info.end_time or 0, run.info.run_id))
        return RunHandle(first.info.run_id, self._settings.experiment_name)

    def start(self, claim: DataClaim, data: dict[str, str]) -> RunHandle:
        """See Tracker.start. Runs that a killed predecessor left open are closed."""
        for orphan in self._search(claim, "RUNNING"):
            self._client.set_terminated(orphan.info.run_id, "KILLED")
        settings = self._settings
        run = self._client.create_run(
            self._experiment_id(create=True),
            run_name=settings.model_type,
            tags=run_tags(
                ClaimKey(claim.identifier, claim.config_hash, claim.generation, claim.series), settings.model_type
            ),
        )
        params = settings.hyperparameters | {"config_hash": claim.config_hash, "data_etag": claim.etag} | data
        self._log_params(run.info.run_id, params)
        self._client.log_inputs(run.info.run_id, [_input(claim, *part) for part in _parts(claim)])
        return RunHandle(run.info.run_id, settings.experiment_name)

    def epoch(self, run: RunHandle, number: int, metrics: dict[str, float]) -> None:
        """See Tracker.epoch."""
        self._log(run, metrics, number)

    def finish(self, run: RunHandle, model: TrainedModel, preprocess_config: str) -> None:
        """See Tracker.finish."""
        spec = model.spec
        proto = onnx.load_from_string(model.onnx_bytes)
        spec_bytes = spec.model_dump_json(indent=2).encode()
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            model_folder = root / spec.model_type
            mlflow.onnx.save_model(
                proto,
                str(model_folder),
                signature=ModelSignature(
                    inputs=Schema([_tensor_spec(value) for value in proto.graph.input]),
                    outputs=Schema([_tensor_spec(value) for value in proto.graph.output]),
                ),
                pip_requirements=["onnxruntime"],
                save_as_external_data=False,
            )
            # The checked bytes themselves: serving.json names their SHA-256.
            (model_folder / MODEL_FILE).write_bytes(model.onnx_bytes)
            (model_folder / SERVING_FILE).write_bytes(spec_bytes)
            for path, plot in model.plots.items():
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_text(plot, "utf-8")
            (root / "preprocess").mkdir()
            (root / "preprocess" / "preprocess_config.json").write_text(preprocess_config)
            self._client.log_artifacts(run.run_id, str(root))
        digests = {MODEL_SHA256_TAG: model.onnx_bytes, SPEC_SHA256_TAG: spec_bytes}
        tags = [RunTag(name, hashlib.sha256(content).hexdigest()) for name, content in digests.items()]
        self._client.log_batch(run.run_id, tags=tags)
        self._log_params(run.run_id, model.params)
        self._log(run, model.metrics | {"epochs_run": float(model.epochs_run)}, model.epochs_run)
        self._client.set_terminated(run.run_id, "FINISHED")

    def give_up(self, run: RunHandle, status: str, reason: str) -> None:
        """See Tracker.give_up."""
        self._client.set_tag(run.run_id, MLFLOW_RUN_NOTE, reason[:_LONGEST_NOTE])
        self._client.set_terminated(run.run_id, status)

    def _search(self, claim: DataClaim, status: str) -> list[Run]:
        experiment = self._experiment_id(create=False)
        if experiment is None:
            return []
        settings = self._settings
        condition = claim_filter(claim.identifier, claim.config_hash, claim.generation, settings.model_type)
        return list(self._client.search_runs([experiment], f"{condition} and attributes.status = '{status}'"))

    def _experiment_id(self, *, create: bool) -> str | None:
        name = self._settings.experiment_name
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return found.experiment_id
        return self._client.create_experiment(name) if create else None

    def _log_params(self, run_id: str, params: dict[str, str]) -> None:
        self._client.log_batch(run_id, params=[Param(name, value) for name, value in sorted(params.items())])

    def _log(self, run: RunHandle, metrics: dict[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._client.log_batch(
            run.run_id, metrics=[Metric(name, value, now, step) for name, value in sorted(metrics.items())]
        )


def _parts(claim: DataClaim) -> list[tuple[str, str, str]]:
    """What a run learns from: object, ETag and MLflow's word for its use."""
    parts = [(claim.object, claim.etag, "training"), (claim.test_object or "", claim.test_etag or "", "testing")]
    return [part for part in parts if part[0]]


def _input(claim: DataClaim, key: str, etag: str, context: str) -> DatasetInput:
    source = json.dumps({"uri": f"s3://{claim.bucket}/{key}"})
    dataset = Dataset(f"{claim.series or claim.identifier or 'series'}-{context}", etag[:_LONGEST_DIGEST], "s3", source)
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, context)])


def _tensor_spec(value: onnx.ValueInfoProto) -> TensorSpec:
    tensor = value.type.tensor_type
    # The batch has a name instead of a length; -1 is MLflow's word for that.
    shape = tuple(axis.dim_value if axis.HasField("dim_value") else -1 for axis in tensor.shape.dim)
    return TensorSpec(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type), shape, value.name)
