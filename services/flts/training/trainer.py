"""Data to a checked model with metrics: everything of training that touches neither network nor Kafka."""

import hashlib
import math
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import structlog

from flts.common.consuming import Refused
from flts.common.forecasterrors import errors
from flts.common.frames import FeatureFrame, joined
from flts.common.intervals import intervals_of
from flts.common.messages import DataClaim
from flts.common.recent import recent_rows
from flts.common.serving import SelfCheck, ServingSpec
from flts.common.windows import Windows, make_windows
from flts.training import families
from flts.training.exporting import checked_onnx
from flts.training.family import EpochReport, FittedModel
from flts.training.horizon import horizon
from flts.training.metrics import held_out_metrics
from flts.training.plots import plots_of
from flts.training.seasonal import seasonal_naive
from flts.training.settings import TrainingSettings

_CHECKED_WINDOWS = 256
_WORST_REFIT = 1.05


class TrainedModel(NamedTuple):
    """A model that was checked against its framework, with all that serving and MLflow need."""

    onnx_bytes: bytes
    spec: ServingSpec
    metrics: dict[str, float]
    epochs_run: int
    params: dict[str, str]
    plots: Mapping[str, str] = MappingProxyType({})
    """SVG by artifact path."""


def train(
    settings: TrainingSettings,
    claim: DataClaim,
    data: FeatureFrame,
    held_out: FeatureFrame,
    report: EpochReport,
    stop: threading.Event,
) -> TrainedModel:
    """Train, measure on held-out rows, learn from these too, and export.

    Raises Refused where the data cannot be trained on.
    """
    settings = settings.model_copy(update={"output_seq_len": horizon(settings, data, held_out)})
    windows = _windows(settings, data, "training")
    test = _windows(settings, held_out, "held-out")
    fitted = families.load(settings.model_type)(settings, data, windows, report, stop)
    predicted = fitted.predict(test)
    seasonal = seasonal_naive([data, held_out], test, data.transform.due)
    metrics = held_out_metrics(predicted, test, data.transform, seasonal) | fitted.metrics
    if not all(math.isfinite(value) for value in metrics.values()):
        raise Refused(
            f"training diverged: {metrics}; networks need a lower LEARNING_RATE than {settings.learning_rate}, "
            "or the target holds extreme values"
        )
    structlog.get_logger().info("held_out", **metrics)
    sample = test.part(slice(_CHECKED_WINDOWS))
    served = _refitted(settings, fitted, test, (data, held_out), stop)
    content, answer, tolerance = checked_onnx(served, sample, data.transform.target_index)
    spec = ServingSpec(
        model_type=settings.model_type,
        identifier=claim.identifier,
        config_hash=claim.config_hash,
        generation=claim.generation,
        transform=data.transform,
        features=data.transform.features,
        input_seq_len=settings.input_seq_len,
        output_seq_len=settings.output_seq_len,
        model_sha256=hashlib.sha256(content).hexdigest(),
        self_check=SelfCheck(
            window=sample.inputs[0].tolist(),
            time=float(sample.times[0]),
            expected=answer[0].tolist(),
            tolerance=tolerance,
        ),
        learnt_held_out=served is not fitted,
        intervals=intervals_of(predicted, test.targets),
        recent=recent_rows([data, held_out], settings.input_seq_len + data.transform.lags.rows),
    )
    plots = plots_of(predicted, test, data.transform)
    return TrainedModel(content, spec, metrics, fitted.epochs_run, fitted.params, plots)


def _refitted(
    settings: TrainingSettings,
    fitted: FittedModel,
    test: Windows,
    frames: tuple[FeatureFrame, FeatureFrame],
    stop: threading.Event,
) -> FittedModel:
    """The model that is served: it has learnt from the latest rows as well, which are the most like those to come."""
    everything = joined(*frames)
    again = fitted.refitted(everything, _windows(settings, everything, "training"), stop)
    measured = errors(fitted.predict(test), test.targets)["rmse"]
    learnt = errors(again.predict(test), test.targets)["rmse"]
    # It has seen these rows: where it is worse on them, training went wrong.
    if not learnt <= _WORST_REFIT * measured:
        structlog.get_logger().warning("refit_skipped", rmse_scaled=measured, after=learnt)
        return fitted
    return again


def _windows(settings: TrainingSettings, frame: FeatureFrame, which: str) -> Windows:
    windows = make_windows(
        frame.features,
        frame.times,
        frame.transform.target_index,
        settings.input_seq_len,
        settings.output_seq_len,
        frame.transform.due,
        frame.imputed,
    )
    fewest = 2 if which == "training" else 1
    if len(windows) < fewest:
        raise Refused(
            f"{len(frame.times)} {which} rows give {len(windows)} windows without a gap of "
            f"INPUT_SEQ_LEN={settings.input_seq_len} plus OUTPUT_SEQ_LEN={settings.output_seq_len} rows; "
            f"at least {fewest} are needed: add rows or shorten the windows"
        )
    return windows
