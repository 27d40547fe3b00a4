"""Predictions to the log bucket: collected off the request path, always new objects, never a rewrite."""

import threading
import uuid
from collections import deque
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from flts.common.storage import ObjectStore
from flts.inference import metrics

_LINES_PER_OBJECT = 1000
# Requests wait while a line is written, because Python runs one thread at a time: it has to be fast.
_ENCODER = msgspec.json.Encoder()


class PredictionLog:
    """Writes JSON lines to `<scope>/<YYYYMMDD>/<time>-<pod>-<random>.jsonl` (UTC).

    An object is written when `flush_seconds` are over or 1000 lines wait, whichever comes first.
    """

    def __init__(
        self, store: ObjectStore, bucket: str, scope: str, pod: str, *, flush_seconds: float, queue_size: int
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._scope = scope
        self._pod = pod
        self._flush_seconds = flush_seconds
        self._queue_size = queue_size
        self._lines: deque[dict[str, Any]] = deque()
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="prediction-log", daemon=True)
        self._logger = structlog.get_logger()

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Upload what is left, for so many seconds at most."""
        self._stopped = True
        self._wake.set()
        self._thread.join(seconds)

    def add(self, line: dict[str, Any]) -> None:
        """Take a line for upload; never waits, and drops the line where too many wait."""
        if len(self._lines) >= self._queue_size:
            metrics.LOG_DROPPED.inc()
            return
        self._lines.append(line)
        if len(self._lines) == _LINES_PER_OBJECT:
            self._wake.set()

    def flush(self) -> None:
        """Upload the oldest lines that wait as one object."""
        count = min(len(self._lines), _LINES_PER_OBJECT)
        if not count:
            return
        body = _ENCODER.encode_lines([self._lines.popleft() for _ in range(count)])
        now = datetime.now(UTC)
        key = f"{self._scope}/{now:%Y%m%d}/{now:%H%M%S}-{self._pod}-{uuid.uuid4().hex[:8]}.jsonl"
        try:
            self._store.put(self._bucket, key, body, "application/x-ndjson")
            metrics.LOG_UPLOADED.inc(count)
        except Exception as error:
            metrics.LOG_DROPPED.inc(count)
            self._logger.warning("prediction_log_failed", error=str(error), dropped=count)

    def _work(self) -> None:
        while not self._stopped:
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            self.flush()
            while len(self._lines) >= _LINES_PER_OBJECT:
                self.flush()
        while self._lines:
            self.flush()
