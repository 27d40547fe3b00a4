"""One claim from message to announced model."""

import hashlib
import threading

import structlog
from pydantic import ValidationError

from flts.common.consuming import Refused
from flts.common.deadletters import shortened
from flts.common.frames import FeatureFrame, read_frame, rows_digest
from flts.common.messages import DataClaim, TrainingEvent
from flts.common.outages import is_outage
from flts.common.publisher import Publisher
from flts.common.runs import HELD_OUT_PARAM, LAST_TIME_PARAM, LAST_VALUE_PARAM
from flts.common.shutdown import StopRequested
from flts.common.storage import ObjectChanged, ObjectStore
from flts.training.family import EpochReport
from flts.training.horizon import horizon
from flts.training.monitoring import TrainingMonitor
from flts.training.settings import TrainingSettings
from flts.training.tracking import RunHandle, Tracker
from flts.training.trainer import TrainedModel, train

# Upstream's contract: other operations on the topic are not for trainers.
_OPERATIONS = (None, "post: train data")


class TrainingWorker:
    """Handles one claim after the other. Doing a claim again has no further effect than announcing it again."""

    def __init__(
        self,
        settings: TrainingSettings,
        store: ObjectStore,
        tracker: Tracker,
        publisher: Publisher,
        stop: threading.Event,
    ) -> None:
        self._settings = settings
        self._store = store
        self._tracker = tracker
        self._publisher = publisher
        self._stop = stop
        self._monitor = TrainingMonitor(settings.model_type)
        self._logger = structlog.get_logger()

    def handle(self, payload: bytes) -> None:
        """Handle a message; see flts.common.consuming.ClaimLoop for what the exceptions mean."""
        try:
            claim = DataClaim.model_validate_json(payload)
        except ValidationError as error:
            raise Refused(f"not a training claim: {error}") from error
        if claim.operation not in _OPERATIONS or claim.identifier != self._settings.identifier:
            self._logger.info("claim_of_another_pipeline", operation=claim.operation, identifier=claim.identifier)
            return
        if claim.test_object is None:
            raise Refused("the claim names no test_object, so the model could not be measured")
        done = self._tracker.finished(claim)
        if done is not None:
            self._logger.info("claim_already_trained", run_id=done.run_id)
            self._announce(claim, done, finished=True)
            return
        try:
            data = self._load(claim.bucket, claim.object, claim.etag)
            held_out = self._load(claim.bucket, claim.test_object, claim.test_etag)
        except ObjectChanged as error:
            # A newer claim for the new bytes follows; this one has nothing to train on any more.
            self._logger.warning("claim_outdated", reason=str(error))
            return
        with self._monitor.training():
            self._train(claim, data, held_out)

    def _load(self, bucket: str, key: str, etag: str | None) -> FeatureFrame:
        content = self._store.get(bucket, key, etag).body
        try:
            return read_frame(content)
        except ValueError as error:
            raise Refused(f"{bucket}/{key}: {error}") from error

    def _train(self, claim: DataClaim, data: FeatureFrame, held_out: FeatureFrame) -> None:
        ahead = horizon(self._settings, data, held_out)
        run = self._tracker.start(
            claim,
            {
                "target": data.transform.target,
                "features": str(len(data.transform.features)),
                "train_rows": str(len(data.times)),
                "test_rows": str(len(held_out.times)),
                "forecast_rows": str(ahead),
                **held_out_params(held_out, self._settings.model_copy(update={"output_seq_len": ahead})),
            },
        )
        self._announce(claim, run, finished=False)
        self._logger.info("train_start", run_id=run.run_id, rows=len(data.times), config_hash=claim.config_hash)

        def report(number: int, metrics: dict[str, float]) -> None:
            self._monitor.epoch(number, metrics)
            self._tracker.epoch(run, number, metrics)

        try:
            model = self._trained(claim, data, held_out, report)
            self._monitor.held_out(model.metrics)
            self._tracker.finish(run, model, data.preprocess_config)
        except BaseException as error:
            self._give_up(run, error)
            raise
        self._announce(claim, run, finished=True)
        self._logger.info("train_done", run_id=run.run_id, epochs=model.epochs_run, **model.metrics)

    def _trained(
        self, claim: DataClaim, data: FeatureFrame, held_out: FeatureFrame, report: EpochReport
    ) -> TrainedModel:
        try:
            return train(self._settings, claim, data, held_out, report, self._stop)
        except Refused:
            raise
        except (ValueError, ArithmeticError) as error:
            # These come from the rows and the settings alone, so that another try would end alike. What MLflow's client
            # raises while epochs are reported may be one of them too, and is about the server.
            if isinstance(error, OSError) or is_outage(error):
                raise
            raise Refused(f"cannot be trained on: {type(error).__name__}: {error}") from error

    def _give_up(self, run: RunHandle, error: BaseException) -> None:
        stopped = isinstance(error, StopRequested)
        status, reason = ("KILLED", "the trainer was stopped") if stopped else ("FAILED", shortened(error))
        try:
            self._tracker.give_up(run, status, reason)
        except Exception as problem:
            # The next start closes it; what matters is the error that led here.
            self._logger.warning("run_not_closed", run_id=run.run_id, error=str(problem))

    def _announce(self, claim: DataClaim, run: RunHandle, *, finished: bool) -> None:
        model_type = self._settings.model_type
        event = TrainingEvent(
            operation=f"Trained: {model_type}" if finished else f"Training Started: {model_type}",
            status="SUCCESS" if finished else "RUNNING",
            experiment=run.experiment,
            run_name=model_type,
            run_id=run.run_id,
            identifier=claim.identifier,
            series=claim.series,
            config_hash=claim.config_hash,
            model_type=model_type,
            generation=claim.generation,
        )
        self._publisher.publish(self._settings.topic_model_training, claim.series, event)


def held_out_params(held_out: FeatureFrame, settings: TrainingSettings) -> dict[str, str]:
    """What identifies the rows that a run was measured on, over how many steps; and the last of them."""
    if not len(held_out.times):
        return {}
    transform = held_out.transform
    last = transform.target_to_raw(held_out.features[-1:, transform.target_index])
    # Errors a day ahead are not those of one row ahead, and longer inputs leave the first rows out.
    measured = f"{rows_digest(held_out)} {settings.input_seq_len} {settings.output_seq_len}"
    return {
        HELD_OUT_PARAM: hashlib.sha256(measured.encode()).hexdigest(),
        LAST_TIME_PARAM: str(held_out.times[-1].astype("datetime64[s]")),
        LAST_VALUE_PARAM: f"{float(last[0]):.12g}",
    }
