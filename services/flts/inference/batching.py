"""Concurrent predictions share a model call.

What arrived in the same turn of the event loop goes to the model together, so a lone request waits for nobody. A call
is made on the event loop while it is short: for small models it takes less than handing it to a thread and back would.
Long calls are made in a thread, one at a time, so that the event loop answers health checks meanwhile.
"""

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np

from flts.inference import metrics

_LONGEST_ON_LOOP_SECONDS = 0.02
"""Everything else that the event loop does waits that long for a call."""


class BatchedModel(Protocol):
    """See flts.forecasting.model.ServingModel.forecast."""

    def forecast(self, raw: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Forecasts of a batch of windows."""


class _Waiting(NamedTuple):
    model: BatchedModel
    raw: np.ndarray
    times: np.ndarray
    answer: "asyncio.Future[np.ndarray]"


class Batcher:
    """Collects windows of one event loop into model calls of at most `largest` windows."""

    def __init__(self, largest: int, *, longest_on_loop_seconds: float = _LONGEST_ON_LOOP_SECONDS) -> None:
        self._largest = largest
        self._longest_on_loop = longest_on_loop_seconds
        self._waiting: deque[_Waiting] = deque()
        self._scheduled = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model-call")
        self._measured: BatchedModel | None = None
        self._seconds_per_window = 0.0

    async def run(self, model: BatchedModel, raw: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Forecast of one window: raw rows (rows_needed, columns) and their times; raises what the model raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[np.ndarray] = loop.create_future()
        self._waiting.append(_Waiting(model, raw, times, answer))
        self._schedule(loop)
        return await answer

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._call, loop)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._next()
        metrics.QUEUE_LENGTH.set(len(self._waiting))
        if not batch:
            self._finished(loop)
            return
        metrics.BATCH_SIZE.observe(len(batch))
        if self._expected_seconds(batch) > self._longest_on_loop:
            call = loop.run_in_executor(self._thread, self._timed_answers, batch)
            call.add_done_callback(lambda done: self._finished(loop, batch, done.result()))
        else:
            self._finished(loop, batch, self._timed_answers(batch))

    def _finished(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: "list[_Waiting] | tuple[()]" = (),
        answers: "list[np.ndarray | Exception] | tuple[()]" = (),
    ) -> None:
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
        self._scheduled = False
        # The rest in another turn: this batch is answered first, and health checks get theirs.
        self._schedule(loop)

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < self._largest:
            # Around a promotion both models have predictions waiting; a call is for one of them.
            if batch and self._waiting[0].model is not batch[0].model:
                break
            waiting = self._waiting.popleft()
            # Whoever left needs no answer.
            if not waiting.answer.done():
                batch.append(waiting)
        return batch

    def _expected_seconds(self, batch: list[_Waiting]) -> float:
        return self._seconds_per_window * len(batch) if self._measured is batch[0].model else 0.0

    def _timed_answers(self, batch: list[_Waiting]) -> "list[np.ndarray | Exception]":
        started = time.perf_counter()
        answers = _answers(batch)
        self._measured, self._seconds_per_window = batch[0].model, (time.perf_counter() - started) / len(batch)
        return answers


def _answers(batch: list[_Waiting]) -> "list[np.ndarray | Exception]":
    raw = np.array([waiting.raw for waiting in batch])
    times = np.array([waiting.times for waiting in batch])
    try:
        return list(batch[0].model.forecast(raw, times))
    except Exception as error:
        if len(batch) == 1:
            return [error]
        # One window must not fail the others.
        return [answer for waiting in batch for answer in _answers([waiting])]
