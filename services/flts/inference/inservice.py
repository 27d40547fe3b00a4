"""The model that answers now."""

import time

import structlog
from prometheus_client import REGISTRY

from flts.inference import metrics
from flts.inference.model import ModelVersion, ServingModel
from flts.inference.refusals import NoModel


class ModelInService:
    """Holds the model. Reading `current` is atomic: a request keeps the model that it began with."""

    def __init__(self) -> None:
        self.current: ServingModel | None = None
        self.ready_after_seconds: float | None = None
        """How long after the process' start the first model was there."""

    def required(self) -> ServingModel:
        """The model; raises NoModel while there is none."""
        if self.current is None:
            raise NoModel("no model is in service yet; try again later")
        return self.current

    @property
    def version(self) -> ModelVersion | None:
        """What is in service."""
        return self.current.version if self.current else None

    def serve(self, model: ServingModel, load_seconds: float) -> None:
        """Take a model that proved to work into service, in place of the one before."""
        self.current = model
        if self.ready_after_seconds is None:
            self.ready_after_seconds = time.time() - _process_start()
            metrics.STARTUP.set(self.ready_after_seconds)
        version = model.version
        metrics.MODEL_INFO.clear()
        metrics.MODEL_INFO.labels(version.model_type, version.run_id, version.config_hash).set(1)
        metrics.MODEL_READY.set(1)
        metrics.MODEL_SWAPS.inc()
        metrics.MODEL_SWAPPED.set_to_current_time()
        metrics.MODEL_LOAD.set(load_seconds)
        structlog.get_logger().info("model_in_service", **version._asdict(), load_seconds=round(load_seconds, 3))


def _process_start() -> float:
    # From prometheus_client's collector of the process, which reads /proc; there is none on other systems than Linux.
    return REGISTRY.get_sample_value("process_start_time_seconds") or time.time()
