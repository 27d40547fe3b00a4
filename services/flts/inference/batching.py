"""Concurrent predictions share a model call.

What arrived in the same turn of the event loop goes to the model together, so a lone request waits for nobody. The
call is made on the event loop: for models of this size it takes less than handing it to a thread and back would.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import numpy as np

from flts.inference import metrics
from flts.inference.model import ServingModel


class _Waiting(NamedTuple):
    model: ServingModel
    window: np.ndarray
    time: float
    answer: "asyncio.Future[np.ndarray]"


class Batcher:
    """Collects windows of one event loop into model calls of at most `largest` windows."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._waiting: deque[_Waiting] = deque()

    async def run(self, model: ServingModel, window: np.ndarray, time: float) -> np.ndarray:
        """Scaled forecast of one scaled window (input_seq_len, features); raises what the model raises for it.

        `time`: of the window's last row, in seconds since 1970.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[np.ndarray] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._call, loop)
        self._waiting.append(_Waiting(model, window, time, answer))
        metrics.QUEUE_LENGTH.set(len(self._waiting))
        return await answer

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._next()
        if self._waiting:
            # The rest in another turn: this batch is answered first, and health checks get theirs.
            loop.call_soon(self._call, loop)
        metrics.QUEUE_LENGTH.set(len(self._waiting))
        metrics.BATCH_SIZE.observe(len(batch))
        for waiting, answer in zip(batch, _answers(batch), strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)

    def _next(self) -> list[_Waiting]:
        # Around a promotion both models have predictions waiting; a call is for one of them.
        model = self._waiting[0].model
        batch: list[_Waiting] = []
        while self._waiting and self._waiting[0].model is model and len(batch) < self._largest:
            batch.append(self._waiting.popleft())
        return batch


def _answers(batch: list[_Waiting]) -> list[np.ndarray | Exception]:
    windows = np.stack([waiting.window for waiting in batch])
    times = np.array([waiting.time for waiting in batch])
    try:
        return list(batch[0].model.run(windows, times))
    except Exception as error:
        if len(batch) == 1:
            return [error]
        # One window must not fail the others.
        return [answer for waiting in batch for answer in _answers([waiting])]
