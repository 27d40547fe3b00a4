"""The HTTP API (upstream contract, §7.2)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from flts.inference import metrics
from flts.inference.body import predict_request
from flts.inference.inservice import Models
from flts.inference.model import ServingModel
from flts.inference.predictor import Predictor
from flts.inference.refusals import RequestRefused
from flts.inference.schema import ANSWERS, REQUEST_BODY, InferenceLength


def inference_app(
    in_service: Models,
    predictor: Predictor,
    *,
    largest_body_bytes: int,
    leaving: Callable[[], bool] = lambda: False,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """App over the model in service.

    `leaving`: whether this process was asked to end. It still answers then, but says that it is not ready, and that
    connections are to be closed.
    """
    app = FastAPI(title="FLTS inference", lifespan=lifespan or _no_lifespan)
    _add_error_answers(app, in_service)
    _add_probes(app, in_service, predictor, leaving)

    @app.post("/predict", responses=ANSWERS, openapi_extra=REQUEST_BODY)
    async def predict(
        request: Request, inference_length: Annotated[InferenceLength | None, Query()] = None
    ) -> Response:
        """Forecast the rows that follow the given ones."""
        # Before the body is read: it would be read for nothing.
        in_service.required()
        body = await predict_request(request, largest_body_bytes)
        answer = await predictor.answer(body, inference_length or body.inference_length)
        return JSONResponse(answer, headers={"Connection": "close"} if leaving() else None)

    return app


def _add_probes(app: FastAPI, in_service: Models, predictor: Predictor, leaving: Callable[[], bool]) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        """Whether the process works, with or without a model."""
        ready_after = in_service.ready_after_seconds
        return {
            "status": "ok",
            "service": "inference-api",
            "model_ready": in_service.current is not None,
            "queue_length": predictor.active,
            "startup_ready_ms": None if ready_after is None else round(ready_after * 1000),
        }

    @app.get("/ready", responses={503: {"description": "No model is in service, or the process is about to end"}})
    async def ready() -> Response:
        """Whether requests should be sent here."""
        model = in_service.current
        if model is None or leaving():
            return JSONResponse({"status": "not_ready"}, status_code=503)
        # Which data the model is of, so that who sent new data can tell when its model serves.
        return JSONResponse({"status": "ready", **model.version._asdict(), "input": _input_of(model)})

    # The second path is upstream's, whose /metrics was JSON.
    @app.get("/prometheus", include_in_schema=False)
    @app.get("/metrics", response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """Metrics as Prometheus text."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_error_answers(app: FastAPI, in_service: Models) -> None:
    def count(outcome: str, reason: str) -> None:
        version = in_service.version
        metrics.OUTCOMES.labels(outcome, *((version.model_type, version.run_id) if version else ("", ""))).inc()
        metrics.REJECTED.labels(reason).inc()

    @app.exception_handler(RequestRefused)
    async def refused(_: Request, error: RequestRefused) -> Response:
        count(error.outcome, error.reason)
        return JSONResponse({"detail": str(error)}, error.status, error.headers)

    @app.exception_handler(RequestValidationError)
    async def bad_schema(_: Request, error: RequestValidationError) -> Response:
        count("client_error", "bad_schema")
        detail = [{"loc": item["loc"], "msg": item["msg"], "type": item["type"]} for item in error.errors()]
        return JSONResponse({"detail": detail}, status_code=422)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        count("exception", "fault")
        structlog.get_logger().error("request_failed", path=request.url.path, error=repr(error))
        return JSONResponse({"detail": "internal error; see the log of inference"}, status_code=500)


def _input_of(model: ServingModel) -> dict[str, Any]:
    """What /predict needs for this model: fewest rows, seconds between them, and each column's median."""
    transform = model.spec.transform
    return {
        "rows": model.spec.rows_needed,
        "interval_seconds": transform.interval_seconds,
        "median_row": dict(zip(transform.columns, transform.fill, strict=True)),
    }


@asynccontextmanager
async def _no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
