"""Forecasts in raw units, from what a request may look like."""

import json

import pytest
from serving_models import make_model

from api.client import DATA, TIMES, client_for


# Promise: inference-loads-was-promoted
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


def test_a_body_in_chunks(client):
    body = json.dumps({"data": DATA}).encode()
    assert client.post("/predict", content=iter([body[:50], body[50:]])).status_code == 200


def test_not_a_number_is_a_missing_value(client):
    body = json.dumps({"data": DATA | {"b": [float("nan"), 1, 2]}})
    assert "NaN" in body
    assert client.post("/predict", content=body).status_code == 200
