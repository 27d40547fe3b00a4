"""The interface of a model family."""

import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
import onnx

from flts.common.frames import FeatureFrame
from flts.common.windows import Windows
from flts.training.settings import TrainingSettings

EpochReport = Callable[[int, dict[str, float]], None]
"""Takes an epoch's number from 0 and its metrics."""


class FittedModel(Protocol):
    """A trained model in its own framework."""

    epochs_run: int
    """Passes over the training rows; 1 where the framework makes no epochs."""
    params: dict[str, str]
    """Parameters that the framework was given or chose, in addition to TrainingSettings.hyperparameters."""
    metrics: dict[str, float]
    """Metrics of this family only; the held-out errors are computed alike for all."""

    def predict(self, windows: Windows) -> np.ndarray:
        """Scaled forecasts (windows, forecast rows), computed by the framework itself."""

    def refitted(self, data: FeatureFrame, windows: Windows, stop: threading.Event) -> "FittedModel":
        """The model after it has learnt from all rows, the held-out ones too; raises StopRequested.

        What was chosen by validation, such as the number of epochs or a penalty, stays as it is.
        """

    def to_onnx(self) -> onnx.ModelProto:
        """The model with the inputs and the output that flts.common.serving names."""


Fit = Callable[[TrainingSettings, FeatureFrame, Windows, EpochReport, threading.Event], FittedModel]
"""Trains on rows and their windows; raises StopRequested soon after the event is set."""
