"""Request and answers of /predict, as validated and as documented (upstream contract, §7.2)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

InferenceLength = Annotated[int, Field(ge=1, le=10_000)]


class PredictRequest(BaseModel):
    """The last rows in raw units; unknown keys are ignored."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    data: dict[str, list[str | float | int | bool | None]] | None = None
    """Column to values, oldest first."""
    index_col: str | None = None
    """The column of times; default: the first of ts, timestamp, time, date."""
    inference_length: InferenceLength = 1
    """How many rows to forecast."""


class PredictResponse(BaseModel):
    """A forecast in raw units."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["SUCCESS"] = "SUCCESS"
    identifier: str
    run_id: str
    model_type: str
    config_hash: str
    predictions: list[dict[str, str | float]]
    """One entry a row: `ts` and the target column."""
    req_id: str
    cached: Literal[False] = False
    """Kept for upstream's clients; forecasts are always computed."""


class ErrorResponse(BaseModel):
    """Why a request was not answered."""

    detail: str


class Mistake(BaseModel):
    """One place where a request does not follow the schema."""

    loc: list[str | int]
    msg: str
    type: str


class MistakesResponse(BaseModel):
    """Where a request does not follow the schema."""

    detail: list[Mistake]


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": PredictResponse, "description": "The forecast"},
    400: {"model": ErrorResponse, "description": "The data cannot be used: missing columns, text, too few rows"},
    413: {"model": ErrorResponse, "description": "The body is larger than PREDICT_MAX_BODY_BYTES"},
    422: {"model": MistakesResponse, "description": "The request does not follow the schema"},
    429: {"model": ErrorResponse, "description": "PREDICT_MAX_WAITING predictions wait already; see Retry-After"},
    503: {"model": ErrorResponse, "description": "No model is promoted yet"},
}

# The endpoint reads the body itself, so that it can stop at the limit and parse the JSON but once.
REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": PredictRequest.model_json_schema()}},
    }
}
