"""Request and answers of /predict, as decoded and as documented (upstream contract, §7.2)."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict

from flts.inference.limits import Limits

LONGEST_SERIES = 63
Cell = str | float | int | bool | None


class PredictRequest(msgspec.Struct, frozen=True, gc=False):
    """The last rows in raw units; unknown keys are ignored."""

    data: Annotated[
        dict[str, list[Cell]] | None, msgspec.Meta(description="Column to values, oldest first; null: not known")
    ] = None
    index_col: Annotated[
        str | None,
        msgspec.Meta(description="The column of times; default: the first of ts, timestamp, time, date"),
    ] = None
    series: Annotated[
        Annotated[str, msgspec.Meta(max_length=LONGEST_SERIES)] | None,
        msgspec.Meta(description="Whose model answers; default: the only series, or DEFAULT_SERIES"),
    ] = None
    inference_length: Annotated[int, msgspec.Meta(ge=1, description="How many rows to forecast")] = 1
    interval: Annotated[
        Annotated[float, msgspec.Meta(gt=0, lt=1)] | None,
        msgspec.Meta(
            description="Share of the actual values that are to lie between a lower and an upper bound, such as 0.9; "
            "default: no bounds"
        ),
    ] = None


class PredictResponse(BaseModel):
    """A forecast in raw units."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["SUCCESS"] = "SUCCESS"
    identifier: str
    series: str
    """Whose model answered; empty for a model from before 0.2.0."""
    run_id: str
    model_type: str
    config_hash: str
    predictions: list[dict[str, str | float]]
    """One entry a row: `ts`, in the time zone of the last row that was sent, and the target column; with `interval`,
    its bounds as `<target>_lower` and `<target>_upper`."""
    req_id: str
    cached: Literal[False] = False
    """Kept for upstream's clients; forecasts are always computed."""
    warnings: list[str] | None = None
    """What to know about the forecast: rows beyond those that the model was trained and measured for, rows without the
    bounds that were asked for, and irregular rows where PREDICT_IRREGULAR_ROWS=warn lets them pass."""


class ModelInput(BaseModel):
    """What /predict needs for the served model."""

    rows: int
    interval_seconds: float
    median_row: dict[str, float]


class ModelResponse(BaseModel):
    """The model that is served."""

    model_config = ConfigDict(protected_namespaces=())

    status: Literal["ready"] = "ready"
    series: str
    run_id: str
    model_type: str
    config_hash: str
    generation: int
    input: ModelInput


class LastRow(BaseModel):
    """The last actual row of a series."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    ts: str
    value: float | None = None
    """Of the target, in raw units; absent where it was not known."""


class SeriesEntry(BaseModel):
    """A series and its model. What the promotion says is absent until a pod has read it."""

    model_config = ConfigDict(protected_namespaces=(), use_attribute_docstrings=True)

    series: str
    in_memory: bool
    """Whether the pod that answers holds the model already."""
    run_id: str | None = None
    model_type: str | None = None
    config_hash: str | None = None
    generation: int | None = None
    below_floor: bool | None = None
    """Whether it is served only because the series had no model: it does not reach `evaluator.floor`."""
    promoted_at: str | None = None
    age_seconds: float | None = None
    """Since it was promoted."""
    rmse: float | None = None
    mae: float | None = None
    """On held-out rows, in raw units."""
    baseline_rmse: float | None = None
    """Of repeating the last value, on the same rows."""
    trained_until: str | None = None
    """Time of the last row that the model was trained or measured on."""
    last_row: LastRow | None = None
    """Of the newest file that was processed, whether a model was trained on it or not, as it was at most half a minute
    ago; where that cannot be read, the last one of the model."""


class SeriesResponse(BaseModel):
    """Series that have a model, sorted by name."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    series: list[SeriesEntry]
    next: str | None = None
    """The value of `after` for the next page; absent on the last."""


class RowsResponse(BaseModel):
    """The last rows of a series, whether its model was trained on them or not: a body for /predict as it is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    series: str
    target: str
    """The column that is forecast."""
    index_col: str
    """The column of times in `data`."""
    data: dict[str, list[str] | list[float | None]]
    """Columns in raw units, oldest row first; null where the target was not known."""


class ErrorResponse(BaseModel):
    """Why a request was not answered."""

    detail: str


class Mistake(BaseModel):
    """One place where a request does not follow the schema."""

    loc: list[str | int]
    msg: str
    type: str


class MistakesResponse(BaseModel):
    """Where a request does not follow the schema: its first mistake."""

    detail: list[Mistake]


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": PredictResponse, "description": "The forecast"},
    400: {
        "model": ErrorResponse,
        "description": "The data cannot be used (missing columns, text, gaps, too few rows), or the forecast would "
        "cost more than PREDICT_MAX_CALLS",
    },
    404: {"model": ErrorResponse, "description": "There is no such series"},
    408: {"model": ErrorResponse, "description": "The body did not arrive within PREDICT_BODY_SECONDS"},
    413: {"model": ErrorResponse, "description": "The body is larger than PREDICT_MAX_BODY_BYTES"},
    422: {"model": MistakesResponse, "description": "The request does not follow the schema"},
    429: {"model": ErrorResponse, "description": "As many predictions as may be wait already; see Retry-After"},
    503: {"model": ErrorResponse, "description": "No model is promoted yet"},
}


def request_body(limits: Limits) -> dict[str, Any]:
    """OpenAPI's description of the body, which the route reads itself: no more of it than allowed, and only once."""
    schema = msgspec.json.schema(PredictRequest)["$defs"]["PredictRequest"]
    schema["properties"]["inference_length"]["maximum"] = limits.steps
    schema["properties"]["data"]["anyOf"][0]["maxProperties"] = limits.columns
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
