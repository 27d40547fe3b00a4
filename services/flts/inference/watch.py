"""Looks again and again, in a thread of its own, for the models that are to be served."""

import random
import threading
from collections.abc import Callable

import structlog

from flts.inference.inservice import Models

_FIRST_RETRY_SECONDS = 1.0
_WITHOUT_MODEL_SECONDS = 2.0


class Watch:
    """Calls `refresh` at the latest every `poll_seconds`, and soon when woken; waits longer while it fails.

    All pods are woken by the same message, and many start together: each waits for a random part of `spread_seconds`
    first, so that the object store is not asked for one model by all of them at once.
    """

    def __init__(
        self, refresh: Callable[[], object], models: Models, poll_seconds: float, spread_seconds: float = 0.0
    ) -> None:
        self._refresh = refresh
        self._models = models
        self._poll_seconds = poll_seconds
        self._spread_seconds = spread_seconds
        self._wake = threading.Event()
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._work, name="model-watch", daemon=True).start()

    def wake(self) -> None:
        """Look soon."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._wake.set()

    def _work(self) -> None:
        pause = _FIRST_RETRY_SECONDS
        spread = True
        while not self._stop.is_set():
            if spread:
                self._stop.wait(random.uniform(0, self._spread_seconds))
            # What is announced from here on may be missed by the look that follows, and is looked for again.
            self._wake.clear()
            try:
                self._refresh()
                # Without a model every moment counts; with one, messages announce what is new.
                ready = self._models.current is not None
                wait = self._poll_seconds if ready else min(self._poll_seconds, _WITHOUT_MODEL_SECONDS)
                pause = _FIRST_RETRY_SECONDS
            except Exception as error:
                wait = pause * random.uniform(0.5, 1.0)
                structlog.get_logger().warning("model_not_followed", error=str(error), next_try_seconds=round(wait, 1))
                pause = min(pause * 2, self._poll_seconds)
            spread = self._wake.wait(wait)
