"""What happens after a batch and after an epoch of Keras."""

import math
import threading
import time

import keras
import structlog

from flts.common.shutdown import StopRequested
from flts.training.family import EpochReport


class StopOnRequest(keras.callbacks.Callback):
    """Raises StopRequested after the batch in which the event was set."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """See keras.callbacks.Callback."""
        if self._stop.is_set():
            raise StopRequested


class Progress(keras.callbacks.Callback):
    """Logs and reports each epoch; `raw_unit` is one unit of the network's answers, in raw units of the target."""

    def __init__(self, epochs: int, raw_unit: float, report: EpochReport) -> None:
        super().__init__()
        self._epochs = epochs
        self._raw_unit = raw_unit
        self._report = report
        self._started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """See keras.callbacks.Callback."""
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
