"""Prometheus metrics of a trainer. Every one has the label model_type; times are seconds, errors in raw units."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from flts.common.shutdown import StopRequested

_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_OUTCOMES = ("success", "failure", "interrupted")

_RUNS = Counter("training_runs_total", "Trainings that ended, by outcome", ["model_type", "outcome"])
_DURATION = Histogram(
    "training_duration_seconds", "How long trainings took, by outcome", ["model_type", "outcome"], buckets=_BUCKETS
)
_IN_PROGRESS = Gauge("training_in_progress", "1 while a training runs, else 0", ["model_type"])
_STARTED = Gauge("training_started_timestamp_seconds", "When the latest training began", ["model_type"])
_SUCCEEDED = Gauge("training_last_success_timestamp_seconds", "When a training last succeeded", ["model_type"])
_EPOCHS = Gauge("training_epochs", "Epochs that the latest training has done", ["model_type"])
_EPOCH_METRIC = Gauge(
    "training_epoch_metric", "train_loss, val_loss, train_rmse, val_rmse of the last epoch", ["model_type", "metric"]
)
_HELD_OUT_METRIC = Gauge(
    "training_held_out_metric", "test_rmse, baseline_rmse and more of the last trained model", ["model_type", "metric"]
)


class TrainingMonitor:
    """Shows Prometheus what the trainer of one model type does."""

    def __init__(self, model_type: str) -> None:
        self._model_type = model_type
        # An increase can only be seen from a value that was there before.
        _IN_PROGRESS.labels(model_type).set(0)
        for outcome in _OUTCOMES:
            _RUNS.labels(model_type, outcome)
            _DURATION.labels(model_type, outcome)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Around a training: an exception is its failure, StopRequested its interruption."""
        begun = time.monotonic()
        outcome = "failure"
        _STARTED.labels(self._model_type).set_to_current_time()
        _EPOCHS.labels(self._model_type).set(0)
        _IN_PROGRESS.labels(self._model_type).set(1)
        try:
            yield
            outcome = "success"
            _SUCCEEDED.labels(self._model_type).set_to_current_time()
        except StopRequested:
            outcome = "interrupted"
            raise
        finally:
            _IN_PROGRESS.labels(self._model_type).set(0)
            _RUNS.labels(self._model_type, outcome).inc()
            _DURATION.labels(self._model_type, outcome).observe(time.monotonic() - begun)

    def epoch(self, number: int, metrics: dict[str, float]) -> None:
        """An epoch, counted from 0, ended with these metrics."""
        _EPOCHS.labels(self._model_type).set(number + 1)
        for name, value in metrics.items():
            _EPOCH_METRIC.labels(self._model_type, name).set(value)

    def held_out(self, metrics: dict[str, float]) -> None:
        """A model was measured."""
        for name, value in metrics.items():
            _HELD_OUT_METRIC.labels(self._model_type, name).set(value)
