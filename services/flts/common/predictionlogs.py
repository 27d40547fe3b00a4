"""Keys of prediction logs, all below `<scope>/`; days and hours are UTC.

<YYYYMMDD>/<HHMMSS>-<pod>-<random>.jsonl         lines of some seconds, as inference writes them
series/<series>/<YYYYMMDD>T<HH>-<id>.jsonl.gz    lines of a series in an hour
series/<series>/<YYYYMMDD>-<id>.jsonl.gz         lines of a series in a day
compactions/<id>.json                            a compaction at work

A day and an hour have several ids where lines came after a compaction.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

WITHOUT_SERIES = "_"
"""In place of the series in the key of lines that name none; no series is called so."""

_DAY = "%Y%m%d"
_WRITTEN = re.compile(r"(?P<day>\d{8})/(?P<hour>[01]\d|2[0-3])\d{4}-[^/]+\.jsonl")
_HOUR = re.compile(r"series/(?P<series>[^/]+)/(?P<day>\d{8})T\d\d-[0-9a-f]{12}\.jsonl\.gz")
_LATE = timedelta(minutes=10)
"""An upload is tried again for some minutes, under the key of its first try."""


class Period(NamedTuple):
    """An hour of all series, or a day of one."""

    day: str
    hour: str | None = None
    series: str | None = None

    @property
    def over_at(self) -> datetime:
        """When no more lines are expected; without a time zone, UTC."""
        begin = datetime.strptime(self.day, _DAY)
        if self.hour is None:
            return begin + timedelta(days=1) + _LATE
        return begin + timedelta(hours=int(self.hour) + 1) + _LATE

    def target(self, keys: Iterable[str]) -> str:
        """Name of the objects with the compacted lines of these keys: the same for the same keys."""
        name = sha256("\n".join(keys).encode()).hexdigest()[:12]
        return f"{self.day}-{name}" if self.hour is None else f"{self.day}T{self.hour}-{name}"


def compacted_prefix(series: str) -> str:
    """What the keys of a series' compacted lines begin with; what follows sorts by time."""
    return f"series/{series}/"


def compacted_key(series: str, target: str) -> str:
    """Key of a series' compacted lines."""
    return f"{compacted_prefix(series)}{target}.jsonl.gz"


def hour_of(key: str) -> Period | None:
    """The hour of lines as inference writes them; None for any other key."""
    found = _WRITTEN.fullmatch(key)
    return Period(found["day"], hour=found["hour"]) if found and _is_day(found["day"]) else None


def day_of(key: str) -> Period | None:
    """The day and series of compacted lines of an hour; None for any other key."""
    found = _HOUR.fullmatch(key)
    return Period(found["day"], series=found["series"]) if found and _is_day(found["day"]) else None


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, _DAY)
    except ValueError:
        return False
    return True
