"""The HTTP API: raw units in and out, and a documented answer to every kind of wrong request."""

import json

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from serving_models import in_service_with, make_model

from flts.inference.api import inference_app
from flts.inference.predictor import Predictor

TIMES = ["2024-01-01 00:00:00", "2024-01-01 00:02:00", "2024-01-01 00:04:00"]
DATA = {"time": TIMES, "a": [110, 120, 130.5], "b": [1, 2, 3]}


LARGEST_BODY = 10_000


def client_for(model, lines=None, *, most_waiting=64, leaving=lambda: False):
    in_service = in_service_with(model)
    log = (lines if lines is not None else []).append
    predictor = Predictor(in_service, "default", log, largest_batch=4, most_waiting=most_waiting)
    app = inference_app(in_service, predictor, largest_body_bytes=LARGEST_BODY, leaving=leaving)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    return client_for(make_model())


def test_predicts_in_raw_units():
    lines = []
    answer = client_for(make_model(), lines).post("/predict", json={"data": DATA})
    assert answer.status_code == 200
    body = answer.json()
    assert body["predictions"] == [{"ts": "2024-01-01T00:06:00", "a": pytest.approx(131.5, abs=1e-4)}]
    assert {body["status"], body["identifier"], body["run_id"]} == {"SUCCESS", "default", "run-1"}
    assert (len(body["req_id"]), body["cached"]) == (8, False)
    assert (lines[0]["req_id"], lines[0]["rows_predicted"]) == (body["req_id"], 1)
    assert json.dumps(lines[0])


@pytest.mark.parametrize("ahead", [1, 2])
@pytest.mark.parametrize("rows", [2, 5, 9])
def test_several_rows_go_on_from_their_own_values(ahead, rows):
    client = client_for(make_model(ahead=ahead))
    body = client.post(f"/predict?inference_length={rows}", json={"data": DATA, "inference_length": 1}).json()
    assert [round(row["a"], 3) for row in body["predictions"]] == [131.5 + step for step in range(rows)]
    assert body["predictions"][-1]["ts"] == f"2024-01-01T00:{4 + 2 * rows:02d}:00"


def test_lags_need_and_get_more_rows():
    client = client_for(make_model(lags=1))
    assert client.post("/predict", json={"data": DATA}).status_code == 400
    longer = {"time": ["2023-12-31 23:58:00", *TIMES], "a": [1, *DATA["a"]], "b": [0, *DATA["b"]]}
    body = client.post("/predict", json={"data": longer}).json()
    assert body["predictions"][0]["a"] == pytest.approx(131.5, abs=1e-4)


def test_index_column_zones_nulls_and_extra_columns(client):
    times = ["2024-01-01T01:00:00+01:00", "2024-01-01T00:02:00Z", "2024-01-01T00:04"]
    data = {"when": times, "a": [110, None, 130], "b": [None] * 3, "note": ["x", None, True]}
    body = client.post("/predict", json={"data": data, "index_col": "when", "more": 1}).json()
    assert body["predictions"][0] == {"ts": "2024-01-01T00:06:00", "a": pytest.approx(131, abs=1e-4)}


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


def test_a_body_in_chunks(client):
    body = json.dumps({"data": DATA}).encode()
    assert client.post("/predict", content=iter([body[:50], body[50:]])).status_code == 200


def test_429_says_when_to_come_back():
    answer = client_for(make_model(), most_waiting=0).post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_a_leaving_replica_still_answers():
    client = client_for(make_model(), leaving=lambda: True)
    assert client.get("/ready").status_code == 503
    assert client.get("/healthz").status_code == 200
    answer = client.post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")


def test_without_a_model():
    client = client_for(None)
    assert client.get("/ready").status_code == 503
    assert client.post("/predict", json={"data": DATA}).status_code == 503
    health = client.get("/healthz").json()
    assert (health["status"], health["model_ready"], health["startup_ready_ms"]) == ("ok", False, None)


def test_probes_metrics_and_documents(client):
    ready = client.get("/ready").json()
    assert ready == {
        "status": "ready",
        "run_id": "run-1",
        "model_type": "GRU",
        "config_hash": "hash",
        "generation": 1,
        "input": {"rows": 3, "interval_seconds": 120, "median_row": {"a": 100, "b": 5}},
    }
    client.post("/predict", json={"data": DATA})
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    for name in ("inference_latency_seconds_bucket", "inference_model_ready", "inference_jobs_processed_total"):
        assert name in metrics.text
    assert 'inference_jobs_outcome_total{model_type="GRU",outcome="success",run_id="run-1"}' in metrics.text
    assert client.get("/prometheus").status_code == 200
    assert client.get("/docs").status_code == 200
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert set(operation["responses"]) == {"200", "400", "413", "422", "429", "503"}
    assert "data" in operation["requestBody"]["content"]["application/json"]["schema"]["properties"]


def test_metrics_tell_why_requests_were_rejected(client):
    def rejected(reason):
        return REGISTRY.get_sample_value("inference_requests_rejected_total", {"reason": reason}) or 0

    before = rejected("bad_data"), rejected("bad_schema")
    client.post("/predict", json={})
    client.post("/predict", json=[])
    assert (rejected("bad_data"), rejected("bad_schema")) == (before[0] + 1, before[1] + 1)
