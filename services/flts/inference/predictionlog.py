"""Predictions to the log bucket: collected off the request path, always new objects, never a rewrite."""

import json
import queue
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

import structlog

from flts.common.storage import ObjectStore
from flts.inference import metrics

_LINES_PER_OBJECT = 1000


class PredictionLog:
    """Writes JSON lines to `<scope>/<YYYYMMDD>/<time>-<pod>-<random>.jsonl` (UTC)."""

    def __init__(
        self, store: ObjectStore, bucket: str, scope: str, pod: str, *, flush_seconds: float, queue_size: int
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._scope = scope
        self._pod = pod
        self._flush_seconds = flush_seconds
        self._queue: queue.Queue[dict[str, Any]] = queue.Queue(queue_size)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="prediction-log", daemon=True)
        self._logger = structlog.get_logger()

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Upload what is left, for so many seconds at most."""
        self._stop.set()
        self._thread.join(seconds)

    def add(self, line: dict[str, Any]) -> None:
        """Take a line for upload; never waits, and drops the line where the queue is full."""
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            metrics.LOG_DROPPED.inc()

    def flush(self) -> None:
        """Upload what waits now as one object."""
        lines: list[str] = []
        while len(lines) < _LINES_PER_OBJECT:
            try:
                lines.append(json.dumps(self._queue.get_nowait()))
            except queue.Empty:
                break
        if not lines:
            return
        now = datetime.now(UTC)
        key = f"{self._scope}/{now:%Y%m%d}/{now:%H%M%S}-{self._pod}-{uuid.uuid4().hex[:8]}.jsonl"
        try:
            self._store.put(self._bucket, key, ("\n".join(lines) + "\n").encode(), "application/x-ndjson")
        except Exception as error:
            metrics.LOG_DROPPED.inc(len(lines))
            self._logger.warning("prediction_log_failed", error=str(error), dropped=len(lines))

    def _work(self) -> None:
        while not self._stop.wait(self._flush_seconds):
            self.flush()
        while not self._queue.empty():
            self.flush()
