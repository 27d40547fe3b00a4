"""GRU and LSTM with Keras on JAX.

The network forecasts the difference to the last value, in units of the training rows' usual difference, from
standardised features; both maps are constants inside the model, so that the model itself takes and gives plain scaled
features. Repeating the last value is then what an untrained network does, and training can only improve on it.
"""

import math
import threading
import time
from typing import NamedTuple

import keras
import numpy as np
import onnx
import structlog

from flts.common.frames import FeatureFrame
from flts.common.shutdown import StopRequested
from flts.common.windows import Windows
from flts.training.family import EpochReport
from flts.training.recurrent_onnx import to_onnx
from flts.training.settings import TrainingSettings

_LAYERS = {"GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}
_PREDICTION_BATCH = 1024
# Constant columns have no spread; dividing by it must not blow up rounding noise.
_SMALLEST_SPREAD = 1e-6


class Standard(NamedTuple):
    """Constants of the network: features' mean and spread, and the spread of the target's differences."""

    mean: np.ndarray
    spread: np.ndarray
    difference: float


def standard_of(windows: Windows, target_index: int) -> Standard:
    """Constants from training windows only."""
    rows = windows.inputs[:, -1]
    difference = windows.targets - windows.inputs[:, -1, target_index][:, None]
    return Standard(
        mean=rows.mean(axis=0),
        spread=np.maximum(rows.std(axis=0), _SMALLEST_SPREAD),
        difference=max(float(difference.std()), _SMALLEST_SPREAD),
    )


def build(settings: TrainingSettings, features: int, target_index: int, standard: Standard) -> keras.Model:
    """Untrained model: (batch, input_seq_len, features) to (batch, output_seq_len), both scaled."""
    keras.utils.set_random_seed(settings.seed)
    inputs = keras.Input((settings.input_seq_len, features), name="window")
    hidden = keras.layers.Normalization(mean=standard.mean, variance=standard.spread**2, name="standardise")(inputs)
    for number in range(settings.num_layers):
        hidden = _LAYERS[settings.model_type](
            settings.hidden_size,
            return_sequences=number < settings.num_layers - 1,
            name=f"recurrent_{number}",
        )(hidden)
    change = keras.layers.Dense(settings.output_seq_len, name="change")(hidden)
    change = keras.layers.Rescaling(standard.difference, name="unit")(change)
    last = inputs[:, -1, target_index : target_index + 1]
    return keras.Model(inputs, keras.layers.Add(name="forecast")([change, last]), name=settings.model_type.lower())


class RecurrentModel(NamedTuple):
    """A trained network; see family.FittedModel."""

    network: keras.Model
    target_index: int
    epochs_run: int
    params: dict[str, str]
    metrics: dict[str, float]

    def predict(self, windows: Windows) -> np.ndarray:
        """See FittedModel.predict."""
        return np.asarray(self.network.predict(windows.inputs, batch_size=_PREDICTION_BATCH, verbose=0))

    def to_onnx(self) -> onnx.ModelProto:
        """See FittedModel.to_onnx."""
        return to_onnx(self.network, self.target_index)


def fit(
    settings: TrainingSettings,
    data: FeatureFrame,
    windows: Windows,
    report: EpochReport,
    stop: threading.Event,
) -> RecurrentModel:
    """Train with early stopping and keep the best weights; raises StopRequested.

    `report` gets train_loss, val_loss and, in raw units, train_rmse and val_rmse.
    """
    transform = data.transform
    train, validation = windows.split(settings.validation_fraction)
    standard = standard_of(train, transform.target_index)
    network = build(settings, len(transform.features), transform.target_index, standard)
    unit = 1.0 / standard.difference

    def loss(actual: object, predicted: object) -> object:
        return keras.ops.mean(keras.ops.square((actual - predicted) * unit))

    network.compile(optimizer=keras.optimizers.Adam(settings.learning_rate, clipnorm=1.0), loss=loss)
    history = network.fit(
        train.inputs,
        train.targets,
        validation_data=(validation.inputs, validation.targets),
        validation_batch_size=_PREDICTION_BATCH,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        verbose=0,
        callbacks=[
            _StopOnRequest(stop),
            _Progress(settings.epochs, standard.difference * transform.scale[transform.target_index], report),
            keras.callbacks.EarlyStopping("val_loss", patience=settings.patience, restore_best_weights=True),
        ],
    )
    return RecurrentModel(network, transform.target_index, len(history.epoch), {}, {})


class _StopOnRequest(keras.callbacks.Callback):
    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._stop.is_set():
            raise StopRequested


class _Progress(keras.callbacks.Callback):
    def __init__(self, epochs: int, raw_unit: float, report: EpochReport) -> None:
        super().__init__()
        self._epochs = epochs
        self._raw_unit = raw_unit
        self._report = report
        self._started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        done = epoch + 1
        elapsed = time.monotonic() - self._started
        train_loss, val_loss = (float((logs or {})[name]) for name in ("loss", "val_loss"))
        structlog.get_logger().info(
            "epoch",
            epoch=f"{done}/{self._epochs}",
            loss=round(train_loss, 5),
            val_loss=round(val_loss, 5),
            elapsed_seconds=round(elapsed, 1),
            eta_seconds=round(elapsed / done * (self._epochs - done), 1),
        )
        self._report(
            epoch,
            {
                "train_loss": train_loss,
                "val_loss": val_loss,
                "train_rmse": math.sqrt(train_loss) * self._raw_unit,
                "val_rmse": math.sqrt(val_loss) * self._raw_unit,
            },
        )
