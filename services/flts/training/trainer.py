"""Data to a checked model with metrics: everything of training that touches neither network nor Kafka."""

import hashlib
import math
import threading
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import structlog

from flts.common.consuming import Refused
from flts.common.frames import FeatureFrame
from flts.common.messages import DataClaim
from flts.common.serving import SelfCheck, ServingSpec
from flts.training import recurrent
from flts.training.metrics import held_out_metrics
from flts.training.onnx_export import INPUT_NAME, to_onnx
from flts.training.settings import TrainingSettings
from flts.training.windows import Windows, make_windows

# Scaled units; ONNX Runtime and XLA add float32 numbers in different orders.
_LARGEST_DIFFERENCE = 1e-4
_CHECKED_WINDOWS = 256


class TrainedModel(NamedTuple):
    """A model that was checked against its framework, with all that serving and MLflow need."""

    onnx_bytes: bytes
    spec: ServingSpec
    metrics: dict[str, float]
    epochs_run: int


def train(
    settings: TrainingSettings,
    claim: DataClaim,
    data: FeatureFrame,
    held_out: FeatureFrame,
    report: recurrent.EpochReport,
    stop: threading.Event,
) -> TrainedModel:
    """Train, measure on held-out rows and export; raises Refused where the data cannot be trained on.

    `report` is called after each epoch with its number from 0 and train_loss, val_loss and, in raw units,
    train_rmse and val_rmse.
    """
    transform = data.transform
    windows = _windows(settings, data, "training")
    test = _windows(settings, held_out, "held-out")
    earlier, later = windows.split(settings.validation_fraction)
    standard = recurrent.standard_of(earlier, transform.target_index)
    model = recurrent.build(settings, len(transform.features), transform.target_index, standard)
    raw_unit = standard.difference * transform.scale[transform.target_index]

    def in_raw_units(epoch: int, losses: dict[str, float]) -> None:
        train_loss, val_loss = losses["loss"], losses["val_loss"]
        report(
            epoch,
            {
                "train_loss": train_loss,
                "val_loss": val_loss,
                "train_rmse": math.sqrt(train_loss) * raw_unit,
                "val_rmse": math.sqrt(val_loss) * raw_unit,
            },
        )

    epochs_run = recurrent.fit(model, settings, standard, earlier, later, in_raw_units, stop)
    metrics = held_out_metrics(recurrent.predict(model, test.inputs), test, transform)
    if not all(math.isfinite(value) for value in metrics.values()):
        raise Refused(f"training diverged: {metrics}; lower LEARNING_RATE={settings.learning_rate}")
    structlog.get_logger().info("held_out", **metrics)
    content = _checked_onnx(model, transform.target_index, test)
    return TrainedModel(content, _spec(settings, claim, data, content, model, test), metrics, epochs_run)


def _windows(settings: TrainingSettings, frame: FeatureFrame, which: str) -> Windows:
    windows = make_windows(
        frame.features,
        frame.times,
        frame.transform.target_index,
        settings.input_seq_len,
        settings.output_seq_len,
        frame.transform.interval_seconds,
    )
    fewest = 2 if which == "training" else 1
    if len(windows.inputs) < fewest:
        raise Refused(
            f"{len(frame.times)} {which} rows give {len(windows.inputs)} windows without a gap of "
            f"INPUT_SEQ_LEN={settings.input_seq_len} plus OUTPUT_SEQ_LEN={settings.output_seq_len} rows; "
            f"at least {fewest} are needed: add rows or shorten the windows"
        )
    return windows


def _checked_onnx(model: object, target_index: int, test: Windows) -> bytes:
    proto = to_onnx(model, target_index)
    content: bytes = proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    sample = test.inputs[:_CHECKED_WINDOWS]
    answer = session.run(None, {INPUT_NAME: sample})[0]
    difference = float(np.max(np.abs(answer - recurrent.predict(model, sample))))
    if not difference < _LARGEST_DIFFERENCE:
        raise RuntimeError(f"the ONNX model differs from the trained one by {difference} in scaled units")
    return content


def _spec(
    settings: TrainingSettings,
    claim: DataClaim,
    data: FeatureFrame,
    content: bytes,
    model: object,
    test: Windows,
) -> ServingSpec:
    window = test.inputs[:1]
    return ServingSpec(
        model_type=settings.model_type,
        identifier=claim.identifier,
        config_hash=claim.config_hash,
        generation=claim.generation,
        transform=data.transform,
        features=data.transform.features,
        input_seq_len=settings.input_seq_len,
        output_seq_len=settings.output_seq_len,
        model_sha256=hashlib.sha256(content).hexdigest(),
        self_check=SelfCheck(window=window[0].tolist(), expected=recurrent.predict(model, window)[0].tolist()),
    )


def load_onnx(content: bytes) -> onnx.ModelProto:
    """Parsed ONNX model, as MLflow's flavour wants it."""
    return onnx.load_from_string(content)
