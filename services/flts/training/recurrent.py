"""GRU and LSTM with Keras on JAX, together with a ridge regression.

From standardised features, both forecast the difference to the last value in units of the training rows' usual
difference: the regression (flts.training.linear) what is linear in the window, the network what that leaves. An
untrained network adds nothing, so that training can only improve on the regression, as that can on repeating the last
value. Either is left out where it is not clearly better than that, for it learnt what was chance. All maps are
constants of the exported model, which takes and gives plain scaled features.
"""

import threading
from typing import NamedTuple

import keras
import numpy as np
import onnx
import structlog

from flts.common.frames import FeatureFrame
from flts.common.windows import Windows
from flts.training.batches import Batches, in_order, prediction_batch, thinned, training_batch
from flts.training.callbacks import Progress, StopOnRequest
from flts.training.compiling import keep, reuse, shape_of
from flts.training.family import EpochReport
from flts.training.linear import Linear, answers, gain_of, is_clear, mean_square, nothing, refit, worthwhile
from flts.training.linear import fit as fit_linear
from flts.training.recurrent_onnx import to_onnx
from flts.training.settings import TrainingSettings
from flts.training.standard import Standard, standard_of

# Forecasts that share no row. The epochs were chosen by the same windows, so that few of them say nothing.
_FEWEST_CLEAR = 10
_LAYERS = {"GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}


def build(settings: TrainingSettings, features: int) -> keras.Model:
    """Untrained network, which answers 0: (batch, input_seq_len, features) to (batch, output_seq_len)."""
    keras.utils.set_random_seed(settings.seed)
    hidden = inputs = keras.Input((settings.input_seq_len, features), name="window")
    for number in range(settings.num_layers):
        hidden = _LAYERS[settings.model_type](
            settings.hidden_size,
            return_sequences=number < settings.num_layers - 1,
            name=f"recurrent_{number}",
        )(hidden)
    change = keras.layers.Dense(settings.output_seq_len, kernel_initializer="zeros", name="change")(hidden)
    return keras.Model(inputs, change, name=settings.model_type.lower())


def compiled(settings: TrainingSettings, features: int) -> keras.Model:
    """The untrained network, ready for training."""
    network = build(settings, features)
    network.compile(optimizer=keras.optimizers.Adam(settings.learning_rate, clipnorm=1.0), loss="mean_squared_error")
    reuse(shape_of(settings, features), network)
    return network


class RecurrentModel(NamedTuple):
    """A trained network with its regression; see family.FittedModel."""

    network: keras.Model
    linear: Linear
    standard: Standard
    epochs_run: int
    params: dict[str, str]
    metrics: dict[str, float]
    best_epochs: int
    """Epochs after which validation was best; 0 where the network adds nothing to the regression."""
    settings: TrainingSettings

    def predict(self, windows: Windows) -> np.ndarray:
        """See FittedModel.predict."""
        standard = windows.over(self.standard.apply(windows.rows))
        largest = prediction_batch(self.network)
        changes = [
            self.linear.apply(part) + _answered(self.network, part.inputs, largest) for part in standard.parts(largest)
        ]
        return windows.last[:, None] + np.float32(self.standard.difference) * np.concatenate(changes)

    def refitted(self, data: FeatureFrame, windows: Windows, stop: threading.Event) -> "RecurrentModel":
        """See FittedModel.refitted: from the start, for as many epochs as were best."""
        standard = standard_of(windows)
        scaled = windows.over(standard.apply(windows.rows))
        linear = refit(self.linear, scaled, standard.unit)
        network = compiled(self.settings, len(data.transform.features))
        if self.best_epochs:
            size = training_batch(network, self.settings.batch_size)
            batches = Batches(scaled, linear, standard.unit, size, self.settings.seed)
            network.fit(batches, epochs=self.best_epochs, verbose=0, callbacks=[StopOnRequest(stop)])
            keep(shape_of(self.settings, len(data.transform.features)), network)
        return self._replace(network=network, linear=linear, standard=standard)

    def to_onnx(self) -> onnx.ModelProto:
        """See FittedModel.to_onnx."""
        return to_onnx(self.network, self.linear, self.standard)


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
    train, later = windows.split(settings.validation_fraction)
    standard = standard_of(train)
    scaled = standard.apply(windows.rows)
    train, validation = train.over(scaled), thinned(later.over(scaled))
    linear, linear_loss = fit_linear(train, validation, standard.unit)
    if not worthwhile(linear, windows.over(scaled), standard.unit):
        linear = nothing(linear)
        linear_loss = mean_square(linear, validation, standard.unit)
    network = compiled(settings, len(transform.features))
    size = training_batch(network, settings.batch_size)
    batches = Batches(train, linear, standard.unit, size, settings.seed)
    history = network.fit(
        batches,
        validation_data=in_order(validation, linear, standard.unit, prediction_batch(network)),
        epochs=settings.epochs,
        verbose=0,
        callbacks=[
            StopOnRequest(stop),
            Progress(settings.epochs, standard.difference * transform.scale[transform.target_index], report),
            keras.callbacks.EarlyStopping("val_loss", patience=settings.patience, restore_best_weights=True),
        ],
    )
    keep(shape_of(settings, len(transform.features)), network)
    losses = history.history["val_loss"]
    best = int(np.argmin(losses)) + 1
    # An untrained network answers 0, and so does its last layer without weights.
    if min(losses) > linear_loss or (linear.is_nothing and not _is_worthwhile(network, validation, standard.unit)):
        structlog.get_logger().info("network_skipped", linear_loss=linear_loss, network_loss=min(losses))
        change = network.get_layer("change")
        change.set_weights([np.zeros_like(weight) for weight in change.get_weights()])
        best = 0
    return RecurrentModel(
        network,
        linear,
        standard,
        len(losses),
        {"steps_per_epoch": str(len(batches)), "windows_per_step": str(batches.size), "penalty": f"{linear.penalty:g}"},
        {
            "gradient_steps": float(len(losses) * len(batches)),
            "linear_val_loss": linear_loss,
            "best_epochs": float(best),
        },
        best,
        settings,
    )


def _is_worthwhile(network: keras.Model, validation: Windows, unit: float) -> bool:
    """Whether a network without a regression forecasts clearly better than repeating the last value."""
    if len(validation) < _FEWEST_CLEAR * validation.output_rows:
        return False
    size = prediction_batch(network)
    parts = validation.parts(size)
    gains = [gain_of(answers(part, unit), _answered(network, part.inputs, size)) for part in parts]
    return is_clear(np.concatenate(gains), validation.output_rows)


def _answered(network: keras.Model, inputs: np.ndarray, size: int) -> np.ndarray:
    # One shape is compiled once; the last, smaller part would be compiled again.
    missing = size - len(inputs)
    filled = np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)]) if missing else inputs
    return np.asarray(network.predict_on_batch(filled))[: len(inputs)]
