"""Missing rows and cells: short gaps are interpolated in time, rows in longer ones are left out of the windows."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from flts.preprocess.reading.compact import Column
from flts.preprocess.reading.options import ValidationOptions
from flts.preprocess.reading.part import Part
from flts.preprocess.reading.rowstates import EXCLUDED, IMPUTED, Counts, RowStates, is_short, runs

_IS_IMPUTED = bytes(state & IMPUTED for state in range(256))
_IS_LEFT = bytes(state < EXCLUDED for state in range(256))
_TAKEN: Column = array("d")


@dataclass
class Cleaned:
    """A part without missing cells, and what was done to it."""

    part: Part
    columns: dict[str, Counts]
    inserted_rows: int = 0
    """Rows that were absent and are interpolated now."""
    excluded_rows: int = 0


def clean(parts: Sequence[RowStates], options: ValidationOptions) -> list[Cleaned]:
    """Rows without missing cells, on the calendar's places where it snaps, by the row_states of parts that have values.

    The parts' numbers are used up, a column at a time in all of them: parts of one file share its columns, and there
    need not be room for two of each.
    """
    cleaners = [_Cleaner(row_states, options) for row_states in parts]
    for at in range(len(parts[0].part.columns)):
        for cleaner in cleaners:
            cleaner.take(at)
    return [cleaner.cleaned() for cleaner in cleaners]


class _Cleaner:
    def __init__(self, row_states: RowStates, options: ValidationOptions) -> None:
        self._row_states = row_states
        self._longest = 0 if options.nans_drop_rows else options.nans_max_steps
        self._left = row_states.of_row.translate(_IS_LEFT)
        part, calendar = row_states.part, row_states.calendar
        self._times, self._clock = part.times, part.clock
        if row_states.absent.after:
            self._insert_times()
        if calendar.snap:
            snapped = array("q", (calendar.time_at(int(calendar.position(wall))) for wall in self._clock))
            moved = zip(self._times, snapped, self._clock, strict=True)
            self._times = array("q", (time + new - old for time, new, old in moved))
            self._clock = snapped
        self._values: list[Column] = []

    def take(self, at: int) -> None:
        """Clean a column."""
        part, absent = self._row_states.part, self._row_states.absent
        values, part.values[at] = part.values[at], _TAKEN
        whole = self._widened(values) if absent.after else values
        for run in runs(values, absent):
            if is_short(run, part, self._row_states.calendar, self._longest):
                _interpolate(whole, self._clock, run.first, run.end)
        self._values.append(array("d", compress(whole, self._left)) if 0 in self._left else whole)

    def cleaned(self) -> Cleaned:
        """All columns, cleaned."""
        row_states, part = self._row_states, self._row_states.part
        imputed = row_states.of_row.translate(_IS_IMPUTED)
        times, clock, lines = self._times, self._clock, self._lines()
        if 0 in self._left:
            times, clock, lines = (array("q", compress(numbers, self._left)) for numbers in (times, clock, lines))
            imputed = bytearray(compress(imputed, self._left))
        left = Part(part.file, part.columns, times, clock, lines, self._values, imputed)
        return Cleaned(left, row_states.counts, sum(row_states.absent.rows), self._left.count(0))

    def _insert_times(self) -> None:
        part, calendar = self._row_states.part, self._row_states.calendar
        times, clock = array("q"), array("q")
        done = 0
        for at, rows in zip(*self._row_states.absent, strict=True):
            times.extend(part.times[done : at + 1])
            clock.extend(part.clock[done : at + 1])
            position = int(calendar.position(part.clock[at]))
            for ahead in range(1, rows + 1):
                clock.append(calendar.time_at(position + ahead))
                times.append(calendar.utc(clock[-1]))
            done = at + 1
        times.extend(part.times[done:])
        clock.extend(part.clock[done:])
        self._times, self._clock = times, clock

    def _widened(self, values: Column) -> "array[float]":
        """A copy with missing cells where rows are absent."""
        whole = array("d")
        done = 0
        for at, rows in zip(*self._row_states.absent, strict=True):
            whole.extend(values[done : at + 1])
            whole.extend([math.nan] * rows)
            done = at + 1
        whole.extend(values[done:])
        return whole

    def _lines(self) -> Sequence[int]:
        """Lines of all rows; of an inserted one, that of the row before it."""
        part = self._row_states.part
        if not self._row_states.absent.after:
            return part.lines
        lines = array("q")
        done = 0
        for at, rows in zip(*self._row_states.absent, strict=True):
            lines.extend(part.lines[done : at + 1])
            lines.extend([part.lines[at]] * rows)
            done = at + 1
        lines.extend(part.lines[done:])
        return lines


def _interpolate(values: Column, clock: Sequence[int], first: int, end: int) -> None:
    start, before, after = clock[first - 1], values[first - 1], values[end]
    span = clock[end] - start
    for at in range(first, end):
        share = (clock[at] - start) / span
        values[at] = before * (1 - share) + after * share
