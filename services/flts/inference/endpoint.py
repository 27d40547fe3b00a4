"""POST /predict below FastAPI's conveniences, which cost more than the forecast: ASGI messages in and out."""

import asyncio
from collections.abc import Callable

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from flts.forecasting.refusals import ClientGone, RequestRefused
from flts.inference.body import BodyReader
from flts.inference.decoding import predict_request, rows_of
from flts.inference.errors import ErrorAnswers
from flts.inference.inservice import Models
from flts.inference.limits import Limits
from flts.inference.predictor import Predictor, Task
from flts.inference.schema import PredictRequest

PREDICT_PATH = "/predict"
_TYPE = (b"content-type", b"application/json")
_CLOSE = (b"connection", b"close")


def direct_route(answer: ASGIApp) -> type[APIRoute]:
    """A route that FastAPI documents by its endpoint's signature, and that `answer` answers."""

    class DirectRoute(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] in self.methods:
                await answer(scope, receive, send)
            else:
                await super().handle(scope, receive, send)

    return DirectRoute


class PredictEndpoint:
    """Reads, decodes, forecasts and answers."""

    def __init__(
        self,
        in_service: Models,
        predictor: Predictor,
        errors: ErrorAnswers,
        limits: Limits,
        leaving: Callable[[], bool],
    ) -> None:
        self._in_service = in_service
        self._predictor = predictor
        self._errors = errors
        self._limits = limits
        self._leaving = leaving
        self._reader = BodyReader(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self._forecast(scope, receive)
        except ClientGone:
            return
        except RequestRefused as error:
            await self._errors.refused(error)(scope, receive, send)
            return
        except Exception as error:
            await self._errors.fault(PREDICT_PATH, error)(scope, receive, send)
            return
        headers = [_TYPE, (b"content-length", b"%d" % len(body))]
        if self._leaving():
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _forecast(self, scope: Scope, receive: Receive) -> bytes:
        # Before the body is read: it would be read for nothing.
        self._in_service.any_known()
        self._predictor.check_room()
        task = await self._task(scope, receive)
        return await (self._predictor.answer(task) if task.rollout.calls == 1 else self._long_answer(task, receive))

    async def _task(self, scope: Scope, receive: Receive) -> Task:
        # In a function of its own, so that what was decoded does not stay while the model works.
        request = await self._reader.read(scope, receive, self._decode)
        return await self._predictor.task(request, rows_of(scope["query_string"], request, self._limits))

    def _decode(self, body: bytes) -> PredictRequest:
        return predict_request(body, self._limits)

    async def _long_answer(self, task: Task, receive: Receive) -> bytes:
        leave = asyncio.ensure_future(_disconnected(receive))
        try:
            return await self._predictor.answer(task, leave.done)
        finally:
            leave.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
