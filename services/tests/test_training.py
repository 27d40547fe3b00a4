"""Windows, metrics, ONNX equality and the two metrics that matter: the model's RMSE and the baseline's."""

import threading
from typing import get_args

import numpy as np
import onnxruntime
import pytest
from conftest import data_folder
from trainings import CLAIM, frames, train_on, trained_on_poblesec

from flts.common.calendar import fixed
from flts.common.consuming import Refused
from flts.common.runs import ModelType
from flts.common.serving import WINDOW_INPUT, seconds
from flts.common.shutdown import StopRequested
from flts.common.windows import make_windows
from flts.preprocess.pipeline import prepare
from flts.preprocess.settings import PreprocessSettings
from flts.training import recurrent
from flts.training.linear import Linear
from flts.training.settings import TrainingSettings
from flts.training.standard import Standard
from flts.training.trainer import train

MODEL_TYPES = get_args(ModelType)


@pytest.fixture(scope="module")
def prepared(sample_csv):
    return prepare(PreprocessSettings(train_file="sample.csv"), sample_csv, None)


# Promise: gru-lstm-networks-prophet
@pytest.mark.parametrize(("kind", "layers", "ahead"), [("GRU", 1, 1), ("GRU", 2, 3), ("LSTM", 2, 2)])
def test_onnx_answers_as_keras_does(kind, layers, ahead):
    random = np.random.default_rng(5)
    settings = TrainingSettings(
        model_type=kind, num_layers=layers, hidden_size=8, input_seq_len=6, output_seq_len=ahead
    )
    mean, spread = random.normal(size=4).astype(np.float32), random.uniform(0.5, 2, 4).astype(np.float32)
    linear = Linear(5, 0.1, random.normal(size=ahead), random.normal(size=(4 + 5, ahead)))
    network = recurrent.build(settings, 4)
    # Fresh biases are zero: with them, a wrong gate order of the biases would go unseen.
    network.set_weights([weight + random.normal(0, 0.3, weight.shape) for weight in network.get_weights()])
    model = recurrent.RecurrentModel(network, linear, Standard(mean, spread, 0.3, 2), 1, {}, {}, 1, settings)
    times = np.datetime64("2020-01-01", "ns") + np.arange(38 + ahead) * np.timedelta64(1, "m")
    windows = make_windows(random.normal(size=(len(times), 4)), times, 2, 6, ahead, fixed(60.0))
    session = onnxruntime.InferenceSession(model.to_onnx().SerializeToString())
    answer = session.run(None, {WINDOW_INPUT: windows.inputs})[0]
    assert answer.shape == (33, ahead)
    assert np.abs(answer - model.predict(windows)).max() < 1e-5
    one = session.run(None, {WINDOW_INPUT: windows.inputs[:1]})[0]
    assert np.abs(one - answer[:1]).max() < 1e-5


def test_windows_do_not_reach_across_gaps():
    times = np.datetime64("2020-01-01", "ns") + np.array([0, 1, 2, 3, 10, 11, 12, 13]) * np.timedelta64(1, "m")
    features = np.column_stack([np.arange(8.0), np.arange(8.0) * 10])
    windows = make_windows(features, times, 1, 2, 1, fixed(60.0))
    assert windows.inputs[:, :, 0].tolist() == [[0, 1], [1, 2], [4, 5], [5, 6]]
    assert windows.targets.tolist() == [[20], [30], [60], [70]]
    assert windows.times.tolist() == seconds(times[[1, 2, 5, 6]]).tolist()
    assert len(make_windows(features, times, 1, 7, 2, fixed(60.0))) == 0


def test_validation_is_later_and_shares_no_target_with_training():
    times = np.datetime64("2020-01-01", "ns") + np.arange(40) * np.timedelta64(1, "m")
    windows = make_windows(np.arange(40.0)[:, None], times, 0, 4, 3, fixed(60.0))
    earlier, later = windows.split(0.25)
    assert earlier.targets.max() < later.targets.min()


def test_too_little_data_is_refused(prepared):
    data, held_out = frames(prepared)
    short = held_out._replace(times=held_out.times[:10], features=held_out.features[:10])
    with pytest.raises(Refused, match="10 held-out rows give 0 windows"):
        train(TrainingSettings(), CLAIM, data, short, lambda number, metrics: None, threading.Event())


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_stop_ends_training(prepared, model_type):
    stop = threading.Event()
    stop.set()
    with pytest.raises(StopRequested):
        train_on(prepared, stop=stop, model_type=model_type)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_beats_repeating_the_last_value_on_the_sample(prepared, model_type, capsys):
    epochs = []
    model = train_on(prepared, lambda number, metrics: epochs.append(metrics), model_type=model_type)
    ours, baseline = model.metrics["test_rmse"], model.metrics["baseline_rmse"]
    with capsys.disabled():
        print(f"\nsample: {model_type} test RMSE on down {ours:,.0f}, repeat-last-value {baseline:,.0f}")
    assert ours < baseline * 0.95
    assert model.metrics["test_mse"] == pytest.approx(ours**2)
    if model_type != "PROPHET":
        assert len(epochs) == model.epochs_run
        assert {"train_loss", "val_loss", "train_rmse", "val_rmse"} == set(epochs[0])
    assert model.spec.features[0] == "down"
    data, _ = frames(prepared)
    scale = data.transform.scale[0]
    assert model.metrics["test_rmse_scaled"] * scale == pytest.approx(ours, rel=1e-6)


if data_folder() is not None:  # the real dataset is not part of the project

    @pytest.mark.parametrize("model_type", MODEL_TYPES)
    def test_beats_repeating_the_last_value_on_poblesec(model_type, capsys):
        model = trained_on_poblesec(model_type, 24)
        ours, baseline = model.metrics["test_rmse"], model.metrics["baseline_rmse"]
        with capsys.disabled():
            print(f"\nPobleSec: {model_type} test RMSE on down {ours:,.0f}, repeat-last-value {baseline:,.0f}")
        assert ours < baseline
