"""How good the model in service is on the held-out rows of a claim (upstream contract: `performance-eval`).

The trainer measured its model before that learnt from these rows as well; this measures what is served, by the serving
path. So its errors show that serving works, and are marked `in_sample`: what to expect of new rows is the trainer's.
"""

import hashlib
import json
import threading
import time
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import structlog
from pydantic import ValidationError

from flts.common.ahead import ahead_of
from flts.common.consuming import Refused
from flts.common.forecasterrors import errors
from flts.common.frames import FeatureFrame, read_frame
from flts.common.messages import DataClaim, Message
from flts.common.publisher import Publisher
from flts.common.shutdown import StopRequested
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectStore
from flts.common.windows import Windows, make_windows
from flts.forecasting.model import BadModel, ServingModel
from flts.forecasting.refusals import RequestRefused
from flts.inference import metrics
from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.settings import InferenceSettings

_BATCH = 32
# Between two calls requests get the CPU: a thousand held-out rows take a third of a second longer.
_PAUSE_SECONDS = 0.01
_MODEL_POLL_SECONDS = 1.0
_LOOKS_PER_DECISION = 5
_SAMPLES = 20


class PerformanceReport(Message):
    """What inference reports on `performance-eval`: upstream's fields, and the errors in raw units of the target."""

    operation: Literal["Inference"] = "Inference"
    status: Literal["SUCCESS"] = "SUCCESS"
    identifier: str
    log_bucket: str
    log_object_key: str
    run_id: str
    model_type: str
    config_hash: str
    generation: int
    rows: int
    in_sample: bool
    """Whether the model has learnt from these rows; its errors on new ones are larger then."""
    rmse: float
    mae: float
    mse: float


class PerformanceWorker:
    """Handles claims on `inference-data`; see flts.common.consuming.ClaimLoop for what it raises."""

    def __init__(
        self,
        settings: InferenceSettings,
        models: Models,
        pointers: Pointers,
        store: ObjectStore,
        publisher: Publisher,
        stop: threading.Event,
    ) -> None:
        self._settings = settings
        self._models = models
        self._pointers = pointers
        self._store = store
        self._publisher = publisher
        self._stop = stop
        self._logger = structlog.get_logger()

    def handle(self, payload: bytes) -> None:
        """Wait for the model of the claim's data, forecast the held-out rows, publish how far off it was."""
        try:
            claim = DataClaim.model_validate_json(payload)
        except ValidationError as error:
            raise Refused(f"not a claim: {error}") from error
        if claim.identifier != self._settings.identifier:
            return
        model = self._model_of(claim)
        frame = self._held_out(claim)
        if model is None or frame is None:
            self._logger.info("claim_outdated", config_hash=claim.config_hash, generation=claim.generation)
            return
        spec = model.spec
        windows = make_windows(
            frame.features,
            frame.times,
            spec.transform.target_index,
            spec.input_seq_len,
            spec.output_seq_len,
            spec.transform.due,
            frame.imputed,
        )
        if not len(windows):
            raise Refused(f"{len(frame.times)} held-out rows are too few: the model looks at {spec.input_seq_len}")
        predicted = spec.transform.target_to_raw(self._predicted(model, windows))
        actual = spec.transform.target_to_raw(windows.targets)
        self._publish(claim, model, predicted, actual, windows.times)

    def _model_of(self, claim: DataClaim) -> ServingModel | None:
        seconds = self._settings.performance_wait_seconds
        deadline = time.monotonic() + seconds
        looks = 0
        while time.monotonic() < deadline:
            model = self._loaded(claim.series)
            if model is not None and model.version.config_hash == claim.config_hash:
                if model.version.generation == claim.generation:
                    return model
                if model.version.generation > claim.generation:
                    return None
            if looks % _LOOKS_PER_DECISION == 0 and self._was_kept(claim):
                return None
            looks += 1
            # The claim is published when training begins; the model comes when the evaluator has decided.
            if self._stop.wait(_MODEL_POLL_SECONDS):
                raise StopRequested
        raise Refused(
            f"no model of config hash {claim.config_hash}, generation {claim.generation}, came into service within "
            f"PERFORMANCE_WAIT_SECONDS={seconds:g}"
        )

    def _loaded(self, series: str) -> ServingModel | None:
        try:
            # Claims from before 0.2.0 name no series; there is only one then.
            return self._models.load(series if series in self._models.names else "")
        except RequestRefused:
            return None

    def _was_kept(self, claim: DataClaim) -> bool:
        """Whether the evaluator decided that no model of the claim is served."""
        try:
            return self._pointers.was_kept(claim.config_hash, claim.generation)
        except BadModel as error:
            self._logger.warning("decision_unreadable", config_hash=claim.config_hash, error=str(error))
            return False

    def _held_out(self, claim: DataClaim) -> FeatureFrame | None:
        try:
            return read_frame(self._store.get(claim.bucket, claim.object, claim.etag).body)
        except ObjectChanged:
            return None
        except (ObjectMissing, ValueError) as error:
            raise Refused(str(error)) from error

    def _predicted(self, model: ServingModel, windows: Windows) -> np.ndarray:
        parts = []
        for part in windows.parts(_BATCH):
            parts.append(model.run(part.inputs, part.times))
            if self._stop.wait(_PAUSE_SECONDS):
                raise StopRequested
        return np.concatenate(parts)

    def _publish(
        self, claim: DataClaim, model: ServingModel, predicted: np.ndarray, actual: np.ndarray, times: np.ndarray
    ) -> None:
        settings = self._settings
        version = model.version
        measured = errors(predicted, actual)
        now = datetime.now(UTC)
        # The same claim and model give the same object: a claim that is delivered twice leaves one.
        key = f"{settings.data_scope}/{now:%Y%m%d}/held-out-{claim.generation}-{version.run_id}.jsonl"
        line = {
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "identifier": settings.data_scope,
            **version._asdict(),
            "status": "SUCCESS",
            "metrics": _details(model, predicted, actual, measured),
            "samples": _samples(predicted, actual, ahead_of(model.spec.transform, 1).times(times)[:, 1]),
        }
        body = (json.dumps(line) + "\n").encode()
        self._store.put(settings.inference_log_bucket, key, body, "application/x-ndjson")
        report = PerformanceReport(
            identifier=claim.identifier,
            log_bucket=settings.inference_log_bucket,
            log_object_key=key,
            **version._asdict(),
            rows=len(predicted),
            in_sample=model.spec.learnt_held_out,
            **measured,
        )
        self._publisher.publish(settings.topic_performance_eval, None, report)
        metrics.PERFORMANCE_REPORTS.inc()
        self._logger.info(
            "performance_reported", run_id=version.run_id, rows=report.rows, in_sample=report.in_sample, **measured
        )


def _details(
    model: ServingModel, predicted: np.ndarray, actual: np.ndarray, measured: dict[str, float]
) -> dict[str, Any]:
    # Names of upstream's results.jsonl (§4).
    target = model.spec.transform.target
    return {
        "rows_predicted": len(predicted),
        "in_sample": model.spec.learnt_held_out,
        "overlap_rows": len(actual),
        "mae_mean": measured["mae"],
        "mse_mean": measured["mse"],
        "rmse": measured["rmse"],
        "mae": {target: measured["mae"]},
        "mse": {target: measured["mse"]},
        "step_mae": np.abs(predicted - actual).mean(axis=0).tolist(),
        "prediction_hash": hashlib.sha256(np.ascontiguousarray(predicted).tobytes()).hexdigest()[:16],
    }


def _samples(predicted: np.ndarray, actual: np.ndarray, times: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "step": step,
            "ts": datetime.fromtimestamp(float(times[step]), UTC).isoformat().replace("+00:00", "Z"),
            "pred": float(predicted[step, 0]),
            "actual": float(actual[step, 0]),
            "abs_err": float(abs(predicted[step, 0] - actual[step, 0])),
        }
        for step in range(min(_SAMPLES, len(predicted)))
    ]
