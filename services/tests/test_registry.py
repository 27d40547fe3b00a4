"""MLflow's registry of served models, over MLflow's own file store, and what a notebook loads out of it."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from evaluator import FakeRegistry, evaluator, run_of, success
from mlflow.tracking import MlflowClient
from serving_models import BUCKET, copied_promotion, in_service_with, last_plus, make_spec, make_version

from flts.evaluator.registry import CHAMPION, PREVIOUS, MlflowRegistry, Registrations, registered_name
from flts.forecasting.model import ServingModel
from flts.inference.decoding import predict_request
from flts.inference.limits import Limits
from flts.inference.predictor import Predictor

ROWS = {"time": [f"2024-01-01T00:{minute:02}:00" for minute in (0, 2, 4)], "a": [99.0, None, 120.5], "b": [5.0] * 3}

# As in a notebook: nothing of the project is there but what the registry holds.
SCRIPT = """
import json, sys
import mlflow, pandas

mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/flts-site@champion")
rows = pandas.DataFrame(json.loads(sys.argv[2]))
indexed = rows.drop(columns="time").set_index(pandas.to_datetime(rows["time"]))
answers = [model.predict(given, params={"rows": 4}) for given in (rows, indexed)]
import flts
print(json.dumps({"code": flts.__file__, "answers": [answer.to_dict("records") for answer in answers]}))
"""


@pytest.fixture
def uri(tmp_path, monkeypatch):
    # MLflow asks for this consent since its file store gets no new features.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    # Its clients make a database in the working directory.
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "mlflow").as_uri()


@pytest.fixture
def client(uri):
    return MlflowClient(uri)


@pytest.fixture
def registry(uri, store):
    return MlflowRegistry(uri, store, BUCKET)


def test_the_served_model_is_the_champion_and_the_one_before_it_the_previous(client, registry, store):
    for run_id, step in (("run-1", 0.1), ("run-2", 0.2), ("run-3", 0.3)):
        registry.register(copied_promotion(store, run_id, step, series="site", rmse=1.5, baseline_rmse=2.5))
    champion = client.get_model_version_by_alias("flts-site", CHAMPION)
    assert (champion.tags["flts.run_id"], champion.tags["flts.test_rmse"], champion.tags["flts.baseline_rmse"]) == (
        "run-3",
        "1.5",
        "2.5",
    )
    assert client.get_model_version_by_alias("flts-site", PREVIOUS).tags["flts.run_id"] == "run-2"


def test_registering_again_makes_no_further_version(client, registry, store):
    promotion = copied_promotion(store, series="site")
    registry.register(promotion)
    registry.register(promotion)
    assert len(client.search_model_versions("name = 'flts-site'")) == 1


def test_an_evaluator_that_died_before_the_alias_takes_the_version_that_is_there(client, registry, store):
    promotion = copied_promotion(store, series="site")
    registry.register(promotion)
    client.delete_registered_model_alias("flts-site", CHAMPION)
    registry.register(promotion)
    assert len(client.search_model_versions("name = 'flts-site'")) == 1
    assert client.get_model_version_by_alias("flts-site", CHAMPION).tags["flts.run_id"] == promotion.run_id


def test_pipelines_and_series_have_names_of_their_own():
    assert registered_name("", "") == "flts"
    assert registered_name("", "PobleSec") == "flts-PobleSec"
    assert registered_name("team-a", "PobleSec") == "team-a.flts-PobleSec"


# Promise: registry-champion
def test_a_notebook_forecasts_from_raw_rows_what_the_api_answers(registry, store, uri, tmp_path):
    registry.register(copied_promotion(store, series="site"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, uri, json.dumps(ROWS)],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert "flts.zip" in found["code"]

    content = last_plus(0.1, 1, 2)
    predictor = Predictor(
        in_service_with(ServingModel(make_version(), make_spec(content), content)), "", lambda _: None
    )
    request = predict_request(json.dumps({"data": ROWS}).encode(), Limits())

    async def answered():
        return json.loads(await predictor.answer(await predictor.task(request, 4)))

    expected = asyncio.run(answered())["predictions"]
    assert found["answers"] == [expected, expected]


def test_each_promotion_is_registered_once_and_so_is_what_is_served_after_a_restart(store, publisher, runs):
    registry = FakeRegistry()
    runs.add(run_of())
    worker = evaluator(store, publisher, runs, registry=registry)
    worker.handle(success())
    assert not registry.registered
    worker.check_waiting()
    worker.check_waiting()
    assert [promotion.run_id for promotion in registry.registered] == ["run-GRU"]
    evaluator(store, publisher, runs, registry=registry).check_waiting()
    assert len(registry.registered) == 2


def test_a_registry_that_is_unavailable_is_asked_again_and_holds_up_no_promotion(store, publisher, runs):
    registry = FakeRegistry()
    registry.error = ConnectionError("refused")
    runs.add(run_of())
    worker = evaluator(store, publisher, runs, registry=registry)
    worker.handle(success())
    worker.check_waiting()
    assert len(publisher.on("model-selected")) == 1
    registry.error = None
    worker.check_waiting()
    assert len(registry.registered) == 1


def test_a_registry_that_refuses_a_model_gets_the_next_one(store):
    registry = FakeRegistry()
    registrations = Registrations(registry)
    registry.error = ValueError("refused")
    registrations.note(copied_promotion(store, "run-1", series="one"))
    registrations.catch_up()
    registry.error = None
    registrations.note(copied_promotion(store, "run-2", series="two"))
    registrations.catch_up()
    assert [promotion.run_id for promotion in registry.registered] == ["run-2"]
