"""Targets of any size and spread: what is trained, exported and served does not depend on the unit of the data."""

import threading
from typing import get_args

import numpy as np
import pytest
from conftest import MemoryPublisher
from consumers import FakeConsumer
from mlflow.tracking import MlflowClient
from trainings import CLAIM, stored_claim

from flts.common.consuming import ClaimLoop
from flts.common.frames import read_frame
from flts.common.runs import ModelType
from flts.forecasting.model import ModelVersion, ServingModel
from flts.preprocess.pipeline import Prepared, prepare
from flts.preprocess.settings import PreprocessSettings
from flts.training import worker as training_worker
from flts.training.exporting import NotReproduced, tolerance
from flts.training.settings import TrainingSettings
from flts.training.tracking import MlflowTracker
from flts.training.trainer import TrainedModel, train
from flts.training.worker import TrainingWorker

MODEL_TYPES = get_args(ModelType)
# An LSTM is prepared and exported as a GRU is.
FAMILIES = [model_type for model_type in MODEL_TYPES if model_type != "LSTM"]


def wave(rows: int = 300) -> np.ndarray:
    """A noisy wave of eight rows a turn."""
    noise = np.random.default_rng(7).normal(0, 0.3, rows)
    return np.sin(np.arange(rows) * 2 * np.pi / 8) + noise


def zero_inflated(rows: int = 300) -> np.ndarray:
    """Nine of ten values are 0, the others some hundreds."""
    random = np.random.default_rng(8)
    return np.where(random.uniform(size=rows) < 0.9, 0.0, random.uniform(100, 900, rows))


def prepared_of(values: np.ndarray, scaler: str) -> Prepared:
    times = np.datetime64("2024-01-01T00:00:00") + np.arange(len(values)) * np.timedelta64(600, "s")
    lines = [f"{time},{value!r}" for time, value in zip(times, values.tolist(), strict=True)]
    settings = PreprocessSettings(train_file="series.csv", scaler=scaler)
    return prepare(settings, "\n".join(["time,value", *lines]).encode(), None)


def trained(prepared: Prepared, model_type: str) -> TrainedModel:
    settings = TrainingSettings(model_type=model_type, output_seq_len=1, hidden_size=8, epochs=3)
    frames = read_frame(prepared.train), read_frame(prepared.test)
    return train(settings, CLAIM, *frames, lambda number, metrics: None, threading.Event())


def relative_error(level: float, spread: float, scaler: str, model_type: str) -> float:
    """The held-out error in terms of the last value's, which has no unit."""
    model = trained(prepared_of(level + spread * wave(), scaler), model_type)
    assert model.metrics["baseline_rmse"] == pytest.approx(spread * 0.7, rel=0.1)
    # Serving asks again what the trainer asked, with the trainer's tolerance.
    ServingModel(ModelVersion("run", model_type, "hash", 1), model.spec, model.onnx_bytes)
    return model.metrics["test_rmse"] / model.metrics["baseline_rmse"]


@pytest.fixture(scope="module")
def usual():
    """What each family reaches on numbers of an ordinary size."""
    return {model_type: relative_error(0, 1, "MinMaxScaler", model_type) for model_type in FAMILIES}


# Promise: targets-any-size-spread
@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize(
    ("level", "spread", "scaler"),
    [
        (40_000, 1, ""),
        (1e9, 1, ""),
        (1e9, 1, "MaxAbsScaler"),
        (1, 1e-9, ""),
        (1, 1e-9, "RobustScaler"),
        (0, 1e-9, ""),
        (0, 1e-18, "StandardScaler"),
        (0, 1e12, ""),
    ],
)
def test_forecasts_are_as_good_in_any_unit(level, spread, scaler, model_type, usual):
    assert relative_error(level, spread, scaler, model_type) == pytest.approx(usual[model_type], rel=0.05)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("scaler", ["RobustScaler", ""])
def test_series_of_mostly_zeros_are_trained(scaler, model_type):
    prepared = prepared_of(zero_inflated(), scaler)
    model = trained(prepared, model_type)
    assert model.metrics["test_rmse"] < 1.5 * model.metrics["baseline_rmse"]
    if scaler == "RobustScaler":
        # The quartiles are both 0: the deviation takes their place, and values stay near 1.
        assert np.abs(read_frame(prepared.train).features[:, 0]).max() < 10


@pytest.mark.parametrize("value", [0.0, 40_000.0])
@pytest.mark.parametrize("model_type", FAMILIES)
def test_a_held_out_part_that_never_changes_is_trained(value, model_type):
    values = np.concatenate([value + wave(240), np.full(60, value)])
    model = trained(prepared_of(values, ""), model_type)
    assert np.isfinite(model.metrics["test_rmse"])


def test_the_tolerance_follows_the_unit_of_the_target():
    values = wave()
    allowed = tolerance(values[:-1], values[1:])
    assert tolerance(values[:-1] * 1e-9, values[1:] * 1e-9) == pytest.approx(allowed * 1e-9)
    assert tolerance(values[:-1] + 40_000, values[1:] + 40_000) > 0.04
    assert tolerance(np.zeros(3), np.zeros(3)) > 0


# Promise: targets-any-size-spread
@pytest.mark.parametrize(
    "problem",
    [
        NotReproduced("the ONNX model differs from the trained one by 3 in scaled units"),
        ValueError("Input contains NaN"),
        np.linalg.LinAlgError("Singular matrix"),
        OverflowError("too large"),
        FloatingPointError("underflow"),
        ZeroDivisionError("float division by zero"),
    ],
)
def test_what_the_data_make_fail_is_tried_once_and_its_dead_letter_has_the_reason(
    problem, mlflow_uri, store, monkeypatch
):
    tries = []

    def failing(*_):
        tries.append(1)
        raise problem

    monkeypatch.setattr(training_worker, "train", failing)
    letter, runs = life(mlflow_uri, store)
    assert len(tries) == 1
    assert str(problem) in letter["error"]
    assert type(problem).__name__ in letter["error"]
    assert [(run.info.status, str(problem) in run.data.tags["mlflow.note.content"]) for run in runs] == [
        ("FAILED", True)
    ]


def test_what_may_pass_by_itself_is_tried_again(mlflow_uri, store, monkeypatch):
    tries = []

    def failing(*_):
        tries.append(1)
        raise MemoryError("no room")

    monkeypatch.setattr(training_worker, "train", failing)
    life(mlflow_uri, store)
    assert len(tries) == 2


def life(mlflow_uri, store):
    """The dead letter and the runs that a trainer leaves behind, which may try twice."""
    claim = stored_claim(store, prepared_of(wave(), ""))
    stop, publisher = threading.Event(), MemoryPublisher()
    settings = TrainingSettings(mlflow_tracking_uri=mlflow_uri)
    tracker = MlflowTracker(settings)
    consumer = FakeConsumer([claim], stop)
    handler = TrainingWorker(settings, store, tracker, publisher, stop).handle
    ClaimLoop(consumer, handler, publisher, "DLQ", stop, max_retries=1, first_pause_seconds=0.01).run()
    (letter,) = publisher.on("DLQ")
    client = MlflowClient(mlflow_uri)
    return letter, client.search_runs([client.get_experiment_by_name("Default").experiment_id])
