"""Whatever is sent, the API answers as its own document says, and never with a server error.

Against a live service instead: FLTS_FUZZ_URL=http://127.0.0.1:8023 pytest tests/test_inference_fuzz.py
"""

import json
import math
import os

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
from flts.inference.predictor import Predictor

URL = os.environ.get("FLTS_FUZZ_URL")
# Bounds the time: some seconds in process.
EXAMPLES = int(os.environ.get("FLTS_FUZZ_EXAMPLES", "150"))

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def app() -> FastAPI:
    in_service = in_service_with(make_model())
    predictor = Predictor(in_service, "default", lambda line: None, largest_batch=4, most_waiting=8)
    return inference_app(in_service, predictor, largest_body_bytes=100_000)


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
TIMES = st.lists(st.datetimes(), min_size=3, max_size=5, unique=True).map(sorted).map(lambda times: [*map(str, times)])
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
