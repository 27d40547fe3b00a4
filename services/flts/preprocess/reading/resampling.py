"""Rows at another distance: the mean of the rows in each step."""

import math
import re
from array import array
from dataclasses import replace

from flts.common.calendar import DAY, SECOND
from flts.preprocess.reading.series import Series

_TEXT = re.compile(r"([0-9]+)([a-zA-Z]+)")
_UNITS = {"us": 1, "ms": 1000, "s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND, "D": DAY}


def resampled(series: Series, distance: str) -> Series:
    """The series with a row for each step that has rows, at its beginning: the means of what is not missing."""
    count, unit = _TEXT.fullmatch(distance).groups()
    step = int(count) * _UNITS[unit]
    # Days begin when the clock says so; shorter steps are the same on any clock.
    clock = series.wall if step >= DAY else series.times
    starts = [at for at in range(len(clock)) if at == 0 or clock[at] // step != clock[at - 1] // step]
    ends = [*starts[1:], len(clock)]
    shifts = [clock[at] % step for at in starts]
    return replace(
        series,
        times=array("q", [series.times[at] - shift for at, shift in zip(starts, shifts, strict=True)]),
        wall=array("q", [series.wall[at] - shift for at, shift in zip(starts, shifts, strict=True)]),
        lines=array("q", [series.lines[at] for at in starts]),
        values=[
            array("d", [_mean(values[first:end]) for first, end in zip(starts, ends, strict=True)])
            for values in series.values
        ],
    )


def _mean(values: "array[float]") -> float:
    present = [value for value in values if not math.isnan(value)]
    return math.fsum(present) / len(present) if present else math.nan
