"""CSV to forecast in one process: the real code of all services, fakes only for Kafka, S3 and MLflow."""

import hashlib
import json

import pytest
from conftest import MemoryPublisher
from fastapi.testclient import TestClient

from flts.common.messages import DataClaim
from flts.evaluation.pointers import PromotionStore
from flts.evaluation.scoring import Candidate
from flts.evaluation.settings import EvaluationSettings
from flts.evaluation.worker import EvaluationWorker
from flts.inference.api import inference_app
from flts.inference.model import ServingModel
from flts.inference.promoted import PromotedModel
from flts.preprocess.csvfile import read_csv
from flts.preprocess.job import PreprocessJob
from flts.preprocess.settings import PreprocessSettings
from flts.training.settings import TrainingSettings
from flts.training.tracking import RunHandle
from flts.training.worker import TrainingWorker


class FakeMlflow:
    """Tracker, finished runs and model source at once."""

    def __init__(self):
        self.claims = {}
        self.models = {}
        self.ended = {}

    def finished(self, claim):
        runs = [run for run, known in self.claims.items() if known == claim and self.ended.get(run) == "FINISHED"]
        return RunHandle(runs[0], "Default") if runs else None

    def start(self, claim: DataClaim, data):
        run_id = hashlib.sha1(str(len(self.claims)).encode()).hexdigest()
        self.claims[run_id] = claim
        return RunHandle(run_id, "Default")

    def epoch(self, run, number, metrics):
        assert metrics["val_rmse"] > 0

    def finish(self, run, model, preprocess_config):
        self.models[run.run_id] = model
        self.ended[run.run_id] = "FINISHED"

    def give_up(self, run, status):
        self.ended[run.run_id] = status

    def of(self, event):
        return [
            Candidate(run, self.models[run].spec.model_type, "Default", 1, self.models[run].metrics)
            for run, claim in self.claims.items()
            if self.ended.get(run) == "FINISHED"
            and (claim.config_hash, claim.generation) == (event.config_hash, event.generation)
        ]

    def load(self, promotion, threads):
        model = self.models[promotion.run_id]
        return ServingModel(promotion, model.spec, model.onnx_bytes, threads)


@pytest.fixture
def mlflow():
    return FakeMlflow()


def test_csv_to_forecast(store, publisher, stop, mlflow, sample_csv):
    store.put("dataset", "sample.csv", sample_csv)
    PreprocessJob(PreprocessSettings(train_file="sample.csv"), store, publisher).run()
    (claim,) = publisher.on("training-data")

    trainer = TrainingWorker(TrainingSettings(epochs=2), store, mlflow, publisher, stop)
    payload = DataClaim.model_validate(claim).to_bytes()
    trainer.handle(payload)
    trainer.handle(payload)
    events = publisher.on("model-training")
    assert [event["status"] for event in events] == ["RUNNING", "SUCCESS", "SUCCESS"]
    assert len({event["run_id"] for event in events}) == 1
    assert events[1]["operation"] == "Trained: GRU"

    pointers = PromotionStore(store, "model-promotion", "global", unnamed=True)
    evaluator = EvaluationWorker(EvaluationSettings(), mlflow, pointers, publisher)
    for topic, _, event in list(publisher.sent):
        if topic == "model-training":
            evaluator.handle(json.dumps(event).encode())
    assert len(publisher.on("model-selected")) == 1

    promoted = PromotedModel(store, mlflow, "model-promotion", "global", poll_seconds=1, threads=1)
    promoted.refresh()
    client = TestClient(inference_app(promoted, "default", lambda line: None, max_concurrency=1))
    table = read_csv("sample.csv", sample_csv)
    rows = slice(-17, -1)
    data = {name: table.values[rows, at].tolist() for at, name in enumerate(table.columns)}
    data["time"] = table.times[rows].astype("datetime64[s]").astype(str).tolist()
    (row,) = client.post("/predict", json={"data": data}).json()["predictions"]
    assert row["ts"] == str(table.times[-1].astype("datetime64[s]"))
    # Raw units: the size of the data, not of a scaled number.
    assert table.values[:, 0].min() / 2 < row["down"] < table.values[:, 0].max() * 2


def test_outdated_and_foreign_claims_are_left_alone(store, publisher, stop, mlflow, sample_csv):
    store.put("dataset", "sample.csv", sample_csv)
    PreprocessJob(PreprocessSettings(train_file="sample.csv"), store, publisher).run()
    claim = DataClaim.model_validate(publisher.on("training-data")[0])
    quiet = MemoryPublisher()
    trainer = TrainingWorker(TrainingSettings(), store, mlflow, quiet, stop)
    trainer.handle(claim.model_copy(update={"etag": "older"}).to_bytes())
    trainer.handle(claim.model_copy(update={"identifier": "other-team"}).to_bytes())
    trainer.handle(claim.model_copy(update={"operation": "post: test data"}).to_bytes())
    assert quiet.sent == []
    assert mlflow.claims == {}
