"""What the trainer writes to MLflow is what the evaluator and inference find there; over MLflow's own file store."""

import hashlib
import json
from pathlib import Path

import mlflow.onnx
import pytest
from mlflow.tracking import MlflowClient
from serving_models import last_plus, make_spec

from flts.common.messages import DataClaim, TrainingEvent
from flts.common.serving import ServingSpec
from flts.evaluator.tracking import MlflowRuns
from flts.training.settings import TrainingSettings
from flts.training.tracking import MlflowTracker
from flts.training.trainer import TrainedModel

CLAIM = DataClaim(
    bucket="b", object="o", size=1, etag="etag", config_hash="hash", generation=2, series="site", test_object="t"
)
PLOTS = {"plots/held_out_forecast.svg": "<svg/>"}
CONTENT = last_plus(0.1, 1, 2)
METRICS = {"test_rmse": 1.0, "test_mae": 2.0, "test_mse": 3.0}
EVENT = TrainingEvent(
    operation="Trained: GRU",
    status="SUCCESS",
    experiment="Default",
    run_name="GRU",
    run_id="any",
    config_hash="hash",
    model_type="GRU",
    generation=2,
)


@pytest.fixture
def tracker(mlflow_uri):
    return MlflowTracker(TrainingSettings(mlflow_tracking_uri=mlflow_uri, experiment_name="tests"))


# Promise: mlflow-tracks-runs-serves
def test_a_finished_run_is_found_by_its_claim(mlflow_uri, tracker, tmp_path):
    assert tracker.finished(CLAIM) is None
    run = tracker.start(CLAIM, {"target": "a"})
    tracker.epoch(run, 0, {"val_loss": 0.5})
    assert MlflowRuns(mlflow_uri).of(EVENT) == []
    tracker.finish(run, TrainedModel(CONTENT, make_spec(CONTENT), METRICS, 3, {"growth": "linear"}, PLOTS), "{}")
    assert tracker.finished(CLAIM) == run
    for other in ({"generation": 3}, {"config_hash": "other"}, {"identifier": "team"}):
        assert tracker.finished(CLAIM.model_copy(update=other)) is None

    (candidate,) = MlflowRuns(mlflow_uri).of(EVENT)
    assert (candidate.run_id, candidate.model_type, candidate.experiment) == (run.run_id, "GRU", "tests")
    assert METRICS.items() <= candidate.metrics.items()

    client = MlflowClient(mlflow_uri)
    recorded = client.get_run(run.run_id)
    assert recorded.data.params["config_hash"] == "hash"
    assert recorded.data.params["input_seq_len"] == "16"
    assert recorded.data.params["growth"] == "linear"
    inputs = {given.tags[0].value: given.dataset for given in recorded.inputs.dataset_inputs}
    assert (inputs["training"].name, inputs["training"].digest) == ("site-training", "etag")
    assert json.loads(inputs["testing"].source) == {"uri": "s3://b/t"}
    plot = client.download_artifacts(run.run_id, "plots/held_out_forecast.svg", str(tmp_path))
    assert Path(plot).read_text() == "<svg/>"
    assert [point.step for point in client.get_metric_history(run.run_id, "val_loss")] == [0]
    folder = Path(client.download_artifacts(run.run_id, "GRU", str(tmp_path)))
    spec = ServingSpec.model_validate_json((folder / "serving.json").read_text())
    assert hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest() == spec.model_sha256
    assert mlflow.onnx.load_model(str(folder)).graph.name == "last_plus"
    assert "window" in (folder / "MLmodel").read_text()


def test_runs_that_a_killed_trainer_left_open_are_closed(mlflow_uri, tracker):
    orphan = tracker.start(CLAIM, {})
    second = tracker.start(CLAIM, {})
    client = MlflowClient(mlflow_uri)
    assert client.get_run(orphan.run_id).info.status == "KILLED"
    tracker.give_up(second, "FAILED", "it had to")
    assert client.get_run(second.run_id).info.status == "FAILED"
    assert tracker.finished(CLAIM) is None
