"""Several series in one service: each has its own model."""

import pytest
from fastapi.testclient import TestClient

from api.client import DATA, promotion_of, several
from flts.inference.api import inference_app
from flts.inference.inservice import Models
from flts.inference.predictor import Predictor


def test_each_series_is_answered_by_its_own_model():
    client = several()
    for name in ("one", "two"):
        answer = client.post("/predict", json={"data": DATA, "series": name}).json()
        assert (answer["series"], answer["run_id"]) == (name, f"run-{name}")
        model = client.get("/model", params={"series": name}).json()
        assert (model["series"], model["run_id"]) == (name, f"run-{name}")


def test_series_are_listed_with_their_model_its_errors_and_age_and_the_last_actual_row():
    entry = several().get("/series").json()["series"][1]
    assert entry.pop("age_seconds") == pytest.approx(60, abs=30)
    assert entry.pop("promoted_at").endswith("Z")
    assert entry == {
        "series": "two",
        "in_memory": True,
        "run_id": "run-two",
        "model_type": "GRU",
        "config_hash": "hash",
        "generation": 1,
        "below_floor": True,
        "rmse": 2.0,
        "mae": 1.0,
        "baseline_rmse": 1.5,
        "trained_until": "2024-01-01T00:04:00",
        "last_row": {"ts": "2024-01-01T00:04:00", "value": 120.5},
    }


def test_series_are_listed_page_by_page_also_those_whose_model_nobody_asked_for():
    models = Models()
    names = [f"site-{number:03d}" for number in range(250)]
    models.know(names)
    models.learn(names[0], promotion_of("two"))
    client = TestClient(inference_app(models, Predictor(models, "default", lambda line: None)))
    first = client.get("/series").json()
    assert (first["series"][0]["rmse"], first["series"][0]["in_memory"]) == (2.0, False)
    assert first["series"][1] == {"series": "site-001", "in_memory": False}
    listed, after = [], ""
    while after is not None:
        page = client.get("/series", params={"after": after}).json()
        listed += [entry["series"] for entry in page["series"]]
        after = page.get("next")
    assert listed == names
    assert client.get("/series?limit=201").status_code == 422
    assert client.get("/series", params={"after": "zzz"}).json() == {"series": []}


def test_a_request_without_a_series_goes_to_the_default_one():
    assert several(default_series="two").post("/predict", json={"data": DATA}).json()["series"] == "two"
    answer = several().post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.json()["detail"]) == (400, "name a series; there are one, two")


def test_an_unknown_series_is_404_with_those_that_there_are():
    client = several()
    answer = client.post("/predict", json={"data": DATA, "series": "three"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no series 'three'; there are one, two")
    assert client.get("/model?series=three").status_code == 404


def test_the_name_of_a_series_is_short():
    client = several()
    for answer in (
        client.post("/predict", json={"data": DATA, "series": "x" * 100_000}),
        client.get("/model", params={"series": "x" * 60_000}),
    ):
        assert answer.status_code == 422
        assert len(answer.content) < 1000
