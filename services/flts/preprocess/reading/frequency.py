"""Which calendar a series keeps; a series that keeps none is refused with the first row that breaks it."""

from cmath import polar, rect
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import gcd, pi
from typing import NamedTuple

from flts.common.calendar import DAY, SECOND, WEEK, Calendar
from flts.preprocess.reading.distances import Distances
from flts.preprocess.reading.rules import RULES, rejected

_EPOCH = date(1970, 1, 1)
_FIRST_MONDAY = 4 * DAY
_NEAR: float = RULES["nearGrid"]
_ANOTHER_RATE: int = RULES["rowsOfAnotherRate"]
_WEEKS: int = RULES["weeksForClosedSlots"]
_SHARE: float = RULES["shareOfOpenSlots"]
# Steps that clocks and people use; jitter is measured from the nearest.
_MINUTE, _HOUR = 60 * SECOND, 3600 * SECOND
_NICE = [
    *(n * 10**power for power in range(6) for n in (1, 2, 5)),
    *(n * unit for unit in (SECOND, _MINUTE) for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(n * _HOUR for n in (1, 2, 3, 4, 6, 8, 12)),
    DAY,
    WEEK,
]
_UNITS = ((DAY, "D"), (_HOUR, "h"), (_MINUTE, "min"), (SECOND, "s"), (1000, "ms"), (1, "us"))
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WORKING_DAYS = ((0, 5),)
_SHORTEST_MONTH = 24 * DAY
# Weekends with holidays before or after them.
_DAYS_OFF = 5
# A day's slots of a minute in a week; finer steps have no closed ones.
_MOST_SLOTS = 10_080


class Rows(NamedTuple):
    """What is known of rows: the wall times in microseconds, their lines, and what to call file and column."""

    file: str
    column: str
    wall: Sequence[int]
    lines: Sequence[int]
    zone: str = ""


def calendar_of(rows: Rows) -> Calendar:
    """The calendar of at least two rows in time order; raises CsvError."""
    by_months = _by_months(rows)
    if by_months:
        return by_months
    distances = Distances(rows.wall)
    usual = distances.usual()
    multiples = sum(distance % usual == 0 for distance in distances)
    exact = multiples >= 0.9 * len(distances)
    calendar = _exact(rows, usual) if exact else _with_jitter(rows, distances, usual)
    _refuse_other_rates(rows, calendar)
    return _with_closed_slots(rows, calendar)


def check(rows: Rows, calendar: Calendar) -> None:
    """Raise CsvError where rows do not keep a calendar that was found on others."""
    previous: float | None = None
    for at, wall in enumerate(rows.wall):
        position = calendar.position(wall)
        near = bool(calendar.months) or abs(wall - calendar.time_at(int(position))) <= _tolerance(calendar)
        if position != position // 1 or position == previous or not near:
            _irregular(rows, at, calendar.step or 30 * DAY)
        previous = position
    _refuse_other_rates(rows, calendar)


def _tolerance(calendar: Calendar) -> float:
    return calendar.step / 2 if calendar.snap else _NEAR * calendar.step


def describe(microseconds: int) -> str:
    """A distance in the largest unit that keeps it readable."""
    for unit, name in _UNITS:
        if microseconds >= unit:
            return f"{microseconds / unit:.6g} {name}"
    return f"{microseconds} us"


def _exact(rows: Rows, step: int) -> Calendar:
    residues = Counter((wall - _FIRST_MONDAY) % step for wall in rows.wall)
    calendar = Calendar(_alias(step, rows.wall[0]), step, residues.most_common(1)[0][0], zone=rows.zone)
    off = False
    before: int | None = None
    for at, wall in enumerate(rows.wall):
        # A row at the usual distance is as far from the grid as the row before.
        if before is None or wall - before != step:
            position = calendar.position(wall)
            shift = abs(wall - calendar.time_at(int(position)))
            if shift > _NEAR * step or (before is not None and position == calendar.position(before)):
                _irregular(rows, at, step)
            off = off or shift > 0
        before = wall
    return Calendar(calendar.frequency, step, calendar.phase, snap=off, zone=rows.zone)


def _with_jitter(rows: Rows, distances: Distances, usual: int) -> Calendar:
    middle = distances.middle()
    step = min(_NICE, key=lambda nice: abs(nice - middle))
    if abs(step - middle) > _NEAR * step:
        _irregular(rows, _first_odd(distances, usual), usual)
    # The grid lies in the middle of the rows' places in a step: their mean on a circle, at one of twelve parts.
    turns = sum(rect(1, 2 * pi * ((wall - _FIRST_MONDAY) % step) / step) for wall in rows.wall)
    part = round(polar(turns)[1] / (2 * pi) * 12) % 12
    place = 0 if part in (1, 11) else part * step // 12
    calendar = Calendar(_alias(step, rows.wall[0]), step, place, snap=True, zone=rows.zone)
    consecutive = 0
    for at, (before, after) in enumerate(pairwise(map(calendar.position, rows.wall))):
        if before == after:
            _irregular(rows, at + 1, step)
        consecutive += after - before == 1
    if consecutive < 0.9 * len(distances):
        _irregular(rows, _first_odd(distances, usual), usual)
    return calendar


def _first_odd(distances: Distances, usual: int) -> int:
    odd = (at for at, distance in enumerate(distances) if abs(distance - usual) > _NEAR * usual)
    return next(odd, 0) + 1


def _irregular(rows: Rows, at: int, usual: int) -> None:
    distance = rows.wall[at] - rows.wall[at - 1] if at else 0
    raise rejected(
        rows.file,
        "interval_irregular",
        line=rows.lines[at],
        column=rows.column,
        value=text_of(rows.wall[at]),
        distance=describe(distance),
        usual=describe(usual),
    )


def _refuse_other_rates(rows: Rows, calendar: Calendar) -> None:
    run = 0
    before = 0.0

    def follows_at(row: int) -> float:
        return calendar.position(rows.wall[row]) - calendar.position(rows.wall[row - 1])

    # Rows at the usual distance take places that follow each other.
    near = calendar.step if not calendar.open else 0
    for at, (wall, following) in enumerate(pairwise(rows.wall), start=1):
        follows = 1 if following - wall == near else follows_at(at)
        run = run + 1 if follows == before and follows > 1 else 1
        before = follows
        if follows > 1 and run == _ANOTHER_RATE:
            start = at - run + 1
            changed = start
            step = calendar.step or calendar.months * 30 * DAY
            slow, usual = describe(round(follows * step)), describe(step)
            if start == 1:
                # The file begins with the other rate, so the change is where that ends.
                changed = next((row for row in range(at, len(rows.wall)) if follows_at(row) != follows), at)
            raise rejected(
                rows.file,
                "interval_changes",
                line=rows.lines[changed],
                column=rows.column,
                value=text_of(rows.wall[changed]),
                before=slow if start == 1 else usual,
                after=usual if start == 1 else slow,
            )


def _with_closed_slots(rows: Rows, calendar: Calendar) -> Calendar:
    first, last = (int(calendar.position(rows.wall[at])) for at in (0, -1))
    slots = WEEK // calendar.step
    if WEEK % calendar.step or not 1 < slots <= _MOST_SLOTS or last - first < _WEEKS * slots:
        return calendar
    taken: set[int] = set()
    for wall in rows.wall:
        taken.add(int(calendar.position(wall)) % slots)
        if len(taken) == slots:
            return calendar
    weeks, rest = divmod(last + 1 - first, slots)
    places = weeks * len(taken) + sum(place % slots in taken for place in range(first, first + rest))
    if len(rows.wall) < _SHARE * places:
        return calendar
    runs = _runs(sorted(taken))
    frequency = f"{calendar.frequency} in {len(taken)} of {slots} places a week"
    if calendar.step == DAY:
        frequency = "B" if runs == _WORKING_DAYS else f"C ({' '.join(_DAYS[slot] for slot in sorted(taken))})"
    return Calendar(frequency, calendar.step, calendar.phase, runs, snap=calendar.snap, zone=calendar.zone)


def _runs(slots: list[int]) -> tuple[tuple[int, int], ...]:
    runs: list[tuple[int, int]] = []
    for slot in slots:
        if runs and runs[-1][1] == slot:
            runs[-1] = runs[-1][0], slot + 1
        else:
            runs.append((slot, slot + 1))
    return tuple(runs)


def _by_months(rows: Rows) -> Calendar | None:
    """Rows a number of months apart: on a day of the month, or on the first or last weekday.

    Some may lie a few days off, as holidays put them; then times are moved to the calendar's.
    """
    walls = rows.wall
    if len(walls) < 3 or any(b - a < _SHORTEST_MONTH for a, b in pairwise(walls)):
        return None
    of_day = walls[0] % DAY
    days = [_EPOCH + timedelta(days=wall // DAY) for wall in walls]
    numbers = [day.year * 12 + day.month - 1 for day in days]
    months = gcd(*(after - before for before, after in pairwise(numbers)))
    if months == 0 or len(set(numbers)) < len(numbers) or any(wall % DAY != of_day for wall in walls):
        return None
    phase = numbers[0] % months
    for day, weekday in ((max(day.day for day in days), 0), (31, -1), (1, 1)):
        name = _months_alias(months, day, weekday, days[0].month)
        fitting = Calendar(name, phase=phase, months=months, day=day, of_day=of_day, weekday=weekday, zone=rows.zone)
        shifts = [abs(wall - fitting.time_at(int(fitting.position(wall)))) for wall in walls]
        if max(shifts) <= _DAYS_OFF * DAY and shifts.count(0) >= _SHARE * len(shifts):
            return replace(fitting, snap=any(shifts))
    return None


def _months_alias(months: int, day: int, weekday: int, first_month: int) -> str:
    ending = "S" if day == 1 else "E" if day == 31 else ""
    if not ending:
        return f"every {months} months on day {day}" if months > 1 else f"monthly on day {day}"
    ending = f"{ending}-{_MONTHS[first_month - 1]}" if months in (3, 12) else ending
    unit = {3: "Q", 12: "Y"}.get(months, f"{'' if months == 1 else months}M")
    return f"{'B' if weekday else ''}{unit}{ending}"


def _alias(step: int, first: int) -> str:
    if step % WEEK == 0:
        weekday = _DAYS[(_EPOCH + timedelta(days=first // DAY)).weekday()]
        return f"{'' if step == WEEK else step // WEEK}W-{weekday}"
    unit, name = next((unit, name) for unit, name in _UNITS if step % unit == 0)
    return f"{'' if step == unit else step // unit}{name}"


def text_of(wall: int) -> str:
    """A wall time as people write it."""
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=wall)).replace(tzinfo=None).isoformat(" ")
    return text.rstrip("0") if "." in text else text
