"""Whatever is sent, the API answers as its own document says, and never with a server error.

Against a live service instead: FLTS_FUZZ_URL=http://127.0.0.1:8023 pytest tests/test_inference_fuzz.py
"""

import json
import math
import os
from datetime import datetime, timedelta

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving_models import in_service_with, make_model

from flts.inference.api import inference_app
from flts.inference.limits import Limits
from flts.inference.predictor import Predictor

URL = os.environ.get("FLTS_FUZZ_URL")
# Bounds the time: some seconds in process.
EXAMPLES = int(os.environ.get("FLTS_FUZZ_EXAMPLES", "150"))

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


LIMITS = Limits()


def app() -> FastAPI:
    in_service = in_service_with(make_model())
    predictor = Predictor(in_service, "default", lambda line: None, limits=LIMITS, largest_batch=4)
    return inference_app(in_service, predictor, limits=LIMITS)


# A load balancer before a live service need not pass on the probes.
schema = (
    schemathesis.openapi.from_url(f"{URL}/openapi.json").include(path="/predict")
    if URL
    else schemathesis.openapi.from_asgi("/openapi.json", app())
)


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not URL)
def test_answers_as_documented(case):
    case.call_and_validate(checks=CHECKS)


CLIENT = TestClient(app())
NUMBERS = st.integers() | st.floats() | st.none()
CELLS = NUMBERS | st.booleans() | st.text()
# At the model's rate, and at any.
REGULAR = st.builds(
    lambda start, count: [str(start + timedelta(minutes=2 * row)) for row in range(count)],
    st.datetimes(datetime(1700, 1, 1), datetime(2199, 1, 1)),
    st.integers(3, 5),
)
TIMES = REGULAR | st.lists(st.datetimes(), min_size=3, max_size=5, unique=True).map(sorted).map(
    lambda times: [*map(str, times)]
)
COLUMNS = st.fixed_dictionaries(
    {
        "time": TIMES | st.lists(CELLS, max_size=5),
        "a": st.lists(NUMBERS, min_size=3, max_size=5) | st.lists(CELLS, max_size=5),
        "b": st.lists(NUMBERS, min_size=3, max_size=3),
    }
)


# Random documents seldom have the model's columns, so those with them are made on purpose; always in process.
@settings(max_examples=EXAMPLES * 4, deadline=None, derandomize=True)
@given(data=COLUMNS, rows=st.integers(1, 50))
def test_any_cells_are_forecast_from_or_refused(data, rows):
    body = json.dumps({"data": data, "inference_length": rows})
    answer = CLIENT.post("/predict", content=body)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        predictions = answer.json()["predictions"]
        assert len(predictions) == rows
        assert all(math.isfinite(row["a"]) for row in predictions)


WORDS = [
    "{}",
    "[]",
    "[",
    "{",
    "]",
    "}",
    '"',
    '"a"',
    '"a":[1]',
    '"data":{',
    "null",
    "NaN",
    "-Infinity",
    "1e400",
    "1e-400",
    "true",
    "0",
    "-1",
    '"2024-01-01"',
    '"\\ud800"',
    "\\",
    ":",
]
PARTS = st.sampled_from([*WORDS, "9" * 400, "\u00e9", "\x00", " "]) | st.text(min_size=1, max_size=20)
STARTS = st.sampled_from(
    ["", "[", '{"data":', '{"data":{"a":[', '{"data":{"a":[1],"b":[', '{"data":{"time":[', '{"more":[', '{"index_col":']
)
ENDS = st.sampled_from(["", "]}}", "]}", "}", '"}', ']},"inference_length":3}'])
SIZES = st.integers(0, LIMITS.body_bytes) | st.integers(LIMITS.body_bytes - 64, LIMITS.body_bytes)
LONGEST_REFUSAL = 1000


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    start=STARTS,
    part=st.lists(PARTS, min_size=1, max_size=4).map("".join),
    between=st.just(",") | PARTS,
    end=ENDS,
    size=SIZES,
)
def test_bodies_up_to_the_largest_are_answered_as_documented_and_shortly(start, part, between, end, size):
    unit = (part + between).encode("utf-8", "surrogatepass")
    fixed = len(start) + len(end)
    body = start.encode() + unit * (max(size - fixed, 0) // len(unit)) + end.encode()
    answer = CLIENT.post("/predict", content=body[: LIMITS.body_bytes])
    assert answer.status_code in (200, 400, 422)
    if answer.status_code != 200:
        assert answer.json()["detail"]
        assert len(answer.content) < LONGEST_REFUSAL


@settings(max_examples=EXAMPLES // 3, deadline=None, derandomize=True)
@given(name=st.text(), cell=st.text(min_size=1) | st.floats() | st.integers(), many=st.integers(1, 100_000))
def test_refusals_repeat_little_of_the_request(name, cell, many):
    value = cell * many if isinstance(cell, str) else cell
    long_name = name * many
    for data in (
        {long_name: [value], "a": [1], "b": [1]},
        {"time": [value] * 3, "a": [1, 2, 3], "b": [1, 2, 3]},
        {"time": ["2024-01-01"] * 3, "a": [value] * 3, "b": [1, 2, 3]},
    ):
        body = json.dumps({"data": data, "index_col": long_name}).encode()
        answer = CLIENT.post("/predict", content=body)
        assert answer.status_code in (200, 400, 413, 422)
        assert len(answer.content) < LONGEST_REFUSAL
