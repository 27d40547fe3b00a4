"""Serves one MLflow run whatever is promoted: what a canary does."""

import time
from typing import Protocol

import structlog

from flts.inference import metrics
from flts.inference.inservice import ModelInService
from flts.inference.model import BadModel, ModelVersion
from flts.inference.promoted import ModelSource


class RunSource(ModelSource, Protocol):
    """Where models of runs come from that nobody promoted."""

    def version(self, run_id: str) -> ModelVersion:
        """What a run is of; BadModel where there is no such run or it was not trained by this pipeline."""


class PinnedModel:
    """Loads the run once, and goes on trying while it cannot be served."""

    def __init__(self, in_service: ModelInService, source: RunSource, run_id: str, threads: int = 1) -> None:
        self._in_service = in_service
        self._source = source
        self._run_id = run_id
        self._threads = threads
        self._said: str | None = None

    def refresh(self) -> bool:
        """Load the run where that was not done yet; returns whether it was done now. Raises where a server fails."""
        if self._in_service.current is not None:
            return False
        started = time.perf_counter()
        try:
            model = self._source.load(self._source.version(self._run_id), self._threads)
        except BadModel as error:
            # Once and not every few seconds: nothing changes until somebody does something.
            if str(error) != self._said:
                self._said = str(error)
                metrics.MODELS_REFUSED.inc()
                structlog.get_logger().error(
                    "pinned_run_refused",
                    run_id=self._run_id,
                    error=str(error),
                    hint="PINNED_RUN_ID must be a finished run of a trainer of this pipeline",
                )
            return False
        self._in_service.serve(model, time.perf_counter() - started)
        return True
