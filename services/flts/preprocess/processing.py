"""One series to its outcome: processed, left alone, or rejected in every place where people look."""

import time
from typing import NamedTuple

import structlog

from flts.common.deadletters import DEAD_LETTERS, DeadLetter, publish_dead_letter, shortened
from flts.common.publisher import Publisher
from flts.common.storage import ObjectStore
from flts.preprocess import metrics
from flts.preprocess.csverror import CsvError
from flts.preprocess.drift import Drift
from flts.preprocess.job import NO_ACTION, Action, PreprocessJob
from flts.preprocess.onepass import one_at_a_time
from flts.preprocess.outcomes import PROCESSED, REJECTED
from flts.preprocess.rejections import Rejections
from flts.preprocess.retraining import Deferral
from flts.preprocess.series import Inputs, Series
from flts.preprocess.settings import PreprocessSettings


class Handled(NamedTuple):
    """What became of a series' inputs."""

    inputs: Inputs
    outcome: str
    recorded: bool = False
    """Whether an object in the bucket says that they were rejected."""
    deferral: Deferral | None = None
    """Why they are not trained on now, where the outcome is `deferred`."""


class SeriesProcessor:
    """Handles one series after the other; several can run safely in the same pod and in other pods."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore, publisher: Publisher) -> None:
        self._settings = settings
        self._store = store
        self._publisher = publisher
        self._rejections = Rejections(settings, store)
        self._drift = Drift(settings, store)
        self._logger = structlog.get_logger()
        # Shown from the start, so that the first one is seen as a rise from 0.
        DEAD_LETTERS.labels(settings.topic_dlq_preprocess)

    def handle(
        self, series: Series, action: Action = NO_ACTION, *, rejected: bool = False, retry: bool = False
    ) -> Handled:
        """Do what is left to do for a series, or what a user requests.

        `rejected`: whether the bucket holds a rejection of the series; the same inputs are then tried again only with
        `retry`. Raises where a server is unavailable, and ObjectChanged or ObjectMissing where the input changed
        meanwhile.
        """
        if rejected and not retry and self._rejections.stands(series):
            self._logger.info("series_still_rejected", series=series.name)
            return Handled(series.inputs, REJECTED, recorded=True)
        started = time.monotonic()
        try:
            outcome, deferral = self._process(series, action)
        except CsvError as error:
            return self._reject(series, error)
        if rejected:
            self._rejections.remove(series.name)
        metrics.OUTCOMES.labels(outcome).inc()
        if outcome == PROCESSED:
            metrics.LAST_SUCCESS.set_to_current_time()
        self._logger.info(
            "success", series=series.name, outcome=outcome, elapsed_seconds=round(time.monotonic() - started, 2)
        )
        return Handled(series.inputs, outcome, deferral=deferral)

    def measured_elsewhere(self) -> set[str]:
        """Series whose drift another process, such as a scheduled pass, has measured since it was shown here."""
        return self._drift.measured_elsewhere()

    def forget(self, name: str) -> None:
        """Show nothing more of a series whose CSV is no longer there."""
        self._drift.forget(name)

    def forget_rejection(self, name: str) -> None:
        """Delete the rejection of a series whose CSV is no longer there."""
        self._rejections.remove_own(name)

    def _process(self, series: Series, action: Action) -> tuple[str, Deferral | None]:
        if series.problem is not None:
            raise series.problem
        with one_at_a_time():
            job = PreprocessJob(self._settings, self._store, self._publisher, series, self._drift)
            return job.run(action), job.deferral

    def _reject(self, series: Series, error: CsvError) -> Handled:
        metrics.OUTCOMES.labels(REJECTED).inc()
        self._logger.error(
            "series_rejected",
            series=series.name,
            file=error.file,
            line=error.line,
            column=error.column,
            value=error.value,
            reason=error.reason,
            fix=error.fix,
        )
        settings = self._settings
        letter = DeadLetter(
            operation="preprocess",
            error=shortened(error),
            payload={
                "bucket": settings.input_bucket,
                "series": series.name,
                "train_file": series.train_file,
                "test_file": series.test_file,
                "identifier": settings.identifier,
            },
        )
        publish_dead_letter(self._publisher, settings.topic_dlq_preprocess, letter)
        return Handled(series.inputs, REJECTED, recorded=self._rejections.record(series, error))
