"""Which model is in service: the promoted one, if it works, else the one before."""

import json

import httpx
import numpy as np
import pytest
from serving_models import ROWS, last_plus, make_model, make_promotion, make_spec, make_version

from flts.common.runs import ClaimKey, run_tags
from flts.common.serving import SelfCheck
from flts.inference.artifacts import MlflowArtifacts
from flts.inference.inservice import ModelInService
from flts.inference.model import BadModel, ServingModel
from flts.inference.pinned import PinnedModel
from flts.inference.predictionlog import PredictionLog
from flts.inference.promoted import PromotedModel


class FakeSource:
    def __init__(self):
        self.loads = []
        self.error = None

    def version(self, run_id):
        return make_version(run_id)

    def load(self, version, threads):
        self.loads.append(version.run_id)
        if self.error:
            raise self.error
        return make_model(version.run_id)


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
def in_service():
    return ModelInService()


@pytest.fixture
def promoted(in_service, store, source):
    return PromotedModel(in_service, store, source, "model-promotion", "global")


def point_to(store, run_id):
    store.put("model-promotion", "global/current.json", make_promotion(run_id).to_bytes())


def test_follows_the_pointer_once_per_change(in_service, store, source, promoted):
    assert promoted.refresh() is False
    assert in_service.version is None
    point_to(store, "one")
    assert promoted.refresh() is True
    assert promoted.refresh() is False
    point_to(store, "two")
    assert promoted.refresh() is True
    assert source.loads == ["one", "two"]
    assert in_service.version.run_id == "two"


def test_a_bad_model_is_refused_once_and_the_old_one_stays(in_service, store, source, promoted):
    point_to(store, "one")
    promoted.refresh()
    point_to(store, "two")
    source.error = BadModel("broken")
    promoted.refresh()
    promoted.refresh()
    assert source.loads == ["one", "two"]
    assert in_service.version.run_id == "one"


def test_an_outage_is_tried_again(in_service, store, source, promoted):
    point_to(store, "one")
    source.error = httpx.ConnectError("MLflow restarts")
    with pytest.raises(httpx.ConnectError):
        promoted.refresh()
    source.error = None
    assert promoted.refresh() is True
    assert in_service.version.run_id == "one"


def test_a_pinned_run_is_served_whatever_is_promoted(in_service, source):
    pinned = PinnedModel(in_service, source, "canary")
    source.error = BadModel("MLflow has no such run")
    assert pinned.refresh() is False
    assert in_service.current is None
    source.error = None
    assert pinned.refresh() is True
    assert pinned.refresh() is False
    assert in_service.version.run_id == "canary"
    assert source.loads == ["canary", "canary"]


def test_a_pointer_that_is_not_a_promotion_is_refused(in_service, store, source, promoted):
    store.put("model-promotion", "global/current.json", b"--boundary {}")
    assert promoted.refresh() is False
    store.put("model-promotion", "global/current.json", make_promotion().to_bytes().replace(b"run-1", b"../x"))
    assert promoted.refresh() is False
    assert source.loads == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_sha256": "0"}, "SHA-256"),
        ({"config_hash": "other"}, "the run was to be"),
        ({"model_type": "LSTM"}, "the run was to be"),
        ({"features": ["b", "a"]}, "another order"),
        ({"self_check": SelfCheck(window=[[1.0, 1.0]] * ROWS, expected=[5.0])}, "answers its self-check"),
        ({"self_check": SelfCheck(window=[[1.0]] * ROWS, expected=[1.1])}, "shape"),
        ({"output_seq_len": 2}, "expects 1 rows of a model of 2"),
    ],
)
def test_models_that_must_not_be_served(changes, words):
    content = last_plus(0.1, 1, 2)
    with pytest.raises(BadModel, match=words):
        ServingModel(make_version(), make_spec(content, **changes), content)


def test_bytes_that_are_no_model():
    with pytest.raises(BadModel, match="does not load"):
        ServingModel(make_version(), make_spec(b"junk"), b"junk")


def test_downloads_through_mlflows_artifact_proxy():
    content = last_plus(0.1, 1, 2)
    files = {"serving.json": make_spec(content).model_dump_json().encode(), "model.onnx": content}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/2.0/mlflow/runs/get":
            run_id = request.url.params["run_id"]
            if run_id == "missing":
                return httpx.Response(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST"})
            info = {
                "artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts",
                "status": "FAILED" if run_id == "failed" else "FINISHED",
            }
            tags = [] if run_id == "foreign" else run_tags(ClaimKey("", "hash", 3), "GRU").items()
            data = {"tags": [{"key": key, "value": value} for key, value in tags]}
            return httpx.Response(200, json={"run": {"info": info, "data": data}})
        root = "/api/2.0/mlflow-artifacts/artifacts/0/run-1/artifacts/GRU/"
        name = request.url.path.removeprefix(root)
        return httpx.Response(200, content=files[name]) if name in files else httpx.Response(404)

    source = MlflowArtifacts("http://mlflow:5000", httpx.MockTransport(answer))
    model = source.load(make_version(), 1)
    assert model.run(np.ones((2, ROWS, 2), np.float32), np.zeros(2)).shape == (2, 1)
    with pytest.raises(BadModel, match="MLflow has no"):
        source.load(make_version("other"), 1)
    assert source.version("run-1") == make_version("run-1", generation=3)
    for run_id, words in (("missing", "MLflow has no"), ("failed", "is FAILED"), ("foreign", "no trainer of this")):
        with pytest.raises(BadModel, match=words):
            source.version(run_id)


def test_log_lines_become_new_objects(store):
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=3)
    log.start()
    for number in range(5):
        log.add({"number": number})
    log.flush()
    log.add({"number": 9})
    log.stop()
    keys = store.keys("inference-logs", "default/")
    assert len(keys) == len(set(store.writes)) == 2
    lines = [json.loads(line) for key in store.writes for line in store.get("inference-logs", key).body.splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2, 9]


def test_a_log_that_cannot_be_written_is_dropped(store):
    store.fail_on = "default"
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=3)
    log.add({"number": 1})
    log.flush()
    assert store.objects == {}
