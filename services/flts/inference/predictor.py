"""From a validated request to the answer's content."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from flts.inference import metrics
from flts.inference.batching import Batcher
from flts.inference.frames import input_frame
from flts.inference.inservice import Models
from flts.inference.refusals import BadInput, TooManyWaiting
from flts.inference.rollout import Rollout
from flts.inference.schema import PredictRequest

Line = dict[str, Any]
# Long forecasts are cut: the log is for comparing with what came, not a second answer.
_LOGGED_ROWS = 20


class Predictor:
    """Forecasts with the model in service; `log` takes a line for each forecast and must not block."""

    def __init__(
        self,
        in_service: Models,
        scope: str,
        log: Callable[[Line], None],
        *,
        largest_batch: int,
        most_waiting: int,
    ) -> None:
        self._in_service = in_service
        self._scope = scope
        self._log = log
        self._batcher = Batcher(largest_batch)
        self._most_waiting = most_waiting
        self._active = 0

    @property
    def active(self) -> int:
        """Forecasts accepted and not answered yet."""
        return self._active

    async def answer(self, request: PredictRequest, rows: int) -> dict[str, Any]:
        """Content of the answer (flts.inference.schema.PredictResponse); raises RequestRefused."""
        if self._active >= self._most_waiting:
            raise TooManyWaiting(f"{self._active} predictions wait already; try again later")
        started = time.perf_counter()
        self._active += 1
        metrics.ACTIVE.set(self._active)
        try:
            answer = await self._forecast(request, rows)
        finally:
            self._active -= 1
            metrics.ACTIVE.set(self._active)
        took = time.perf_counter() - started
        version = answer["model_type"], answer["run_id"]
        metrics.LATENCY.labels(*version).observe(took)
        metrics.LATENCY_LATEST.set(took)
        metrics.JOBS.inc()
        metrics.OUTCOMES.labels("success", *version).inc()
        self._log(_line(answer, rows, took))
        return answer

    async def _forecast(self, request: PredictRequest, rows: int) -> dict[str, Any]:
        model = self._in_service.required()
        rollout = Rollout(model.spec, input_frame(request.data, request.index_col, model.spec), rows)
        while not rollout.complete:
            rollout.take(await self._batcher.run(model, *rollout.window()))
        times, values = rollout.result()
        if not np.isfinite(values).all():
            raise BadInput("the values are so far from what the model knows that its answer is not a finite number")
        target = model.spec.transform.target
        stamps = times.astype("datetime64[s]").astype(str).tolist()
        version = model.version
        return {
            "status": "SUCCESS",
            "identifier": self._scope,
            "run_id": version.run_id,
            "model_type": version.model_type,
            "config_hash": version.config_hash,
            "predictions": [{"ts": stamp, target: value} for stamp, value in zip(stamps, values.tolist(), strict=True)],
            "req_id": uuid.uuid4().hex[:8],
            "cached": False,
        }


def _line(answer: dict[str, Any], rows: int, took: float) -> Line:
    kept = {name: answer[name] for name in ("identifier", "run_id", "model_type", "config_hash", "status", "req_id")}
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **kept,
        "rows_predicted": rows,
        "seconds": round(took, 6),
        "predictions": answer["predictions"][:_LOGGED_ROWS],
    }
