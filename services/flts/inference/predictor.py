"""From a typed request to the answer."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple

import msgspec
import numpy as np

from flts.forecasting.bounds import add_bounds, check_level
from flts.forecasting.frames import input_frame
from flts.forecasting.model import ModelVersion, ServingModel
from flts.forecasting.refusals import BadInput, ClientGone, TooManyWaiting, TooMuchWork
from flts.forecasting.rollout import Rollout, calls_needed
from flts.inference import metrics
from flts.inference.batching import Batcher
from flts.inference.inservice import Models
from flts.inference.limits import Limits, named
from flts.inference.schema import PredictRequest

Line = dict[str, Any]
# Long forecasts are cut: the log is for comparing with what came, not a second answer.
_LOGGED_ROWS = 20
_BEYOND = (
    "the model was trained and measured for the next {} rows; those after them are forecast from its own forecasts, "
    "and may be worse than repeating the last value: raise training.outputLength"
)
_ENCODER = msgspec.json.Encoder()


class Task(NamedTuple):
    """A forecast that was accepted, with the model that it ends with, whatever is promoted meanwhile."""

    series: str
    model: ServingModel
    rollout: Rollout
    started: float
    interval: float | None = None
    """Level of the bounds that were asked for."""


class Predictor:
    """Forecasts with the model in service; `log` takes a line for each forecast and must not block."""

    def __init__(
        self,
        in_service: Models,
        scope: str,
        log: Callable[[Line], None],
        *,
        limits: Limits = Limits(),  # noqa: B008, it is immutable
        largest_batch: int = 32,
        irregular_passes: bool = False,
    ) -> None:
        self._in_service = in_service
        self._scope = scope
        self._log = log
        self._limits = limits
        self._irregular_passes = irregular_passes
        self._batcher = Batcher(largest_batch)
        self._active = 0
        self._rolling_calls = 0
        self._loading = 0
        metrics.ACTIVE.set_function(lambda: self._active)
        self._metrics: _VersionMetrics | None = None

    @property
    def active(self) -> int:
        """Forecasts accepted and not answered yet."""
        return self._active

    def check_room(self) -> None:
        """Raise TooManyWaiting while as many forecasts as may be are under way."""
        if self._active >= self._limits.waiting:
            limit = named("PREDICT_MAX_WAITING", self._limits.waiting, "waiting")
            raise TooManyWaiting(f"{limit} predictions wait already; try again later")

    async def task(self, request: PredictRequest, rows: int) -> Task:
        """What to do for a request; everything that can be refused before work starts is. Raises RequestRefused.

        Waits only where the series' model has to be loaded first.
        """
        started = time.perf_counter()
        if request.interval is not None:
            check_level(request.interval)
        series = self._in_service.name_of(request.series)
        model = self._in_service.touched(series)
        if model is None:
            model = await self._loaded(series)
        calls = calls_needed(model.spec, rows)
        if calls > self._limits.calls:
            ahead = model.spec.output_seq_len
            limit = named("PREDICT_MAX_CALLS", self._limits.calls, "calls")
            raise TooMuchWork(
                f"{rows} rows take {calls} calls of a model that forecasts {ahead} at once; the most is {limit}: ask "
                f"for {self._limits.calls * ahead} rows or fewer"
            )
        # Forecasts of one call are bounded by their number; long ones must not take their places.
        if calls > 1 and self._rolling_calls + calls > self._limits.waiting_calls:
            limit = named("PREDICT_MAX_WAITING_CALLS", self._limits.waiting_calls, "waitingCalls")
            raise TooManyWaiting(f"long forecasts under way need {limit} model calls already; try again later")
        frame = input_frame(request.data, request.index_col, model.spec, irregular_passes=self._irregular_passes)
        return Task(series, model, Rollout(model.spec, frame, rows), started, request.interval)

    async def _loaded(self, series: str) -> ServingModel:
        # Who waits keeps all that was sent in memory.
        if self._loading >= self._limits.large_bodies:
            limit = named("PREDICT_MAX_LARGE_BODIES", self._limits.large_bodies, "largeBodies")
            raise TooManyWaiting(f"{limit} requests wait for models to be loaded already; try again later")
        self._loading += 1
        try:
            return await self._in_service.get(series)
        finally:
            self._loading -= 1

    async def answer(self, task: Task, gone: Callable[[], bool] = lambda: False) -> bytes:
        """The answer as JSON (flts.inference.schema.PredictResponse).

        `gone`: whether the client left; then no further call is made. Raises BadInput, ClientGone and TooManyWaiting.
        """
        self.check_room()
        rolling = task.rollout.calls if task.rollout.calls > 1 else 0
        self._active += 1
        self._rolling_calls += rolling
        try:
            values = await self._values(task, gone)
        finally:
            self._active -= 1
            self._rolling_calls -= rolling
        answer = self._content(task, values)
        body = _ENCODER.encode(answer)
        took = time.perf_counter() - task.started
        self._metrics_of(task.model.version).observe(took)
        self._log(_line(answer, task.rollout.rows, took))
        return body

    async def _values(self, task: Task, gone: Callable[[], bool]) -> "tuple[np.ndarray, np.ndarray]":
        model, rollout = task.model, task.rollout
        while not rollout.complete:
            if gone():
                raise ClientGone
            rollout.take(await self._batcher.run(model, *rollout.window()))
        return rollout.result()

    def _content(self, task: Task, result: "tuple[np.ndarray, np.ndarray]") -> dict[str, Any]:
        times, values = result[0], result[1].tolist()
        if not all(map(isfinite, values)):
            raise BadInput("the values are so far from what the model knows that its answer is not a finite number")
        series, model, rollout, _, interval = task
        target = model.spec.transform.target
        version = model.version
        stamps = rollout.frame.times.written(times)
        answer: dict[str, Any] = {
            "status": "SUCCESS",
            "identifier": self._scope,
            "series": series,
            "run_id": version.run_id,
            "model_type": version.model_type,
            "config_hash": version.config_hash,
            "predictions": [{"ts": stamp, target: value} for stamp, value in zip(stamps, values, strict=True)],
            "req_id": os.urandom(4).hex(),
            "cached": False,
        }
        warnings = [*rollout.frame.warnings]
        if rollout.calls > 1:
            warnings.append(_BEYOND.format(model.spec.output_seq_len))
        if interval is not None:
            missing = add_bounds(answer["predictions"], values, model.spec, interval)
            if missing is not None:
                warnings.append(missing)
        if warnings:
            answer["warnings"] = warnings
        return answer

    def _metrics_of(self, version: ModelVersion) -> "_VersionMetrics":
        if self._metrics is None or self._metrics.version is not version:
            self._metrics = _VersionMetrics(version, metrics.VERSIONS.labels(version, len(self._in_service.names)))
        return self._metrics


class _VersionMetrics:
    """Metrics with a version's labels, which are looked up once and not for each forecast."""

    def __init__(self, version: ModelVersion, labels: tuple[str, str]) -> None:
        self.version = version
        self._latency = metrics.LATENCY.labels(*labels)
        self._outcome = metrics.OUTCOMES.labels("success", *labels)

    def observe(self, seconds: float) -> None:
        """Count a forecast."""
        self._latency.observe(seconds)
        self._outcome.inc()
        metrics.LATENCY_LATEST.set(seconds)
        metrics.JOBS.inc()


def _line(answer: dict[str, Any], rows: int, took: float) -> Line:
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "identifier": answer["identifier"],
        "series": answer["series"],
        "run_id": answer["run_id"],
        "model_type": answer["model_type"],
        "config_hash": answer["config_hash"],
        "status": answer["status"],
        "req_id": answer["req_id"],
        "rows_predicted": rows,
        "seconds": round(took, 6),
        "predictions": answer["predictions"][:_LOGGED_ROWS],
    }
