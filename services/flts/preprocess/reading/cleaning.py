"""Missing rows and cells: short gaps are interpolated in time, rows in longer ones are left out of the windows."""

import math
from array import array
from dataclasses import dataclass, field

from flts.common.calendar import Calendar
from flts.preprocess.reading.options import JudgeOptions


@dataclass
class Counts:
    """What became of a column's missing cells, those of absent rows included."""

    missing: int = 0
    interpolated: int = 0
    excluded: int = 0


@dataclass
class Part:
    """Rows that train, or rows that are held out. `values` has one array a column, NaN where a cell is missing."""

    file: str
    columns: list[str]
    times: "array[int]"
    """Microseconds since 1970, in UTC where the series has a zone."""
    clock: "array[int]"
    """The same on the calendar's clock."""
    lines: "array[int]"
    """Line in the file; of an inserted row, that of the row before it."""
    values: list["array[float]"]
    imputed: bytearray = field(default_factory=bytearray)
    """1 where the target was interpolated."""

    def __len__(self) -> int:
        return len(self.times)

    def slice(self, first: int, end: int) -> "Part":
        """Some of the rows."""
        return Part(
            self.file,
            self.columns,
            self.times[first:end],
            self.clock[first:end],
            self.lines[first:end],
            [values[first:end] for values in self.values],
            self.imputed[first:end],
        )

    def only(self, columns: list[str]) -> "Part":
        """Some of the columns, in the given order."""
        values = [self.values[self.columns.index(column)] for column in columns]
        return Part(self.file, columns, self.times, self.clock, self.lines, values, self.imputed)


@dataclass
class Cleaned:
    """A part without missing cells, and what was done to it."""

    part: Part
    columns: dict[str, Counts]
    inserted_rows: int = 0
    """Rows that were absent and are interpolated now."""
    excluded_rows: int = 0


def clean(part: Part, target: str, calendar: Calendar, options: JudgeOptions) -> Cleaned:
    """Rows without missing cells, on the calendar's places where it snaps."""
    counts = {
        column: Counts(missing=_missing(values)) for column, values in zip(part.columns, part.values, strict=True)
    }
    positions = [calendar.position(wall) for wall in part.clock]
    whole, places = part, positions
    if options.handle_nans and not options.nans_drop_rows:
        whole, places = _with_absent_rows(part, positions, calendar, options.nans_max_steps)
    if calendar.snap:
        whole = _snapped(whole, places, calendar)
    whole.imputed = bytearray(len(whole))
    excluded = bytearray(len(whole))
    for column, values in zip(whole.columns, whole.values, strict=True):
        longest = 0 if options.nans_drop_rows else options.nans_max_steps
        for first, end in _runs(values):
            if first > 0 and end < len(values) and places[end] - places[first - 1] - 1 <= longest:
                _interpolate(values, whole.clock, first, end)
                counts[column].interpolated += end - first
                if column == target:
                    whole.imputed[first:end] = b"\x01" * (end - first)
            else:
                counts[column].excluded += end - first
                excluded[first:end] = b"\x01" * (end - first)
    inserted = len(whole) - len(part)
    left = whole if not any(excluded) else _without(whole, excluded)
    return Cleaned(left, counts, inserted, sum(excluded))


def _missing(values: "array[float]") -> int:
    return sum(map(math.isnan, values))


def _runs(values: "array[float]") -> list[tuple[int, int]]:
    """Runs of missing cells: first, and after the last."""
    runs: list[tuple[int, int]] = []
    for at, value in enumerate(values):
        if value != value:
            if runs and runs[-1][1] == at:
                runs[-1] = runs[-1][0], at + 1
            else:
                runs.append((at, at + 1))
    return runs


def _interpolate(values: "array[float]", clock: "array[int]", first: int, end: int) -> None:
    start, before, after = clock[first - 1], values[first - 1], values[end]
    span = clock[end] - start
    for at in range(first, end):
        share = (clock[at] - start) / span
        values[at] = before * (1 - share) + after * share


def _with_absent_rows(part: Part, positions: list[float], calendar: Calendar, longest: int) -> tuple[Part, list[float]]:
    gaps = {
        at: int(positions[at + 1] - positions[at]) - 1
        for at in range(len(positions) - 1)
        if 1 < positions[at + 1] - positions[at] <= longest + 1
    }
    copied = part.slice(0, len(part))
    if not gaps:
        return copied, positions
    whole = part.slice(0, 0)
    places: list[float] = []
    done = 0
    for at, absent in gaps.items():
        _extend(whole, part.slice(done, at + 1))
        places.extend(positions[done : at + 1])
        for ahead in range(1, absent + 1):
            place = int(positions[at]) + ahead
            clock = calendar.time_at(place)
            whole.clock.append(clock)
            whole.times.append(calendar.utc(clock))
            whole.lines.append(part.lines[at])
            for values in whole.values:
                values.append(math.nan)
            places.append(place)
        done = at + 1
    _extend(whole, part.slice(done, len(part)))
    places.extend(positions[done:])
    return whole, places


def _extend(whole: Part, more: Part) -> None:
    whole.times.extend(more.times)
    whole.clock.extend(more.clock)
    whole.lines.extend(more.lines)
    for values, added in zip(whole.values, more.values, strict=True):
        values.extend(added)


def _snapped(part: Part, places: list[float], calendar: Calendar) -> Part:
    clock = array("q", [calendar.time_at(int(place)) for place in places])
    times = array("q", [time + new - old for time, new, old in zip(part.times, clock, part.clock, strict=True)])
    return Part(part.file, part.columns, times, clock, part.lines, part.values)


def _without(part: Part, excluded: bytearray) -> Part:
    kept = [at for at, gone in enumerate(excluded) if not gone]
    return Part(
        part.file,
        part.columns,
        array("q", [part.times[at] for at in kept]),
        array("q", [part.clock[at] for at in kept]),
        array("q", [part.lines[at] for at in kept]),
        [array("d", [values[at] for at in kept]) for values in part.values],
        bytearray(part.imputed[at] for at in kept),
    )
