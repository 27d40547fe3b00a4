"""Keys of prediction logs, all below `<scope>/`; days and hours are UTC.

<YYYYMMDD>/<HHMMSS>-<pod>-<random>.jsonl         lines of some seconds, as inference writes them
series/<series>/<YYYYMMDD>T<HH>-<id>.jsonl.gz    lines of a series in an hour
series/<series>/<YYYYMMDD>-<id>.jsonl.gz         lines of a series in a day
compactions/<id>.json                            a compaction in progress

A day and an hour have several ids where lines came after a compaction.
"""

import gzip
import re
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

from flts.common.storage import ObjectMissing, ObjectStore, ObjectTooLarge

WITHOUT_SERIES = "_"
"""In place of the series in the key of lines that name none; no series is called so."""

_DAY = "%Y%m%d"
_WRITTEN = re.compile(r"(?P<day>\d{8})/(?P<hour>[01]\d|2[0-3])\d{4}-[^/]+\.jsonl")
_HOUR = re.compile(r"series/(?P<series>[^/]+)/(?P<day>\d{8})T\d\d-[0-9a-f]{12}\.jsonl\.gz")
_LATE = timedelta(minutes=10)
"""An upload is tried again for some minutes, under the key of its first try."""


_MOST_WRITTEN = 200
"""Objects that are not compacted yet and are read; each holds up to a thousand lines."""
_LARGEST = 16 * 2**20
"""Bytes of an object that is read, which are half a million compressed lines."""
_MOST_LINES = 50_000
"""Lines of an object that are read, its last ones: about 20 MB."""
_MOST_KEPT = 32 * 2**20
_EMPTY = gzip.compress(b"")


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


class LogReader:
    """Reads the logged lines of one series after the other.

    Objects that are not compacted yet hold lines of many series; they never change, so that they are kept in memory, up
    to 32 MiB of them.
    """

    def __init__(self, store: ObjectStore, bucket: str, scope: str) -> None:
        self._store = store
        self._bucket = bucket
        self._scope = scope
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def lines_of(self, series: str) -> Iterator[bytes]:
        """Lines of a series, object by object from the newest to the oldest; within an object the newest first.

        Of what is not compacted yet, the newest objects of today and yesterday, which hold other series' lines too.
        """
        store, bucket = self._store, self._bucket
        today = datetime.now(UTC)
        for day in (today, today - timedelta(days=1)):
            prefix = f"{self._scope}/{day.strftime(_DAY)}/"
            written = [name for name in store.children(bucket, prefix) if hour_of(f"{day.strftime(_DAY)}/{name}")]
            for name in reversed(written[-_MOST_WRITTEN:]):
                yield from reversed(self._written(f"{prefix}{name}").splitlines())
        for key in reversed(store.keys(bucket, f"{self._scope}/{compacted_prefix(series)}")):
            with gzip.open(BytesIO(_body(store, bucket, key))) as lines:
                yield from reversed(deque(lines, maxlen=_MOST_LINES))

    def _written(self, key: str) -> bytes:
        body = self._kept.get(key)
        if body is None:
            body = self._kept[key] = _body(self._store, self._bucket, key)
            self._size += len(body)
        self._kept.move_to_end(key)
        while self._size > _MOST_KEPT:
            self._size -= len(self._kept.popitem(last=False)[1])
        return body


def _body(store: ObjectStore, bucket: str, key: str) -> bytes:
    try:
        return store.get(bucket, key, largest=_LARGEST).body
    except (ObjectMissing, ObjectTooLarge):
        # Compacted or expired meanwhile; or a day of a series that more is asked of than anyone compares.
        return _EMPTY if key.endswith(".gz") else b""
