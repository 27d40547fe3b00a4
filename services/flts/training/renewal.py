"""A trainer restarts itself when it has grown: JAX keeps what it compiled for each shape, and gives nothing back."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path


def resident_mebibytes() -> float:
    """Memory that this process has now, proc(5)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Renewal:
    """Looks at the memory after each claim and stops the loop when a new process is due. No container is restarted."""

    def __init__(
        self,
        handle: Callable[[bytes], None],
        stop: threading.Event,
        most_mebibytes: float,
        resident: Callable[[], float] = resident_mebibytes,
    ) -> None:
        """A process may grow by `most_mebibytes` after its first claim, which loads the rest of the framework."""
        self._handle = handle
        self._stop = stop
        self._most = most_mebibytes
        self._resident = resident
        self._first: float | None = None
        self._due = False

    def handle(self, payload: bytes) -> None:
        """Handle a claim; raises what the handler raises. A claim that failed took memory as well."""
        try:
            self._handle(payload)
        finally:
            now = self._resident()
            self._first = now if self._first is None else self._first
            if now - self._first > self._most and not self._stop.is_set():
                self._due = True
                # Not before the claim's offset is committed: the loop looks at it after that.
                self._stop.set()

    @property
    def due(self) -> bool:
        """Whether the loop ended for a new process, not because the pod is to end."""
        return self._due


def replace_process() -> None:
    """Run this program again in the same process, with the same arguments; does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.argv])
