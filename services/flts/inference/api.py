"""The HTTP API (upstream contract, §7.2)."""

import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import anyio
import numpy as np
import structlog
from fastapi import Body, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from flts.inference import metrics
from flts.inference.frames import BadInput, input_frame
from flts.inference.model import ServingModel
from flts.inference.promoted import PromotedModel

Line = dict[str, Any]
# A forecast up to this many model calls takes a millisecond or two: less than handing it to a thread and back.
_CALLS_IN_LINE = 4

InferenceLength = Annotated[int, Field(ge=1, le=10_000)]


class PredictRequest(BaseModel):
    """The last rows in raw units; unknown keys are ignored."""

    model_config = ConfigDict(extra="allow")

    data: dict[str, list[str | float | int | bool | None]] | None = None
    """Column to values, oldest first."""
    index_col: str | None = None
    """The column of times; default: the first of ts, timestamp, time, date."""
    inference_length: InferenceLength = 1
    """How many rows to forecast."""


class PredictResponse(BaseModel):
    """A forecast in raw units."""

    status: Literal["SUCCESS"] = "SUCCESS"
    identifier: str
    run_id: str
    model_type: str
    config_hash: str
    predictions: list[dict[str, str | float]]
    """One entry a row: `ts` and the target column."""
    req_id: str
    cached: bool = False


class ErrorResponse(BaseModel):
    """Why a request was not answered."""

    detail: str


_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorResponse, "description": "The data cannot be used: missing columns, text, too few rows"},
    503: {"model": ErrorResponse, "description": "No model is promoted yet"},
}


def inference_app(
    promoted: PromotedModel,
    scope: str,
    log: Callable[[Line], None],
    *,
    max_concurrency: int,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """App over the promoted model. `log` takes a line for each prediction and must not block."""
    app = FastAPI(title="FLTS inference", lifespan=lifespan or _no_lifespan)
    limiter = anyio.CapacityLimiter(max_concurrency)

    _add_error_answers(app)
    _add_probes(app, promoted)

    @app.post("/predict", response_model=PredictResponse, responses=_ERRORS)
    async def predict(
        body: Annotated[PredictRequest | None, Body()] = None,
        inference_length: Annotated[InferenceLength | None, Query()] = None,
    ) -> Response:
        model = promoted.current
        if model is None:
            metrics.OUTCOMES.labels("not_ready").inc()
            return JSONResponse({"detail": "no model is promoted yet; try again later"}, status_code=503)
        request = body or PredictRequest()
        rows = inference_length or request.inference_length
        started = time.perf_counter()
        with metrics.ACTIVE.track_inprogress():
            if rows <= model.spec.output_seq_len * _CALLS_IN_LINE:
                answer = _answer(model, request, rows, scope)
            else:
                answer = await anyio.to_thread.run_sync(_answer, model, request, rows, scope, limiter=limiter)
        took = time.perf_counter() - started
        metrics.LATENCY.observe(took)
        metrics.LATENCY_LATEST.set(took)
        metrics.JOBS.inc()
        metrics.OUTCOMES.labels("success").inc()
        log(_line(answer, rows, took))
        return JSONResponse(answer)

    return app


def _add_probes(app: FastAPI, promoted: PromotedModel) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        return {"status": "ok", "service": "inference-api", "model_ready": promoted.current is not None}

    @app.get("/ready", responses={503: {"description": "No model is promoted yet"}})
    async def ready() -> Response:
        model = promoted.current
        if model is None:
            return JSONResponse({"status": "not_ready"}, status_code=503)
        # Which data the model is of, so that who sent new data can tell when its model serves.
        promotion = model.promotion.model_dump(include={"run_id", "config_hash", "generation"})
        return JSONResponse({"status": "ready", **promotion})

    @app.get("/metrics")
    async def prometheus() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_error_answers(app: FastAPI) -> None:
    @app.exception_handler(BadInput)
    async def bad_input(_: Request, error: BadInput) -> Response:
        metrics.OUTCOMES.labels("client_error").inc()
        return JSONResponse({"detail": str(error)}, status_code=400)

    @app.exception_handler(RequestValidationError)
    async def bad_schema(_: Request, error: RequestValidationError) -> Response:
        metrics.OUTCOMES.labels("client_error").inc()
        # Without the input, which FastAPI would repeat: it may hold NaN, which JSON cannot.
        detail = [{"loc": item["loc"], "msg": item["msg"], "type": item["type"]} for item in error.errors()]
        return JSONResponse({"detail": detail}, status_code=422)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        metrics.OUTCOMES.labels("exception").inc()
        structlog.get_logger().error("request_failed", path=request.url.path, error=repr(error))
        return JSONResponse({"detail": "internal error; see the log of inference"}, status_code=500)


@asynccontextmanager
async def _no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


def _answer(model: ServingModel, request: PredictRequest, rows: int, scope: str) -> dict[str, Any]:
    frame = input_frame(request.data, request.index_col, model.spec)
    times, values = model.forecast(frame.raw, frame.times, rows)
    if not np.isfinite(values).all():
        raise BadInput("the values are so far from what the model knows that its answer is not a finite number")
    target = model.spec.transform.target
    stamps = times.astype("datetime64[s]").astype(str).tolist()
    promotion = model.promotion
    return {
        "status": "SUCCESS",
        "identifier": scope,
        "run_id": promotion.run_id,
        "model_type": promotion.model_type,
        "config_hash": promotion.config_hash,
        "predictions": [{"ts": stamp, target: value} for stamp, value in zip(stamps, values.tolist(), strict=True)],
        "req_id": uuid.uuid4().hex[:8],
        "cached": False,
    }


def _line(answer: dict[str, Any], rows: int, took: float) -> Line:
    # Long forecasts are cut: the log is for comparing with what came, not a second answer.
    kept = {name: answer[name] for name in ("identifier", "run_id", "model_type", "config_hash", "status", "req_id")}
    return {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **kept,
        "rows_predicted": rows,
        "seconds": round(took, 6),
        "predictions": answer["predictions"][:20],
    }
