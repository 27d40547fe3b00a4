"""The model's calendar: which times follow, and whether rows are as far apart as the model's.

Everything that steps through time does it here.
"""

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


def first_irregular(transform: FeatureTransform, times: np.ndarray) -> int | None:
    """Position of the first row that is not where the model's calendar has it after the row before; None: all are.

    `times`: datetime64 in microseconds, increasing. Position 0: the rows are regular, but at another rate.
    """
    if len(times) == 1:
        return None
    micros = times.view(np.int64)
    expected = following(transform, times[0], len(times) - 1).view(np.int64)
    interval = transform.interval_seconds * 1e6
    wanted = np.diff(expected, prepend=micros[0])
    wrong = np.flatnonzero(np.abs(np.diff(micros) - wanted) > _GAP_TOLERANCE * interval)
    if wrong.size:
        return int(wrong[0]) + 1
    off = abs(int(micros[-1]) - int(expected[-1]))
    return 0 if off > _START_TOLERANCE * interval + _RATE_TOLERANCE * int(expected[-1] - micros[0]) else None
