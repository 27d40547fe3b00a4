"""The model's calendar: which times follow, and whether rows are as far apart as the model's.

Everything that steps through time does it here.
"""

from operator import sub

import numpy as np

from flts.common import steps
from flts.common.transform import FeatureTransform

_GAP_TOLERANCE = 0.5
"""Share of an interval by which neighbouring rows may be off: clocks jitter, and a missing row is a whole interval."""
_START_TOLERANCE = 0.25
_RATE_TOLERANCE = 0.01
"""All rows together may be off by a quarter of an interval, and by one percent of the time between first and last."""


def following(transform: FeatureTransform, start: np.datetime64, count: int) -> np.ndarray:
    """The `count` times after `start`, as datetime64 in microseconds."""
    return steps.following(transform.due, start, count)


def first_irregular(transform: FeatureTransform, micros: list[int]) -> int | None:
    """Position of the first row that is not where the model's calendar has it after the row before; None: all are.

    `micros`: increasing times in microseconds since 1970. Position 0: the rows are regular, but at another rate.
    """
    interval = transform.interval_seconds * 1e6
    gaps = [*map(sub, micros[1:], micros)]
    if not gaps:
        return None
    tolerance = _GAP_TOLERANCE * interval
    due = transform.due
    if due.step and not due.open and not due.zone:
        # Most calendars: all rows are equally far apart.
        if max(gaps) - interval > tolerance or interval - min(gaps) > tolerance:
            return next(at for at, gap in enumerate(gaps, 1) if abs(gap - interval) > tolerance)
        expected = interval * len(gaps)
    else:
        first = np.datetime64(micros[0], "us")
        places = [micros[0], *steps.following(due, first, len(gaps)).astype(np.int64).tolist()]
        wanted = map(sub, places[1:], places)
        wrong = (
            at for at, (gap, right) in enumerate(zip(gaps, wanted, strict=True), 1) if abs(gap - right) > tolerance
        )
        position = next(wrong, None)
        if position is not None:
            return position
        expected = places[-1] - micros[0]
    off = abs(micros[-1] - micros[0] - expected)
    return 0 if off > _START_TOLERANCE * interval + _RATE_TOLERANCE * expected else None
