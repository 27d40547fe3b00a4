"""Networks that share compiled steps: as fast as that makes them, and with the numbers of a network that is alone."""

import threading
from collections import OrderedDict

import numpy as np
import pytest
from jax import monitoring
from plain_frames import frame_of, windows_of

from flts.common.windows import Windows
from flts.training import compiling, recurrent
from flts.training.settings import TrainingSettings

SETTINGS = TrainingSettings(hidden_size=2, input_seq_len=4, output_seq_len=2, epochs=1)


@pytest.fixture
def trained_before(monkeypatch):
    """No network was trained before, by other tests."""
    kept = OrderedDict()
    monkeypatch.setattr(compiling, "_trained", kept)
    return kept


@pytest.fixture
def compiled():
    """What JAX compiles meanwhile."""
    seen = []

    def listen(event, seconds, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(seconds)

    monitoring.register_event_duration_secs_listener(listen)
    yield seen
    monitoring.unregister_event_duration_listener(listen)


def trained(seed: int) -> tuple[recurrent.RecurrentModel, Windows]:
    data = frame_of(np.random.default_rng(seed).normal(size=120).cumsum(), "2020-01-01", 60)
    windows = windows_of(data, SETTINGS.input_seq_len, SETTINGS.output_seq_len)
    stop = threading.Event()
    return recurrent.fit(SETTINGS, data, windows, lambda number, metrics: None, stop), windows


# Promise: training-compiles-once
def test_a_network_of_a_known_shape_compiles_nothing_and_answers_as_if_it_were_alone(trained_before, compiled):
    first, windows = trained(1)
    answer = first.predict(windows)
    assert compiled
    compiled.clear()
    second, others = trained(2)
    shared = second.predict(others)
    assert compiled == []
    assert np.array_equal(first.predict(windows), answer)
    trained_before.clear()
    alone, _ = trained(2)
    assert np.array_equal(alone.predict(others), shared)
    for one, other in zip(alone.network.get_weights(), second.network.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_only_networks_that_compute_alike_have_one_shape():
    shape = compiling.shape_of(SETTINGS, 3)
    assert compiling.shape_of(SETTINGS.model_copy(update={"identifier": "another"}), 3) == shape
    assert compiling.shape_of(SETTINGS, 4) != shape
    changes = {"hidden_size": 3, "output_seq_len": 3, "num_layers": 2, "learning_rate": 0.1, "model_type": "LSTM"}
    for name, value in changes.items():
        assert compiling.shape_of(SETTINGS.model_copy(update={name: value}), 3) != shape


def test_few_shapes_are_kept(trained_before):
    for features in range(20):
        compiling.keep(compiling.shape_of(SETTINGS, features), object())
    assert len(trained_before) == 8
    assert compiling.shape_of(SETTINGS, 19) in trained_before
