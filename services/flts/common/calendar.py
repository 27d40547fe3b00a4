"""When rows of a series are due: at fixed steps, in the open hours of a week, or by months.

Only the standard library is used here: the CLI runs this module too, before it uploads data. Times are microseconds
since 1970 of the clock's face (wall time) in `zone`; flts.common.steps has the same for NumPy's times.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

SECOND = 1_000_000
"""Microseconds, the unit of all times here."""
DAY = 86_400 * SECOND
WEEK = 7 * DAY
# 1970-01-01 was a Thursday; weeks begin on Monday.
_FIRST_MONDAY = 4 * DAY
_EPOCH = date(1970, 1, 1).toordinal()
# Ordinals of days count from a Monday, 0001-01-01, which is 1.
_WEEKEND = (6, 0)
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
# Zones change their offsets at full quarters of an hour.
_QUARTER = 900 * SECOND


@dataclass(frozen=True)
class Calendar:
    """The places that rows can take, counted by whole numbers: each row follows the one at the place before."""

    frequency: str
    """As pandas writes it (B, h, 5min, W-MON, MS, QS-JAN), with the open places of a week where it has no word."""
    step: int = 0
    """Microseconds from one place to the next; 0 for steps of months."""
    phase: int = 0
    """Where the first place of a week lies after its beginning, less than a step; in steps of months, the first."""
    open: tuple[tuple[int, int], ...] = ()
    """Runs of places in a week, from Monday 00:00, that rows take: first, and after the last. Empty: all."""
    months: int = 0
    """Months from one place to the next; 0 for fixed steps."""
    day: int = 0
    """Day of the month of each place; in shorter months the last."""
    of_day: int = 0
    """Microseconds after midnight of each place, in steps of months."""
    weekday: int = 0
    """In steps of months, where a place on a weekend goes: 1 to the next weekday, -1 to the one before, 0 nowhere."""
    snap: bool = False
    """Whether times are moved to the nearest place, because the series has jitter."""
    zone: str = ""
    """IANA name or offset (+01:00) of the clock; empty: times are taken as they are."""

    def position(self, wall: int) -> float:
        """The place nearest to a time; half way between two where the week is closed then."""
        if self.months:
            # To the nearest day: in UTC, a clock's midnight may be a few hours before.
            day = date.fromordinal(_EPOCH + (wall - self.of_day + DAY // 2) // DAY)
            return (day.year * 12 + day.month - 1 - self.phase) / self.months
        place = (wall - _FIRST_MONDAY - self.phase + self.step // 2) // self.step
        if not self.open:
            return place
        week, slot = divmod(place, WEEK // self.step)
        before = bisect_left(self._open_slots, slot)
        is_open = before < len(self._open_slots) and self._open_slots[before] == slot
        return week * len(self._open_slots) + before - (0 if is_open else 0.5)

    def time_at(self, position: int) -> int:
        """Wall time of a place."""
        if self.months:
            year, month = divmod(position * self.months + self.phase, 12)
            day = date(year, month + 1, min(self.day, monthrange(year, month + 1)[1])).toordinal()
            while self.weekday and day % 7 in _WEEKEND:
                day += self.weekday
            return (day - _EPOCH) * DAY + self.of_day
        if self.open:
            week, place = divmod(position, len(self._open_slots))
            position = week * (WEEK // self.step) + self._open_slots[place]
        return position * self.step + self.phase + _FIRST_MONDAY

    def following(self, wall: int, count: int) -> list[int]:
        """Wall times of the next places after a time; they keep its distance to the grid unless `snap`."""
        position = self.position(wall)
        last = int(position // 1)
        shift = 0 if self.snap or position != last else wall - self.time_at(last)
        return [self.time_at(last + ahead) + shift for ahead in range(1, count + 1)]

    @cached_property
    def _open_slots(self) -> list[int]:
        return [slot for first, end in self.open for slot in range(first, end)]

    def wall(self, utc: int) -> int:
        """The clock's face at a time in UTC."""
        return utc + offset_finder(self.zone)(utc) if self.zone else utc

    def utc(self, wall: int) -> int:
        """The first time in UTC when the clock shows this; what the clock skips counts as if it had not."""
        if not self.zone:
            return wall
        times = utc_times(self.zone, wall)
        return times[0] if times else wall - offset_finder(self.zone)(wall - DAY)


def fixed(seconds: float) -> Calendar:
    """Rows at any fixed distance."""
    return Calendar(frequency=f"{seconds:g}s", step=max(1, round(seconds * SECOND)))


@lru_cache(maxsize=16)
def offset_finder(zone: str) -> Callable[[int], int]:
    """A function from UTC to the offset then, in microseconds; raises LookupError where there is no such zone."""
    written = _OFFSET.fullmatch(zone)
    if written:
        offset = (int(written[2]) * 60 + int(written[3])) * 60 * SECOND * (1 if written[1] == "+" else -1)
        return lambda utc: offset
    of_quarter = lru_cache(maxsize=100_000)(_offset_of(zone))
    return lambda utc: of_quarter(utc // _QUARTER)


def utc_times(zone: str, wall: int) -> list[int]:
    """All times in UTC when a zone's clock shows `wall`: none where it skips it, two where it repeats it."""
    offset_at = offset_finder(zone)
    offsets = {offset_at(wall - DAY), offset_at(wall + DAY)}
    return sorted(wall - offset for offset in offsets if offset_at(wall - offset) == offset)


def _offset_of(zone: str) -> Callable[[int], int]:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # The CLI's Python has no zones of its own; there, JavaScript's are offered under this name.
        try:
            from flts_zones import offset_seconds
        except ImportError:
            raise LookupError(f"there is no time zone {zone!r}") from error
        if offset_seconds(zone, 0) is None:
            raise LookupError(f"there is no time zone {zone!r}") from error
        return lambda quarter: round(offset_seconds(zone, quarter * _QUARTER / SECOND)) * SECOND
    beginning = datetime(1970, 1, 1, tzinfo=UTC)

    def of_quarter(quarter: int) -> int:
        at = (beginning + timedelta(microseconds=quarter * _QUARTER)).astimezone(known)
        return round((at.utcoffset() or timedelta()).total_seconds()) * SECOND

    return of_quarter
