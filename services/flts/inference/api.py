"""The HTTP API (upstream contract, §7.2)."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send

from flts.forecasting.model import ServingModel
from flts.forecasting.refusals import NotOfSchema, RequestRefused
from flts.inference.endpoint import PREDICT_PATH, PredictEndpoint, direct_route
from flts.inference.errors import ErrorAnswers
from flts.inference.facts import SeriesFacts
from flts.inference.inservice import Models, Served
from flts.inference.lastrows import LastRows
from flts.inference.limits import Limits
from flts.inference.newestrows import StoredRows
from flts.inference.pages import add_docs, add_page
from flts.inference.predictor import Predictor
from flts.inference.schema import (
    ANSWERS,
    LONGEST_SERIES,
    LastRow,
    ModelResponse,
    SeriesEntry,
    SeriesResponse,
    request_body,
)


def inference_app(
    in_service: Models,
    predictor: Predictor,
    *,
    limits: Limits = Limits(),  # noqa: B008, it is immutable
    page: bool = True,
    rows: StoredRows | None = None,
    leaving: Callable[[], bool] = lambda: False,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """App over the model in service.

    `page`: whether `/` shows forecasts and `/rows` the rows before them, to everyone who reaches the API.
    `rows`: where rows are that came after those of the models.
    `leaving`: whether this process was asked to end. It still answers then, but says that it is not ready, and that
    connections are to be closed.
    """
    errors = ErrorAnswers(in_service)
    endpoint = PredictEndpoint(in_service, predictor, errors, limits, leaving)
    app = _InferenceApi(endpoint, lifespan or _no_lifespan)
    _add_error_answers(app, errors)
    _add_predict(app, endpoint, limits)
    _add_probes(app, in_service, predictor, leaving)
    _add_models(app, in_service, None if rows is None else LastRows(rows))
    add_docs(app)
    if page:
        add_page(app, in_service, rows)
    return app


class _InferenceApi(FastAPI):
    """FastAPI, with a shortcut for the path that is asked most: middleware and routing take as long as a forecast."""

    def __init__(
        self, predict: PredictEndpoint, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
    ) -> None:
        super().__init__(title="FLTS inference", lifespan=lifespan, docs_url=None, redoc_url=None)
        self._predict = predict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ASGI request."""
        if scope["type"] == "http" and scope["path"] == PREDICT_PATH and scope["method"] == "POST":
            await self._predict(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _add_predict(app: FastAPI, endpoint: PredictEndpoint, limits: Limits) -> None:
    length = Query(ge=1, le=limits.steps, description="How many rows to forecast; wins over the body's")

    def predict(inference_length: Annotated[int | None, length] = None) -> Response:
        """Forecast the rows that follow the given ones."""
        raise NotImplementedError("describes the route, which PredictEndpoint answers")

    app.router.add_api_route(
        PREDICT_PATH,
        predict,
        methods=["POST"],
        responses=ANSWERS,
        openapi_extra=request_body(limits),
        route_class_override=direct_route(endpoint),
    )


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
        return JSONResponse(_description(in_service.preferred or "", model))

    # The second path is upstream's, whose /metrics was JSON.
    @app.get("/prometheus", include_in_schema=False)
    @app.get("/metrics", response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """Metrics as Prometheus text."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_models(app: FastAPI, in_service: Models, last_rows: LastRows | None) -> None:
    @app.get(
        "/model",
        responses={200: {"model": ModelResponse}, **{status: ANSWERS[status] for status in (400, 404, 503)}},
    )
    async def served_model(series: Annotated[str | None, Query(max_length=LONGEST_SERIES)] = None) -> Response:
        """Which model answers for a series, of which data, and what it takes; unlike /ready it is for everyone."""
        name = in_service.name_of(series)
        return JSONResponse(_description(name, await in_service.get(name)))

    @app.get("/series", response_model=SeriesResponse, response_model_exclude_none=True)
    async def all_series(
        after: Annotated[str, Query(max_length=LONGEST_SERIES, description="Only names after this one")] = "",
        # Two hundred take 5 ms, in which nothing else is answered.
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> SeriesResponse:
        """The series that have a model, with its errors and age, and the last actual row."""
        names = in_service.names
        start = bisect_right(names, after) if after else 0
        page = names[start : start + limit]
        more = start + limit < len(names)
        held = in_service.in_memory
        last = {} if last_rows is None else await last_rows.of(page)
        entries = [_entry(name, held.get(name), in_service.facts_of(name), last.get(name)) for name in page]
        return SeriesResponse(series=entries, next=page[-1] if more else None)


def _add_error_answers(app: FastAPI, errors: ErrorAnswers) -> None:
    @app.exception_handler(RequestRefused)
    async def refused(_: Request, error: RequestRefused) -> Response:
        return errors.refused(error)

    @app.exception_handler(RequestValidationError)
    async def bad_parameter(_: Request, error: RequestValidationError) -> Response:
        # The first mistake alone, and without the input, as /predict reports mistakes.
        first = error.errors()[0]
        return errors.refused(NotOfSchema(list(first["loc"]), first["msg"], first["type"]))

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        return errors.fault(request.url.path, error)


def _description(series: str, model: ServingModel) -> dict[str, Any]:
    # With the data that the model is of, so that who sent new data can see when its model serves.
    return {"status": "ready", "series": series, **model.version._asdict(), "input": _input_of(model)}


def _entry(name: str, served: Served | None, facts: SeriesFacts | None, last: LastRow | None) -> SeriesEntry:
    if served is not None and served.promotion is not None:
        # It may be an earlier one, where the newest cannot be loaded.
        facts = SeriesFacts.of(served.promotion)
    if facts is None:
        version = {} if served is None else served.model.version._asdict()
        return SeriesEntry(series=name, in_memory=served is not None, last_row=last, **version)
    if last is None and facts.last_row_time:
        last = LastRow(ts=facts.last_row_time, value=facts.last_row_value)
    age = datetime.now(UTC) - datetime.fromisoformat(facts.promoted_at)
    return SeriesEntry(
        series=name,
        in_memory=served is not None,
        **facts.version._asdict(),
        below_floor=facts.below_floor,
        promoted_at=facts.promoted_at,
        age_seconds=round(age.total_seconds(), 1),
        rmse=facts.rmse,
        mae=facts.mae,
        baseline_rmse=facts.baseline_rmse,
        trained_until=facts.last_row_time or None,
        last_row=last,
    )


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
