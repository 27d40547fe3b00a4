"""CSV to forecast in one process: the real code of all services, fakes only for Kafka, S3 and MLflow."""

import hashlib
import json
import threading
from collections import Counter

import numpy as np
import pytest
from conftest import MemoryPublisher, preprocess
from consumers import FakeGroup
from consumers import run as consume
from evaluator import FakeRegistry
from fastapi.testclient import TestClient

from flts.common.messages import DataClaim
from flts.common.promotions import PromotionKeys
from flts.evaluator.artifacts import ArtifactCopies
from flts.evaluator.pointers import PromotionStore
from flts.evaluator.registry import Registrations
from flts.evaluator.scoring import Candidate
from flts.evaluator.settings import EvaluatorSettings
from flts.evaluator.worker import EvaluatorWorker
from flts.inference.api import inference_app
from flts.inference.artifacts import PromotedArtifacts
from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.predictor import Predictor
from flts.inference.promoted import PromotedModels
from flts.preprocess.csvfile import read_csv
from flts.preprocess.csvfile import table as csv_table
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.reading.part import Part
from flts.preprocess.series import list_series
from flts.preprocess.settings import PreprocessSettings
from flts.training.settings import TrainingSettings
from flts.training.tracking import RunHandle
from flts.training.worker import TrainingWorker

MODEL_TYPES = ("GRU", "LSTM", "PROPHET")


class FakeMlflow:
    """Finished runs and model source at once; `tracker` is the side that trainers see."""

    def __init__(self):
        self.claims = {}
        self.types = {}
        self.models = {}
        self.ended = {}

    def tracker(self, model_type):
        return FakeTracker(self, model_type)

    def of(self, event):
        return [
            Candidate(
                run,
                self.types[run],
                "Default",
                1,
                self.models[run].metrics,
                self._digest(run, "model.onnx"),
                self._digest(run, "serving.json"),
            )
            for run, claim in self.claims.items()
            if self.ended.get(run) == "FINISHED"
            and (claim.config_hash, claim.generation) == (event.config_hash, event.generation)
        ]

    def run(self, run_id):
        return next((run for run in self.of(self.claims[run_id]) if run.run_id == run_id), None)

    def read(self, run_id, path):
        return self._files(run_id)[path.rpartition("/")[2]]

    def _files(self, run_id):
        model = self.models[run_id]
        return {"model.onnx": model.onnx_bytes, "serving.json": model.spec.model_dump_json().encode()}

    def _digest(self, run_id, file):
        return hashlib.sha256(self._files(run_id)[file]).hexdigest()


class FakeTracker:
    """Tracker of one model type."""

    def __init__(self, mlflow, model_type):
        self._mlflow = mlflow
        self._model_type = model_type

    def finished(self, claim):
        for run, known in self._mlflow.claims.items():
            if known == claim and self._mlflow.types[run] == self._model_type and run in self._mlflow.models:
                return RunHandle(run, "Default")
        return None

    def start(self, claim: DataClaim, data):
        run_id = hashlib.sha1(str(len(self._mlflow.claims)).encode()).hexdigest()
        self._mlflow.claims[run_id] = claim
        self._mlflow.types[run_id] = self._model_type
        return RunHandle(run_id, "Default")

    def epoch(self, run, number, metrics):
        assert metrics["val_rmse"] > 0

    def finish(self, run, model, preprocess_config):
        self._mlflow.models[run.run_id] = model
        self._mlflow.ended[run.run_id] = "FINISHED"

    def give_up(self, run, status, reason):
        self._mlflow.ended[run.run_id] = status


@pytest.fixture
def mlflow():
    return FakeMlflow()


# Promise: trainers-log-mlflow-announce
def test_csv_to_forecast(store, publisher, stop, mlflow, sample_csv):
    store.put("dataset", "sample.csv", sample_csv)
    preprocess(PreprocessSettings(train_file="sample.csv"), store, publisher)
    (claim,) = publisher.on("training-data")

    payload = DataClaim.model_validate(claim).to_bytes()
    for model_type in MODEL_TYPES:
        settings = TrainingSettings(model_type=model_type, epochs=2)
        trainer = TrainingWorker(settings, store, mlflow.tracker(model_type), publisher, stop)
        already = len(publisher.on("model-training"))
        trainer.handle(payload)
        trainer.handle(payload)
        events = publisher.on("model-training")[already:]
        assert [event["status"] for event in events] == ["RUNNING", "SUCCESS", "SUCCESS"]
        assert len({event["run_id"] for event in events}) == 1
        assert events[1]["operation"] == f"Trained: {model_type}"

    pointers = PromotionStore(store, "model-promotion", "global", unnamed=True)
    keys = PromotionKeys("global")
    copies = ArtifactCopies(mlflow, store, "model-promotion", keys)
    settings = EvaluatorSettings(expected_model_types=MODEL_TYPES)
    evaluator = EvaluatorWorker(settings, mlflow, pointers, copies, publisher, Registrations(FakeRegistry()))
    for event in publisher.on("model-training"):
        evaluator.handle(json.dumps(event).encode())
    (selected,) = publisher.on("model-selected")
    rmse = {run: model.metrics["test_rmse"] for run, model in mlflow.models.items()}
    assert selected["run_id"] == min(rmse, key=rmse.get)

    in_service = Models()
    source = PromotedArtifacts(store, "model-promotion", keys)
    PromotedModels(in_service, Pointers(store, "model-promotion", keys), source).refresh()
    predictor = Predictor(in_service, "default", lambda line: None, largest_batch=1)
    client = TestClient(inference_app(in_service, predictor))
    series = read_csv("sample.csv", sample_csv)
    table = csv_table(Part("", series.columns, series.times, series.wall, series.lines, series.values))
    rows = slice(-17, -1)
    data = {name: table.values[at][rows].tolist() for at, name in enumerate(table.columns)}
    data["time"] = table.times[rows].astype("datetime64[s]").astype(str).tolist()
    for run_id, model_type in mlflow.types.items():
        offered = Pointers(store, "model-promotion", keys).run(run_id).promotion
        in_service.serve(source.load(offered, 1), 0.0, "sample")
        (row,) = client.post("/predict", json={"data": data}).json()["predictions"]
        assert row["ts"] == str(table.times[-1].astype("datetime64[s]"))
        # Raw units: the size of the data, not of a scaled number.
        assert table.values[0].min() / 2 < row["down"] < table.values[0].max() * 2
        # No model ignores the time of day: as a feature, or as Prophet's own input.
        evening = table.times[rows] - np.timedelta64(9, "h")
        other = data | {"time": evening.astype("datetime64[s]").astype(str).tolist()}
        (at_another_time,) = client.post("/predict", json={"data": other}).json()["predictions"]
        assert abs(at_another_time["down"] - row["down"]) > 1000, model_type


class Killed(BaseException):
    """The process is gone: nothing more is written."""


# Promise: series-once-each
def test_three_series_are_promoted_and_forecast_by_name_and_none_is_trained_twice_where_a_trainer_is_killed(
    store, publisher, mlflow, sample_csv
):
    header, *rows = sample_csv.splitlines()
    for number, name in enumerate(("ElBorn", "LesCorts", "PobleSec")):
        store.put("dataset", f"{name}.csv", b"\n".join([header, *rows[400 * number : 400 * (number + 1)]]))
    processor = SeriesProcessor(PreprocessSettings(), store, publisher)
    names = [series.name for series in list_series(store, "dataset", "").series]
    for series in list_series(store, "dataset", "").series:
        assert processor.handle(series).outcome == "processed"
    claims = publisher.on("training-data")
    assert [claim["series"] for claim in claims] == names == ["ElBorn", "LesCorts", "PobleSec"]

    def trainer(tracker, group):
        stop = threading.Event()
        settings = TrainingSettings(model_type="PROPHET")
        consume(group, TrainingWorker(settings, store, tracker, publisher, stop).handle, publisher, stop)

    class KilledAtLesCorts(FakeTracker):
        def start(self, claim, data):
            handle = super().start(claim, data)
            if claim.series == "LesCorts":
                raise Killed
            return handle

    payloads = [DataClaim.model_validate(claim).to_bytes() for claim in claims]
    group = FakeGroup(payloads)
    with pytest.raises(Killed):
        trainer(KilledAtLesCorts(mlflow, "PROPHET"), group)
    assert group.done == payloads[:1]
    trainer(mlflow.tracker("PROPHET"), group)
    # A commit may be lost with the process as well.
    trainer(mlflow.tracker("PROPHET"), FakeGroup(payloads))
    assert Counter(claim.series for claim in mlflow.claims.values()) == {"ElBorn": 1, "LesCorts": 2, "PobleSec": 1}
    assert sorted(mlflow.claims[run].series for run in mlflow.ended) == names

    pointers = PromotionStore(store, "model-promotion", "global", unnamed=True)
    keys = PromotionKeys("global")
    copies = ArtifactCopies(mlflow, store, "model-promotion", keys)
    settings = EvaluatorSettings(expected_model_types=["PROPHET"])
    evaluator = EvaluatorWorker(settings, mlflow, pointers, copies, publisher, Registrations(FakeRegistry()))
    for event in publisher.on("model-training"):
        evaluator.handle(json.dumps(event).encode())
    assert sorted(promotion["series"] for promotion in publisher.on("model-selected")) == names

    models = Models()
    source = PromotedArtifacts(store, "model-promotion", keys)
    PromotedModels(models, Pointers(store, "model-promotion", keys), source).refresh()
    client = TestClient(inference_app(models, Predictor(models, "default", lambda line: None)))
    for number, name in enumerate(names):
        answer = client.post("/predict", content=client.get("/rows", params={"series": name}).content).json()
        assert mlflow.claims[answer["run_id"]].series == answer["series"] == name
        last = rows[400 * number + 399].decode().split(",")[0].replace(" ", "T")
        assert np.datetime64(answer["predictions"][0]["ts"]) > np.datetime64(last)


def test_outdated_and_foreign_claims_are_left_alone(store, publisher, stop, mlflow, sample_csv):
    store.put("dataset", "sample.csv", sample_csv)
    preprocess(PreprocessSettings(train_file="sample.csv"), store, publisher)
    claim = DataClaim.model_validate(publisher.on("training-data")[0])
    quiet = MemoryPublisher()
    trainer = TrainingWorker(TrainingSettings(), store, mlflow.tracker("GRU"), quiet, stop)
    trainer.handle(claim.model_copy(update={"etag": "older"}).to_bytes())
    trainer.handle(claim.model_copy(update={"identifier": "other-team"}).to_bytes())
    trainer.handle(claim.model_copy(update={"operation": "post: test data"}).to_bytes())
    assert quiet.sent == []
    assert mlflow.claims == {}
