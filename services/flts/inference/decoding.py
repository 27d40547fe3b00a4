"""A body and a query string to a typed request: decoding stops at the first mistake, and reports only that one."""

import re
from urllib.parse import parse_qsl

import msgspec

from flts.forecasting.refusals import BadInput, NotOfSchema
from flts.inference.limits import Limits, named
from flts.inference.schema import PredictRequest


class _Columns(msgspec.Struct, gc=False):
    data: dict[str, msgspec.Raw] | None = None


_DECODER = msgspec.json.Decoder(PredictRequest)
_NAMES = msgspec.json.Decoder(_Columns)
# Python's json and pandas write these for missing values and infinities; JSON has neither.
_NOT_A_NUMBER = re.compile(rb"(?<=[\[,:\s])NaN(?=[\s,\]}])")
_INFINITY = re.compile(rb"(?<=[\[,:\s])-?Infinity(?=[\s,\]}])")
_LOCATION = re.compile(r"^(?P<message>.*) - at `\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]")
_LONGEST_QUERY = 1024
_INTEGER = re.compile(r"[+-]?\d{1,18}")


def predict_request(body: bytes, limits: Limits) -> PredictRequest:
    """The body of /predict; an empty one has no data. Raises NotOfSchema and BadInput."""
    if not body:
        return PredictRequest()
    if body.count(b"[") > limits.columns:
        _check_columns(_names(body), limits)
    request = _decoded(body)
    if request.data is not None:
        _check_columns(len(request.data), limits)
        _check_cells(sum(map(len, request.data.values())), limits)
    return request


def rows_of(query: bytes, request: PredictRequest, limits: Limits) -> int:
    """How many rows to forecast: the query string's inference_length wins over the body's (upstream contract)."""
    rows = request.inference_length
    location: list[str | int] = ["body", "inference_length"]
    if query:
        given = _queried(query)
        if given is not None:
            rows = given
            location[0] = "query"
    if not 1 <= rows <= limits.steps:
        limit = named("PREDICT_MAX_STEPS", limits.steps, "steps")
        raise NotOfSchema(location, f"inference_length is {rows}; it is 1 to {limit}", "out_of_range")
    return rows


def _decoded(body: bytes) -> PredictRequest:
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if isinstance(error, msgspec.DecodeError):
            # An infinity becomes too large a number, which is refused as such.
            replaced = _INFINITY.sub(b"1e999", _NOT_A_NUMBER.sub(b"null", body))
            if replaced != body:
                return _decoded(replaced)
        raise NotOfSchema(["body"], f"the body is not JSON: {str(error)[:200]}", "json_invalid") from error


def _refusal(text: str) -> NotOfSchema | BadInput:
    found = _LOCATION.match(text)
    message, path = (found["message"], found["path"]) if found else (text, "")
    if message.endswith("out of range"):
        return BadInput("a number is too large")
    location: list[str | int] = ["body"]
    for step in _STEP.finditer(path):
        location.append(step["key"] if step["index"] is None else int(step["index"]))
    return NotOfSchema(location, message, "wrong_type")


def _names(body: bytes) -> int:
    """How many columns there are, without making a list of each: a hundred thousand would keep the collector busy."""
    try:
        return len(_NAMES.decode(body).data or ())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Decoding to the schema says what is wrong.
        return 0


def _check_columns(columns: int, limits: Limits) -> None:
    if columns > limits.columns:
        limit = named("PREDICT_MAX_COLUMNS", limits.columns, "columns")
        raise BadInput(f"{columns} columns are too many; the most is {limit}: send only the model's columns")


def _check_cells(cells: int, limits: Limits) -> None:
    if cells > limits.cells:
        limit = named("PREDICT_MAX_CELLS", limits.cells, "cells")
        raise BadInput(f"{cells} values are too many; the most is {limit}: send only the last rows")


def _queried(query: bytes) -> int | None:
    if len(query) > _LONGEST_QUERY:
        raise NotOfSchema(["query"], f"the query string is longer than {_LONGEST_QUERY} bytes", "too_long")
    given = [value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if name == _LENGTH]
    if not given:
        return None
    if not _INTEGER.fullmatch(given[-1]):
        raise NotOfSchema(["query", _LENGTH], "inference_length is not a whole number", "wrong_type")
    return int(given[-1])


_LENGTH = "inference_length"
