"""GRU and LSTM with Keras on JAX.

The network forecasts the difference to the last value, in units of the training rows' usual difference, from
standardised features; both maps are constants of the exported model, so that it takes and gives plain scaled
features. Repeating the last value is then what an untrained network does, and training can only improve on it.
"""

import threading
from typing import NamedTuple

import keras
import numpy as np
import onnx

from flts.common.frames import FeatureFrame
from flts.common.windows import Windows
from flts.training.batches import Batches, prediction_batch, validation_part
from flts.training.callbacks import Progress, StopOnRequest
from flts.training.family import EpochReport
from flts.training.recurrent_onnx import to_onnx
from flts.training.settings import TrainingSettings
from flts.training.standard import Standard, standard_of

_LAYERS = {"GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}


def build(settings: TrainingSettings, features: int) -> keras.Model:
    """Untrained model: standardised (batch, input_seq_len, features) to differences (batch, output_seq_len)."""
    keras.utils.set_random_seed(settings.seed)
    hidden = inputs = keras.Input((settings.input_seq_len, features), name="window")
    for number in range(settings.num_layers):
        hidden = _LAYERS[settings.model_type](
            settings.hidden_size,
            return_sequences=number < settings.num_layers - 1,
            name=f"recurrent_{number}",
        )(hidden)
    change = keras.layers.Dense(settings.output_seq_len, name="change")(hidden)
    return keras.Model(inputs, change, name=settings.model_type.lower())


class RecurrentModel(NamedTuple):
    """A trained network; see family.FittedModel."""

    network: keras.Model
    standard: Standard
    target_index: int
    epochs_run: int
    params: dict[str, str]
    metrics: dict[str, float]

    def predict(self, windows: Windows) -> np.ndarray:
        """See FittedModel.predict."""
        standard = windows.over(self.standard.apply(windows.rows))
        largest = prediction_batch(self.network)
        changes = [_answered(self.network, part.inputs, largest) for part in standard.parts(largest)]
        return windows.last[:, None] + np.float32(self.standard.difference) * np.concatenate(changes)

    def to_onnx(self) -> onnx.ModelProto:
        """See FittedModel.to_onnx."""
        return to_onnx(self.network, self.standard, self.target_index)


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
    standard = standard_of(train)
    network = build(settings, len(transform.features))
    network.compile(optimizer=keras.optimizers.Adam(settings.learning_rate, clipnorm=1.0), loss="mean_squared_error")
    batches = Batches(train, standard, settings.batch_size, settings.seed)
    history = network.fit(
        batches,
        validation_data=validation_part(validation, standard, prediction_batch(network)),
        epochs=settings.epochs,
        verbose=0,
        callbacks=[
            StopOnRequest(stop),
            Progress(settings.epochs, standard.difference * transform.scale[transform.target_index], report),
            keras.callbacks.EarlyStopping("val_loss", patience=settings.patience, restore_best_weights=True),
        ],
    )
    epochs = len(history.epoch)
    return RecurrentModel(
        network,
        standard,
        transform.target_index,
        epochs,
        {"steps_per_epoch": str(len(batches)), "windows_per_step": str(batches.size)},
        {"gradient_steps": float(epochs * len(batches))},
    )


def _answered(network: keras.Model, inputs: np.ndarray, size: int) -> np.ndarray:
    # One shape is compiled once; the last, smaller part would be compiled again.
    missing = size - len(inputs)
    filled = np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)]) if missing else inputs
    return np.asarray(network.predict_on_batch(filled))[: len(inputs)]
