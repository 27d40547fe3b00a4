"""Serves one run in place of what is promoted for its series: what a canary does."""

import structlog

from flts.common.messages import Promotion
from flts.forecasting.model import BadModel
from flts.inference import metrics
from flts.inference.pointers import Pointer, Pointers


class PinnedRun:
    """The pointers of all series, with a run in place of its own series' promotion.

    The evaluator copies every run that it compares. Without the run there are no series at all, so that the pod is not
    ready and other versions answer.
    """

    def __init__(self, pointers: Pointers, run_id: str) -> None:
        self._pointers = pointers
        self._run_id = run_id
        self._series: str | None = None
        self._reported: str | None = None

    def etags(self) -> dict[str, str]:
        """See PointerSource.etags."""
        try:
            run = self._pointers.run(self._run_id)
            problem = None if run else "the evaluator has compared no such run since 0.2.0"
        except BadModel as error:
            run, problem = None, str(error)
        if run is None:
            self._report(problem)
            return {}
        promoted = self._pointers.etags()
        # A run from before 0.2.0 does not say which series it is of; then there was only one.
        self._series = run.promotion.series or (next(iter(promoted)) if len(promoted) == 1 else "")
        return promoted | {self._series: run.etag}

    def read(self, series: str) -> Pointer | None:
        """See PointerSource.read."""
        return self._pointers.run(self._run_id) if series == self._series else self._pointers.read(series)

    def previous(self, series: str) -> Promotion | None:
        """See PointerSource.previous. A pinned run has none: whoever asks for it wants no other."""
        return None if series == self._series else self._pointers.previous(series)

    def _report(self, problem: str | None) -> None:
        # Once and not every few seconds: nothing changes until someone does something.
        if problem != self._reported:
            self._reported = problem
            metrics.MODELS_REFUSED.inc()
            structlog.get_logger().error(
                "pinned_run_refused",
                run_id=self._run_id,
                error=problem,
                hint="PINNED_RUN_ID must be a run that the evaluator of this pipeline compared",
            )
