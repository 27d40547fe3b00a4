"""What the evaluator copies for inference: the trainer's very files, before the pointer; never what was changed."""

import hashlib
import json

import numpy as np
import pytest
from evaluator import files_of, pointer, run_of, success
from mlflow.tracking import MlflowClient
from prometheus_client import REGISTRY
from pydantic import ValidationError
from serving_models import last_plus, make_spec

from flts.common.consuming import Refused
from flts.common.frames import FeatureFrame
from flts.common.messages import LARGEST_ARTIFACT_BYTES, DataClaim, Promotion, TrainingEvent
from flts.common.promotions import PromotionKeys
from flts.common.runs import ClaimKey
from flts.evaluator import artifacts
from flts.evaluator.artifacts import ArtifactCopies, MlflowFiles
from flts.evaluator.tracking import MlflowRuns
from flts.training.settings import TrainingSettings
from flts.training.tracking import MlflowTracker
from flts.training.trainer import TrainedModel
from flts.training.worker import held_out_params

BUCKET = "model-promotion"


def decisions(outcome):
    return REGISTRY.get_sample_value("evaluator_decisions_total", {"outcome": outcome})


def test_the_winners_files_lie_by_their_content_where_the_pointer_says(make, store, publisher, runs):
    runs.add(run_of())
    make().handle(success())
    promotion = pointer(store)
    model, spec = files_of("run-GRU", "GRU").values()
    for name, content, file in (("model", model, "model.onnx"), ("spec", spec, "serving.json")):
        digest = hashlib.sha256(content).hexdigest()
        assert promotion[name] == {"key": f"global/models/{digest}/{file}", "sha256": digest, "size": len(content)}
        assert store.get(BUCKET, promotion[name]["key"]).body == content
    assert publisher.on("model-selected") == [promotion]


def test_objects_come_before_the_pointer_and_the_history_last(make, store, runs):
    runs.add(run_of())
    make().handle(success())
    kinds = [key.split("/")[1] if "/promotion-" not in key else "history" for key in store.writes if "/" in key]
    assert kinds[:2] == ["models", "models"]
    assert kinds.index("series") > kinds.index("models")
    assert kinds[-1] == "history"


@pytest.mark.parametrize("file", ["model.onnx", "serving.json"])
def test_files_that_were_changed_in_mlflow_after_the_training_are_not_promoted(make, store, publisher, runs, file):
    before = decisions("artifacts_refused")
    runs.add(run_of())
    runs.files["run-GRU", f"GRU/{file}"] += b" "
    with pytest.raises(Refused, match=f"{file} of run run-GRU was changed"):
        make().handle(success())
    assert publisher.sent == []
    assert [key for key in store.writes if key.endswith("current.json")] == []
    assert decisions("artifacts_refused") == before + 1


def test_a_model_and_a_spec_of_different_runs_are_not_promoted(make, runs):
    model = b"another model"
    runs.add(run_of(model_sha256=hashlib.sha256(model).hexdigest()))
    runs.files["run-GRU", "GRU/model.onnx"] = model
    with pytest.raises(Refused, match="is not about its model"):
        make().handle(success())


@pytest.mark.parametrize("spec", [b"junk", b"[]", b"{}"])
def test_a_spec_that_cannot_be_read_is_not_promoted(make, runs, spec):
    runs.add(run_of(spec_sha256=hashlib.sha256(spec).hexdigest()))
    runs.files["run-GRU", "GRU/serving.json"] = spec
    with pytest.raises(Refused, match="cannot be read"):
        make().handle(success())


def test_a_run_without_recorded_digests_is_not_promoted(make, runs):
    runs.add(run_of(model_sha256="", spec_sha256=""))
    with pytest.raises(Refused, match="--reprocess"):
        make().handle(success())


def test_a_loser_that_was_changed_does_not_hold_up_the_winner(make, store, runs):
    runs.add(run_of("GRU", rmse=2))
    runs.add(run_of("LSTM", rmse=1))
    runs.files["run-GRU", "GRU/model.onnx"] = b"changed"
    make("GRU,LSTM").handle(success())
    assert pointer(store)["run_id"] == "run-LSTM"
    assert store.etag(BUCKET, "global/runs/run-GRU.json") is None


def test_every_compared_run_can_be_served_by_a_canary(make, store, runs):
    runs.add(run_of("GRU", rmse=2))
    runs.add(run_of("LSTM", rmse=1))
    make("GRU,LSTM").handle(success())
    for kind, rmse in (("GRU", 2), ("LSTM", 1)):
        offered = Promotion.model_validate(pointer(store, f"global/runs/run-{kind}.json"))
        assert (offered.run_id, offered.model_type, offered.rmse) == (f"run-{kind}", kind, rmse)
        assert store.get(BUCKET, offered.model.key).body == f"model of run-{kind}".encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"series": "../other"},
        {"series": "a/b"},
        {"series": ".hidden"},
        {"config_hash": "../global"},
        {"config_hash": ""},
        {"config_hash": "a/b"},
    ],
)
def test_a_message_whose_names_lead_elsewhere_is_refused(make, store, runs, changes):
    runs.add(run_of())
    message = json.dumps(json.loads(success()) | changes).encode()
    with pytest.raises(ValidationError):
        TrainingEvent.model_validate_json(message)
    with pytest.raises(Refused, match="not a training event"):
        make().handle(message)
    assert store.writes == []


def test_a_message_cannot_promote_what_was_not_trained(make, store):
    make().handle(success(config_hash="never-trained"))
    assert store.writes == []


@pytest.mark.parametrize(
    "body",
    [
        b"--boundary",
        b'{"run_id": "../x"}',
        b"x" * 2_000_000,
    ],
)
def test_a_tampered_pointer_is_neither_completed_nor_announced(make, store, publisher, runs, body):
    store.put(BUCKET, "global/series/site/current.json", body)
    runs.add(run_of())
    make().check_waiting()
    assert [message["run_id"] for message in publisher.on("model-selected")] == ["run-GRU"]
    assert pointer(store, "global/series/site/current.json")["run_id"] == "run-GRU"


@pytest.mark.parametrize("changes", [{"identifier": "team-a"}, {"series": "other"}])
def test_a_pointer_of_another_pipeline_or_series_is_not_completed(make, store, publisher, runs, changes):
    runs.add(run_of())
    make().handle(success())
    foreign = pointer(store) | changes | {"timestamp": "2030-01-01T00:00:00Z", "run_id": "foreign"}
    store.put(BUCKET, "global/series/site/current.json", json.dumps(foreign).encode())
    make().check_waiting()
    assert "foreign" not in [message["run_id"] for message in publisher.on("model-selected")]


def held_out(rows=20, scale=10.0, last=0.0):
    """Rows of columns a and b; `scale` as another training set would have given it."""
    spec = make_spec(b"")
    transform = spec.transform.model_copy(update={"scale": [scale, 1.0]})
    raw = np.column_stack([100.1 + np.arange(rows) / 3, np.ones(rows)])
    raw[-1, 0] += last
    times = np.datetime64("2024-01-01T00:00", "ns") + np.arange(rows) * np.timedelta64(120, "s")
    return FeatureFrame(times, transform.apply(raw, times), transform, "hash", "{}")


def test_errors_are_comparable_on_the_same_rows_over_the_same_steps_however_the_rows_are_scaled():
    def measured(frame, **settings):
        return held_out_params(frame, TrainingSettings(**settings))["held_out_sha256"]

    same = measured(held_out())
    assert measured(held_out(scale=7.3)) == same
    others = [
        measured(held_out(rows=21)),
        measured(held_out(last=0.1)),
        measured(held_out(), output_seq_len=12),
        measured(held_out(), input_seq_len=8),
    ]
    assert len({same, *others}) == 5


def test_the_last_actual_row_is_recorded_in_raw_units():
    params = held_out_params(held_out(rows=4), TrainingSettings())
    assert (params["last_row_time"], params["last_row_value"]) == ("2024-01-01T00:06:00", "101.1")


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A run that the real trainer's side recorded in MLflow's own file store."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlflow").as_uri()
    content = last_plus(0.1, 1, 2)
    claim = DataClaim(bucket="b", object="o", size=1, etag="etag", config_hash="hash", series="site")
    tracker = MlflowTracker(TrainingSettings(mlflow_tracking_uri=uri, experiment_name="tests"))
    run = tracker.start(claim, {"held_out_sha256": "rows", "last_row_time": "2024-01-01", "last_row_value": "1.5"})
    metrics = {"test_rmse": 1.0, "test_mae": 2.0, "test_mse": 3.0}
    tracker.finish(run, TrainedModel(content, make_spec(content), metrics, 3, {}), "{}")
    return uri, run.run_id, content


# Promise: mlflow-tracks-runs-serves
def test_what_the_trainer_records_is_what_the_evaluator_checks(trained, store, tmp_path):
    uri, run_id, content = trained
    (candidate,) = MlflowRuns(uri).of(ClaimKey("", "hash", 1, "site"))
    assert (candidate.held_out_sha256, candidate.last_row_time, candidate.last_row_value) == ("rows", "2024-01-01", 1.5)
    copies = ArtifactCopies(MlflowFiles(uri), store, BUCKET, PromotionKeys("global"))
    copied = copies.copy(candidate)
    assert store.get(BUCKET, copied.model.key).body == content
    changed = tmp_path / "model.onnx"
    changed.write_bytes(content + b" ")
    MlflowClient(uri).log_artifact(run_id, str(changed), "GRU")
    with pytest.raises(Refused, match="was changed in MLflow"):
        copies.copy(candidate)


def test_a_file_that_is_missing_or_too_large_in_mlflow_is_refused(trained, monkeypatch):
    uri, run_id, _ = trained
    files = MlflowFiles(uri)
    with pytest.raises(Refused, match=r"has no GRU/other\.onnx"):
        files.read(run_id, "GRU/other.onnx")
    monkeypatch.setattr(artifacts, "LARGEST_ARTIFACT_BYTES", 10)
    with pytest.raises(Refused, match="at most 10 are served"):
        files.read(run_id, "GRU/model.onnx")
    assert LARGEST_ARTIFACT_BYTES > 10
