"""A documented answer to every kind of wrong request."""

import json

import pytest
from prometheus_client import REGISTRY
from serving_models import make_model

from api.client import DATA, LARGEST_BODY, TIMES, client_for, rejected_with


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": None}, "missing feature columns: a"),
        ({"time": None}, "no time column"),
        ({"a": [1, 2, "x"]}, "column 'a': 'x' is not a number"),
        ({"a": [1, 2, True]}, "column 'a': True is not a number"),
        ({"a": [1, 2]}, "column 'a' has 2 values, 'time' has 3"),
        ({"time": [TIMES[0], TIMES[0], TIMES[1]]}, "not later than the row before"),
        ({"time": ["yesterday", *TIMES[:2]]}, "'yesterday' is not a time"),
        ({"time": [1, 2, 3]}, "is not a time"),
        ({"time": ["1650-01-01", "1650-01-02", "1650-01-03"]}, "not between the years 1700 and 2200"),
        ({"a": [1], "b": [1], "time": TIMES[:1]}, "1 rows are too few: the model looks at the last 3"),
        ({"a": [1, 2, 10**400]}, "too large"),
    ],
)
def test_400_says_what_is_wrong(client, change, words):
    data = {name: values for name, values in (DATA | change).items() if values is not None}
    answer = client.post("/predict", json={"data": data})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_400_without_data_and_for_an_unknown_index(client):
    assert "no data" in client.post("/predict").json()["detail"]
    assert client.post("/predict", json={}).status_code == 400
    assert "index_col 'x'" in client.post("/predict", json={"data": DATA, "index_col": "x"}).json()["detail"]


@pytest.mark.parametrize("content", ['{"data": {"a": [1e400, 1, 2], "b": [1, 2, 3], "time": %s}}'])
def test_400_for_infinite_numbers(client, content):
    body = content % json.dumps(TIMES)
    assert client.post("/predict", content=body, headers={"content-type": "application/json"}).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"data": 1}',
        '{"data": {"a": 1}}',
        '{"inference_length": 0}',
        '{"inference_length": NaN}',
        '{"inference_length": 10001}',
        '{"data": {"a": [[1]]}}',
        '{"index_col": 5}',
    ],
)
def test_422_for_wrong_schemas(client, content):
    answer = client.post("/predict", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize("declared", [True, False])
def test_413_for_a_body_over_the_limit(client, declared):
    body = json.dumps({"data": DATA, "more": "x" * LARGEST_BODY}).encode()
    # Without a length: what is sent in chunks.
    content = body if declared else iter([body[:100], body[100:]])
    answer = client.post("/predict", content=content)
    assert answer.status_code == 413
    assert str(LARGEST_BODY) in answer.json()["detail"]


def test_429_says_when_to_come_back():
    answer = client_for(make_model(), waiting=0).post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_metrics_have_the_reason_why_requests_were_rejected(client):
    def rejected(reason):
        return REGISTRY.get_sample_value("inference_requests_rejected_total", {"reason": reason}) or 0

    before = rejected("bad_data"), rejected("bad_schema")
    client.post("/predict", json={})
    client.post("/predict", json=[])
    assert (rejected("bad_data"), rejected("bad_schema")) == (before[0] + 1, before[1] + 1)


def test_a_target_without_a_known_value_is_rejected(client):
    assert "column 'a': none of the last 3 values is known" in rejected_with(client, {"a": [None] * 3})
    earlier = {"time": ["2023-12-31 23:58", *TIMES], "a": [5, None, None, None], "b": [1, 1, 2, 3]}
    assert "none of the last 3 values is known" in rejected_with(client, earlier)


@pytest.mark.parametrize(
    ("limits", "change", "body", "words"),
    [
        ({"columns": 3}, {"c": [1]}, {}, "4 columns are too many; the most is PREDICT_MAX_COLUMNS=3"),
        ({"cells": 8}, {}, {}, "9 values are too many; the most is PREDICT_MAX_CELLS=8"),
        ({"calls": 4}, {}, {"inference_length": 5}, "5 rows take 5 calls of a model that forecasts 1 at once"),
        ({"calls": 4}, {}, {"inference_length": 5}, "PREDICT_MAX_CALLS=4 (setting flts:inference.limits.calls)"),
    ],
)
def test_limits_are_named_with_their_value_and_setting(limits, change, body, words):
    detail = rejected_with(client_for(make_model(), **limits), change, **body)
    assert words in detail
    assert "setting flts:inference.limits." in detail


def test_steps_are_limited_by_rows_and_by_calls():
    client = client_for(make_model(ahead=5), steps=30, calls=4)
    assert client.post("/predict", json={"data": DATA, "inference_length": 20}).status_code == 200
    assert "ask for 20 rows or fewer" in rejected_with(client, {}, inference_length=21)
    for answer in (
        client.post("/predict", json={"data": DATA, "inference_length": 31}),
        client.post("/predict?inference_length=31", json={"data": DATA}),
    ):
        assert answer.status_code == 422
        assert "PREDICT_MAX_STEPS=30 (setting flts:inference.limits.steps)" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("query", ["0", "-1", "x", "1.5", "", "1e3", "9" * 100])
def test_422_for_a_wrong_length_in_the_query(client, query):
    answer = client.post(f"/predict?inference_length={query}", json={"data": DATA})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "query"


def test_only_the_first_mistake_is_reported(client):
    answer = client.post("/predict", json={"data": {"a": [[], {}, []], "b": 1}, "inference_length": "x"})
    assert answer.status_code == 422
    (mistake,) = answer.json()["detail"]
    assert mistake["loc"][:2] == ["body", "data"]
