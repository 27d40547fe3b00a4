"""Missing rows and cells: short gaps are interpolated in time, rows in longer ones are left out of the windows."""

import math
from array import array
from dataclasses import dataclass

from flts.common.calendar import Calendar
from flts.preprocess.reading.fates import EXCLUDED, IMPUTED, Absent, Counts, Fates, is_short, runs
from flts.preprocess.reading.options import JudgeOptions
from flts.preprocess.reading.part import Part

_IS_IMPUTED = bytes(fate & IMPUTED for fate in range(256))


@dataclass
class Cleaned:
    """A part without missing cells, and what was done to it."""

    part: Part
    columns: dict[str, Counts]
    inserted_rows: int = 0
    """Rows that were absent and are interpolated now."""
    excluded_rows: int = 0


def clean(fates: Fates, options: JudgeOptions) -> Cleaned:
    """Rows without missing cells, on the calendar's places where it snaps, by the fates of a part that has values."""
    part, calendar = fates.part, fates.calendar
    whole = _with_absent_rows(part, fates.absent, calendar)
    if calendar.snap:
        whole = _snapped(whole, calendar)
    whole.imputed = bytearray(fates.of_row.translate(_IS_IMPUTED))
    longest = 0 if options.nans_drop_rows else options.nans_max_steps
    for values, interpolated in zip(part.values, whole.values, strict=True):
        for run in runs(values, fates.absent):
            if is_short(run, part, calendar, longest):
                _interpolate(interpolated, whole.clock, run.first, run.end)
    excluded = bytearray(fate >= EXCLUDED for fate in fates.of_row)
    left = whole if not any(excluded) else _without(whole, excluded)
    return Cleaned(left, fates.counts, len(whole) - len(part), sum(excluded))


def _interpolate(values: "array[float]", clock: "array[int]", first: int, end: int) -> None:
    start, before, after = clock[first - 1], values[first - 1], values[end]
    span = clock[end] - start
    for at in range(first, end):
        share = (clock[at] - start) / span
        values[at] = before * (1 - share) + after * share


def _with_absent_rows(part: Part, absent: Absent, calendar: Calendar) -> Part:
    """A copy with rows of missing cells where rows are absent."""
    if not absent.after:
        return part.slice(0, len(part))
    whole = part.slice(0, 0)
    done = 0
    for at, rows in zip(*absent, strict=True):
        _extend(whole, part.slice(done, at + 1))
        position = int(calendar.position(part.clock[at]))
        for ahead in range(1, rows + 1):
            clock = calendar.time_at(position + ahead)
            whole.clock.append(clock)
            whole.times.append(calendar.utc(clock))
            whole.lines.append(part.lines[at])
            for values in whole.values:
                values.append(math.nan)
        done = at + 1
    _extend(whole, part.slice(done, len(part)))
    return whole


def _extend(whole: Part, more: Part) -> None:
    whole.times.extend(more.times)
    whole.clock.extend(more.clock)
    whole.lines.extend(more.lines)
    for values, added in zip(whole.values, more.values, strict=True):
        values.extend(added)


def _snapped(part: Part, calendar: Calendar) -> Part:
    clock = array("q", [calendar.time_at(int(calendar.position(wall))) for wall in part.clock])
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
