"""Which rows with missing cells are interpolated, which are excluded, and which windows remain."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, pairwise
from typing import NamedTuple

from flts.common.calendar import Calendar
from flts.preprocess.reading.compact import Column, count_missing, missing_rows
from flts.preprocess.reading.options import ValidationOptions
from flts.preprocess.reading.part import Part

IMPUTED = 1
"""Bit of a row's state: the target is interpolated."""
EXCLUDED = 2
"""Bit of a row's state: it is left out."""


@dataclass
class Counts:
    """What became of a column's missing cells, those of absent rows included."""

    missing: int = 0
    interpolated: int = 0
    excluded: int = 0


class Run(NamedTuple):
    """Missing cells that follow each other, those of absent rows included."""

    before: int
    """The part's row before them; -1 where there is none."""
    after: int
    """The part's row after them; its length where there is none."""
    first: int
    """Place of the first among all rows, absent ones included."""
    end: int


class Absent(NamedTuple):
    """Rows that are absent and get interpolated: after which row of the part, and how many."""

    after: "array[int]"
    rows: "array[int]"


@dataclass
class RowStates:
    """The state of each row of a part, and of the absent ones that are interpolated."""

    part: Part
    calendar: Calendar
    absent: Absent
    of_row: bytearray
    """IMPUTED and EXCLUDED, or neither: 0."""
    counts: dict[str, Counts] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Rows that are not left out."""
        return len(self.of_row) - self.of_row.count(EXCLUDED) - self.of_row.count(EXCLUDED | IMPUTED)

    @property
    def imputed(self) -> int:
        """Rows that are not left out and whose target is interpolated."""
        return self.of_row.count(IMPUTED)

    def rows_left(self) -> Iterator[tuple[int, int, int]]:
        """Of each row that is not left out: the part's row at or before it, how far behind it is, and its state."""
        place = 0
        done = 0
        for after, rows in chain(zip(*self.absent, strict=True), [(len(self.part) - 1, 0)]):
            for row in range(done, after + 1):
                state = self.of_row[place]
                if state < EXCLUDED:
                    yield row, 0, state
                place += 1
            for ahead in range(1, rows + 1):
                state = self.of_row[place]
                if state < EXCLUDED:
                    yield after, ahead, state
                place += 1
            done = after + 1

    def first_imputed(self) -> int:
        """Line of the first row whose target is interpolated; of an absent one, that of the row before it."""
        return self.part.lines[next(row for row, _, state in self.rows_left() if state)]

    def last_line(self) -> int | None:
        """Line of the last row that is not left out."""
        last: int | None = None
        for row, _, _ in self.rows_left():
            last = row
        return None if last is None else self.part.lines[last]

    def windows(self, options: ValidationOptions, enough: int) -> int:
        """Windows of consecutive rows whose forecast rows have measured targets, counted up to `enough`.

        Lags take the first rows.
        """
        total = options.input_rows + options.output_rows
        count, run, measured = 0, 0, 0
        before: float | None = None
        for at, (row, ahead, state) in enumerate(self.rows_left()):
            if at < options.lag_rows:
                continue
            position = self.calendar.position(self.part.clock[row]) + ahead
            run = run + 1 if before is not None and position == before + 1 else 1
            measured = 0 if state else measured + 1
            count += run >= total and measured >= options.output_rows
            if count >= enough:
                break
            before = position
        return count


def row_states_of(part: Part, target: str, calendar: Calendar, options: ValidationOptions) -> RowStates:
    """Decide about each row: short gaps are interpolated, rows in longer gaps are excluded."""
    interpolate = options.handle_nans and not options.nans_drop_rows
    absent = _absent(part, calendar, options.nans_max_steps) if interpolate else Absent(array("I"), array("I"))
    row_states = RowStates(part, calendar, absent, bytearray(len(part) + sum(absent.rows)))
    longest = 0 if options.nans_drop_rows else options.nans_max_steps
    for column, values in zip(part.columns, part.values, strict=True):
        counts = Counts(missing=count_missing(values))
        for run in runs(values, absent):
            if is_short(run, part, calendar, longest):
                counts.interpolated += run.end - run.first
                bit = IMPUTED if column == target else 0
            else:
                counts.excluded += run.end - run.first
                bit = EXCLUDED
            for place in range(run.first, run.end) if bit else ():
                row_states.of_row[place] |= bit
        row_states.counts[column] = counts
    return row_states


def is_short(run: Run, part: Part, calendar: Calendar, longest: int) -> bool:
    """Whether missing cells are interpolated: no more steps than `longest`, with a value on each side."""
    if run.before < 0 or run.after >= len(part):
        return False
    return calendar.position(part.clock[run.after]) - calendar.position(part.clock[run.before]) - 1 <= longest


def runs(column: Column, absent: Absent) -> Iterator[Run]:
    """A column's missing cells, in order."""
    # An absent row comes after the row that it follows, and before that row's successor.
    cells = ((row, 0) for row in missing_rows(column))
    events = merge(cells, ((after, rows) for after, rows in zip(*absent, strict=True)))
    before, after, inserted, first = -1, -1, 0, 0
    for row, rows in events:
        start = row if rows == 0 else row + 1
        if start != after:
            if after >= 0:
                yield Run(before, after, first, after + inserted)
            before = start - 1
            first = start + inserted
        inserted += rows
        after = start if rows else row + 1
    if after >= 0:
        yield Run(before, after, first, after + inserted)


def _absent(part: Part, calendar: Calendar, longest: int) -> Absent:
    found = Absent(array("I"), array("I"))
    # Rows at the usual distance leave no place between them.
    usual = calendar.step if not calendar.open else 0
    for at, (wall, following) in enumerate(pairwise(part.clock)):
        if following - wall != usual:
            follows = calendar.position(following) - calendar.position(wall)
            if 1 < follows <= longest + 1:
                found.after.append(at)
                found.rows.append(int(follows) - 1)
    return found
