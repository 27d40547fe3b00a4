"""A trainer starts itself anew after some trainings: JAX and Keras keep memory of each, which nothing gives back."""

import os
import sys
import threading
from collections.abc import Callable


class Renewal:
    """Counts handled claims and stops the loop when a new process is due. No container is restarted."""

    def __init__(self, handle: Callable[[bytes], None], stop: threading.Event, trainings: int) -> None:
        self._handle = handle
        self._stop = stop
        self._left = trainings
        self._due = False

    def handle(self, payload: bytes) -> None:
        """Handle a claim; raises what the handler raises. A claim that failed took memory as well."""
        try:
            self._handle(payload)
        finally:
            self._left -= 1
            if self._left <= 0 and not self._stop.is_set():
                self._due = True
                # Not before the claim's offset is committed: the loop looks at it after that.
                self._stop.set()

    @property
    def due(self) -> bool:
        """Whether the loop ended for a new process, not because the pod is to end."""
        return self._due


def replace_process() -> None:
    """Run this program anew in the same process, with the same arguments; does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.argv])
