"""Looks again and again, in a thread of its own, for the model that is to be served."""

import threading
from collections.abc import Callable

import structlog

from flts.inference.inservice import ModelInService

_FIRST_RETRY_SECONDS = 1.0
_WITHOUT_MODEL_SECONDS = 2.0


class Watch:
    """Calls `refresh` at the latest every `poll_seconds`, and at once when woken; waits longer while it fails."""

    def __init__(self, refresh: Callable[[], object], in_service: ModelInService, poll_seconds: float) -> None:
        self._refresh = refresh
        self._in_service = in_service
        self._poll_seconds = poll_seconds
        self._wake = threading.Event()
        self._stopped = False

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._work, name="model-watch", daemon=True).start()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._wake.set()

    def _work(self) -> None:
        pause = _FIRST_RETRY_SECONDS
        while not self._stopped:
            try:
                self._refresh()
                # Without a model every moment counts; with one, messages tell what is new.
                ready = self._in_service.current is not None
                wait = self._poll_seconds if ready else min(self._poll_seconds, _WITHOUT_MODEL_SECONDS)
                pause = _FIRST_RETRY_SECONDS
            except Exception as error:
                structlog.get_logger().warning("model_not_followed", error=str(error), next_try_seconds=pause)
                wait, pause = pause, min(pause * 2, self._poll_seconds)
            self._wake.wait(wait)
            self._wake.clear()
