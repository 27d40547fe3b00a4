"""A stop in the middle of training loses nothing: the claim stays, the run is closed, the next start trains it once."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import SERVICES, MemoryPublisher
from consumers import FakeConsumer
from mlflow.tracking import MlflowClient
from prometheus_client import REGISTRY
from trainings import stored_claim

from flts.common.consuming import ClaimLoop
from flts.preprocess.pipeline import prepare
from flts.preprocess.settings import PreprocessSettings
from flts.training.settings import TrainingSettings
from flts.training.tracking import MlflowTracker
from flts.training.worker import TrainingWorker


class StoppingPublisher(MemoryPublisher):
    """Asks for a stop when the training has been announced."""

    def __init__(self, stop):
        super().__init__()
        self._stop = stop

    def publish(self, topic, key, message):
        super().publish(topic, key, message)
        self._stop.set()


class StoppingTracker(MlflowTracker):
    """Asks for a stop after the first epoch."""

    def __init__(self, settings, stop):
        super().__init__(settings)
        self._stop = stop

    def epoch(self, run, number, metrics):
        super().epoch(run, number, metrics)
        self._stop.set()


@pytest.fixture
def claim(store, sample_csv):
    return stored_claim(store, prepare(PreprocessSettings(train_file="sample.csv"), sample_csv, None))


def work(settings, store, claim, publisher, stop, tracker):
    """One life of a trainer; returns the claims that it committed."""
    worker = TrainingWorker(settings, store, tracker, publisher, stop)
    consumer = FakeConsumer([claim], stop)
    ClaimLoop(consumer, worker.handle, publisher, "DLQ", stop, max_retries=0).run()
    return consumer.done


def outcomes(model_type):
    names = ("success", "failure", "interrupted")
    values = {
        name: REGISTRY.get_sample_value("training_runs_total", {"model_type": model_type, "outcome": name})
        for name in names
    }
    return {name: value or 0.0 for name, value in values.items()}


@pytest.mark.parametrize(("model_type", "when"), [("GRU", "epoch"), ("PROPHET", "start")])
def test_a_stop_keeps_the_claim_for_the_next_start(model_type, when, mlflow_uri, store, claim, tmp_path):
    settings = TrainingSettings(model_type=model_type, mlflow_tracking_uri=mlflow_uri, epochs=2, hidden_size=4)
    before = outcomes(model_type)
    stop = threading.Event()
    publisher = StoppingPublisher(stop) if when == "start" else MemoryPublisher()
    tracker = StoppingTracker(settings, stop) if when == "epoch" else MlflowTracker(settings)
    assert work(settings, store, claim, publisher, stop, tracker) == []
    assert [event["status"] for event in publisher.on("model-training")] == ["RUNNING"]
    assert [(key, event["series"]) for _, key, event in publisher.sent] == [("site", "site")]

    publisher = MemoryPublisher()
    assert work(settings, store, claim, publisher, threading.Event(), MlflowTracker(settings)) == [claim]
    started, trained = publisher.on("model-training")
    assert (started["status"], trained["status"], trained["operation"]) == (
        "RUNNING",
        "SUCCESS",
        f"Trained: {model_type}",
    )
    assert publisher.on("DLQ") == []

    client = MlflowClient(mlflow_uri)
    runs = client.search_runs([client.get_experiment_by_name("Default").experiment_id])
    assert sorted(run.info.status for run in runs) == ["FINISHED", "KILLED"]
    (finished,) = [run for run in runs if run.info.status == "FINISHED"]
    assert finished.info.run_id == trained["run_id"]
    assert finished.data.tags["flts.series"] == "site"
    assert {"test_rmse", "test_mae", "test_mse", "baseline_rmse"} <= set(finished.data.metrics)

    artifacts = {file.path for file in client.list_artifacts(finished.info.run_id, model_type)}
    assert {f"{model_type}/{name}" for name in ("MLmodel", "model.onnx", "serving.json")} <= artifacts
    signature = Path(client.download_artifacts(finished.info.run_id, f"{model_type}/MLmodel", tmp_path)).read_text()
    assert '"name": "window"' in signature
    assert ('"name": "time"' in signature) == (model_type == "PROPHET")

    # A redelivery after the commit was lost trains no more.
    again = MemoryPublisher()
    assert work(settings, store, claim, again, threading.Event(), MlflowTracker(settings)) == [claim]
    assert [event["run_id"] for event in again.on("model-training")] == [trained["run_id"]]
    after = outcomes(model_type)
    assert {name: after[name] - before[name] for name in after} == {"success": 1, "failure": 0, "interrupted": 1}


def test_a_training_that_fails_is_counted_and_its_claim_becomes_a_dead_letter(mlflow_uri, store, claim):
    settings = TrainingSettings(mlflow_tracking_uri=mlflow_uri, input_seq_len=9000)
    before = outcomes("GRU")
    publisher = MemoryPublisher()
    assert work(settings, store, claim, publisher, threading.Event(), MlflowTracker(settings)) == [claim]
    (letter,) = publisher.on("DLQ")
    assert "add rows or shorten the windows" in letter["error"]
    assert outcomes("GRU")["failure"] == before["failure"] + 1
    assert REGISTRY.get_sample_value("training_in_progress", {"model_type": "GRU"}) == 0


_BLOCKED = """
import time
from flts.common.shutdown import StopRequested, stop_on_signals
from flts.training.interruptible import run_until_stopped

stop = stop_on_signals()
print("ready", flush=True)
try:
    run_until_stopped(lambda: time.sleep(600), stop, dict)
except StopRequested:
    print("kept", flush=True)
"""


def test_sigterm_ends_a_process_whose_library_blocks():
    with subprocess.Popen([sys.executable, "-c", _BLOCKED], cwd=SERVICES, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "kept\n"
        assert process.wait(timeout=30) == 0
