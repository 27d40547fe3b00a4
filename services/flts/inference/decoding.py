"""A body and a query string to a typed request: decoding stops at the first mistake, and reports only that one."""

import re
from urllib.parse import parse_qsl

import msgspec

from flts.inference.limits import Limits, named
from flts.inference.refusals import BadInput, NotOfSchema
from flts.inference.schema import PredictRequest

_DECODER = msgspec.json.Decoder(PredictRequest)
# Python's json and pandas write these for missing values and infinities; JSON has neither.
_NO_JSON = re.compile(rb"(?<=[\[,:\s])(NaN|-?Infinity)(?=[\s,\]}])")
_LOCATION = re.compile(r"^(?P<message>.*) - at `\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+)\]")
_LONGEST_QUERY = 1024
_INTEGER = re.compile(r"[+-]?\d{1,18}")


def predict_request(body: bytes, limits: Limits) -> PredictRequest:
    """The body of /predict; an empty one has no data. Raises NotOfSchema and BadInput."""
    if not body:
        return PredictRequest()
    request = _decoded(body)
    if request.data is not None:
        _check_size(request.data, limits)
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
            replaced = _NO_JSON.sub(_as_json, body)
            if replaced != body:
                return _decoded(replaced)
        raise NotOfSchema(["body"], f"the body is not JSON: {str(error)[:200]}", "json_invalid") from error


def _as_json(token: re.Match[bytes]) -> bytes:
    # Too large a number, which is refused as such.
    return b"null" if token[1] == b"NaN" else b"1e999"


def _refusal(text: str) -> NotOfSchema | BadInput:
    found = _LOCATION.match(text)
    message, path = (found["message"], found["path"]) if found else (text, "")
    if message.endswith("out of range"):
        return BadInput("a number is too large")
    location: list[str | int] = ["body"]
    for step in _STEP.finditer(path):
        location.append(step["key"] if step["index"] is None else int(step["index"]))
    return NotOfSchema(location, message, "wrong_type")


def _check_size(data: dict[str, list], limits: Limits) -> None:
    if len(data) > limits.columns:
        limit = named("PREDICT_MAX_COLUMNS", limits.columns, "columns")
        raise BadInput(f"{len(data)} columns are too many; the most is {limit}: send only the model's columns")
    cells = sum(map(len, data.values()))
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
