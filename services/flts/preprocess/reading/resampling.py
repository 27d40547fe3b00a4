"""Rows at another distance: the mean of the rows in each step."""

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from flts.common.calendar import DAY, SECOND
from flts.preprocess.reading.compact import Column, Presence, Shifted
from flts.preprocess.reading.series import Series

_TEXT = re.compile(r"([0-9]+)([a-zA-Z]+)")
_UNITS = {"us": 1, "ms": 1000, "s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND, "D": DAY}


def resampled(series: Series, distance: str) -> Series:
    """The series with a row for each step that has rows, at its beginning: the means of what is not missing."""
    clock, step = _clock_and_step(series, distance)
    starts = starts_of_steps(series, distance)
    times = array("q", (series.times[at] - clock[at] % step for at in starts))
    values = [_means(column, starts) for column in series.values]
    if any(isinstance(column, Presence) for column in values):
        return replace(
            series,
            times=memoryview(times),
            wall=_shifted(times, (series.wall[at] - clock[at] % step for at in starts), SECOND),
            lines=_shifted(range(len(starts)), (series.lines[at] for at in starts)),
            values=values,
        )
    return replace(
        series,
        times=times,
        wall=array("q", (series.wall[at] - clock[at] % step for at in starts)),
        lines=array("q", (series.lines[at] for at in starts)),
        values=values,
    )


def starts_of_steps(series: Series, distance: str) -> "array[int]":
    """The first row of each step."""
    return array("I", _starts(*_clock_and_step(series, distance)))


def _clock_and_step(series: Series, distance: str) -> tuple[Sequence[int], int]:
    count, unit = _TEXT.fullmatch(distance).groups()
    step = int(count) * _UNITS[unit]
    # Days begin when the clock says so; shorter steps are the same on any clock.
    return series.wall if step >= DAY else series.times, step


def _starts(clock: Sequence[int], step: int) -> Iterator[int]:
    before: int | None = None
    for at, wall in enumerate(clock):
        if wall // step != before:
            before = wall // step
            yield at


def _shifted(base: Sequence[int], numbers: Iterable[int], unit: int = 1) -> Shifted:
    shifted = Shifted(base, unit)
    for number in numbers:
        shifted.append(number)
    return shifted


def _means(column: Column, starts: "array[int]") -> Column:
    if isinstance(column, Presence):
        return column.by_steps(starts)
    ends = chain(islice(starts, 1, None), [len(column)])
    return array("d", (_mean(column[first:end]) for first, end in zip(starts, ends, strict=True)))


def _mean(values: "array[float]") -> float:
    present = [value for value in values if not math.isnan(value)]
    return math.fsum(present) / len(present) if present else math.nan
