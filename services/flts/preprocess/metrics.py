"""Prometheus metrics of the watcher, on its health port. No label names every series: there may be thousands."""

from collections import Counter as Numbers
from collections.abc import Iterable
from heapq import nlargest

from prometheus_client import Counter, Gauge

from flts.preprocess import outcomes

OUTCOMES = Counter("preprocess_outcomes_total", "Looks at a new or changed series, by outcome", ["outcome"])
for _outcome in outcomes.ALL:
    # Shown from the start, so that the first one is seen as a rise from 0.
    OUTCOMES.labels(_outcome)

SERIES = Gauge("preprocess_series", "Series in the bucket, the rejected ones included")
SERIES_REJECTED = Gauge("preprocess_series_rejected", "Series in the bucket that are rejected as they are now")
_REJECTED_INFO = Gauge(
    "preprocess_rejected_info", "1 for each series that is rejected as it is now, of the first hundred", ["series"]
)
_MOST_NAMED = 100
SERIES_DEFERRED = Gauge(
    "preprocess_series_deferred",
    "Series whose newest rows are not trained on now (preprocess.retrain), by why",
    ["reason"],
)
SERIES_DRIFTED = Gauge(
    "preprocess_series_drifted", "Series whose logged forecasts were off by more than preprocess.driftFactor allows"
)
_DRIFT_RATIO = Gauge(
    "preprocess_drift_ratio",
    "Error of logged forecasts on the rows of a later file, divided by that on held-out rows; of the worst series",
    ["series"],
)


class DriftMetrics:
    """Drift by series, of which the worst `most` are shown: there may be thousands."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ratios: dict[str, float] = {}
        self._drifted: set[str] = set()

    def set(self, series: str, ratio: float, *, drifted: bool) -> None:
        """Take the ratio of a series."""
        self._ratios[series] = ratio
        (self._drifted.add if drifted else self._drifted.discard)(series)
        self._show()

    def forget(self, series: str) -> None:
        """Show a series no longer."""
        self._ratios.pop(series, None)
        self._drifted.discard(series)
        self._show()

    def _show(self) -> None:
        SERIES_DRIFTED.set(len(self._drifted))
        _DRIFT_RATIO.clear()
        for series in nlargest(self._most, self._ratios, key=self._ratios.__getitem__):
            _DRIFT_RATIO.labels(series).set(self._ratios[series])


DRIFT = DriftMetrics(_MOST_NAMED)


def show_rejected(names: Iterable[str]) -> None:
    """Show which series are rejected, some by name."""
    rejected = sorted(names)
    SERIES_REJECTED.set(len(rejected))
    _REJECTED_INFO.clear()
    for name in rejected[:_MOST_NAMED]:
        _REJECTED_INFO.labels(name).set(1)


def show_deferred(reasons: Iterable[str]) -> None:
    """Show why series are deferred: a reason each."""
    numbers = Numbers(reasons)
    for reason in outcomes.DEFERRAL_REASONS:
        SERIES_DEFERRED.labels(reason).set(numbers[reason])


LAST_SUCCESS = Gauge(
    "preprocess_last_success_timestamp_seconds", "When a series was last processed and announced, in seconds since 1970"
)
LAST_LISTING = Gauge(
    "preprocess_last_listing_timestamp_seconds", "When the bucket was last listed, in seconds since 1970"
)
LISTING_SECONDS = Gauge("preprocess_listing_seconds", "How long the last listing of the bucket took")
