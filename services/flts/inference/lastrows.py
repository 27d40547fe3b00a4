"""The last row of each series' newest file, for a list of series: read in the background and kept for some seconds."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from flts.inference.newestrows import StoredRows
from flts.inference.schema import LastRow

_KEPT_SECONDS = 30.0
_PATIENCE_SECONDS = 1.0
"""A list of series waits no longer than this for rows."""
_MOST_KEPT = 10_000


class LastRows:
    """Asks the store for a row once in 30 s at most, whatever is asked for; one thread reads at a time."""

    def __init__(self, rows: StoredRows, now: Callable[[], float] = time.monotonic) -> None:
        self._rows = rows
        self._now = now
        self._known: OrderedDict[str, tuple[float, LastRow | None]] = OrderedDict()
        self._reading = threading.Lock()
        self._not_before = -float("inf")

    async def of(self, names: Sequence[str]) -> dict[str, LastRow]:
        """The last rows of those series of which they are known, after a second at most."""
        if self._stale(names):
            reading = asyncio.ensure_future(asyncio.to_thread(self._read, names))
            await asyncio.wait([reading], timeout=_PATIENCE_SECONDS)
        known = {name: self._known.get(name, (0.0, None))[1] for name in names}
        return {name: row for name, row in known.items() if row is not None}

    def _stale(self, names: Sequence[str]) -> list[str]:
        now = self._now()
        if now < self._not_before:
            return []
        return [name for name in names if now - self._known.get(name, (-float("inf"), None))[0] >= _KEPT_SECONDS]

    def _read(self, names: Sequence[str]) -> None:
        # Who comes meanwhile is answered with what is known, so that no requests pile up behind a slow store.
        if not self._reading.acquire(blocking=False):
            return
        try:
            for name in self._stale(names):
                newest = self._rows.get(name)
                row = None if newest is None else LastRow(ts=newest.last_time, value=newest.last_value)
                self._known[name] = (self._now(), row)
                self._known.move_to_end(name)
                if len(self._known) > _MOST_KEPT:
                    self._known.popitem(last=False)
        except Exception as error:
            self._not_before = self._now() + _KEPT_SECONDS
            structlog.get_logger().warning("rows_unreadable", error=str(error) or repr(error))
        finally:
            self._reading.release()
