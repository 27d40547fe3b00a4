"""A model as it is served: ONNX session, how to feed it, how to read it."""

import hashlib
from typing import NamedTuple

import numpy as np
import onnxruntime

from flts.common.messages import Promotion
from flts.common.serving import TIME_INPUT, WINDOW_INPUT, ServingSpec


class BadModel(ValueError):
    """The model must not be served; the text says why."""


class ModelVersion(NamedTuple):
    """Which model: an MLflow run, and the data that it was trained on."""

    run_id: str
    model_type: str
    config_hash: str
    generation: int


def version_of(promotion: Promotion) -> ModelVersion:
    """The model that a promotion names."""
    return ModelVersion(promotion.run_id, promotion.model_type, promotion.config_hash, promotion.generation)


class ServingModel:
    """Forecasts the scaled target from scaled windows. Safe to use from many threads.

    Building one proves that it works: bytes as the trainer named them, right shapes, and the trainer's own answer
    for the trainer's own window, alone and in a batch; otherwise BadModel.
    """

    def __init__(self, version: ModelVersion, spec: ServingSpec, content: bytes, threads: int = 1) -> None:
        self.version = version
        self.spec = spec
        if hashlib.sha256(content).hexdigest() != spec.model_sha256:
            raise BadModel("model.onnx is not the file that serving.json names by SHA-256")
        if (spec.model_type, spec.config_hash) != (version.model_type, version.config_hash):
            raise BadModel(
                f"serving.json is about {spec.model_type} of {spec.config_hash}, the run was to be "
                f"{version.model_type} of {version.config_hash}"
            )
        if spec.features != spec.transform.features:
            raise BadModel("serving.json lists features in another order than its transform gives them")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # The arena keeps the largest batch's memory for ever; these models need almost none.
        options.enable_cpu_mem_arena = False
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BadModel(f"ONNX Runtime does not load it: {error}") from error
        self._inputs = [declared.name for declared in self._session.get_inputs()]
        self._check()

    def run(self, windows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Scaled forecasts (batch, output_seq_len) of scaled windows (batch, input_seq_len, features).

        `times`: seconds since 1970 of each window's last row.
        """
        given = {WINDOW_INPUT: windows, TIME_INPUT: times}
        return self._session.run(None, {name: given[name] for name in self._inputs})[0]

    def forecast(self, raw: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Forecasts (batch, output_seq_len) in raw units of raw rows (batch, rows_needed, columns) without gaps.

        `times`: of the rows, (batch, rows_needed), datetime64 in microseconds.
        """
        # Numbers far from what the model knows may overflow; the answer is then refused for not being finite.
        with np.errstate(over="ignore", invalid="ignore"):
            windows = self._features(raw, times).astype(np.float32)
            scaled = self.run(windows, times[:, -1].astype(np.int64) / 1e6)
            return self.spec.transform.target_to_raw(scaled)

    def _features(self, raw: np.ndarray, times: np.ndarray) -> np.ndarray:
        transform = self.spec.transform
        if transform.lags.count:
            return np.stack([transform.apply(*window) for window in zip(raw, times, strict=True)])
        # Without lags a row's features depend on that row alone: one pass for all windows.
        batch, rows, columns = raw.shape
        flat = transform.apply(raw.reshape(batch * rows, columns), times.reshape(batch * rows))
        return flat.reshape(batch, rows, -1)

    def _check(self) -> None:
        check = self.spec.self_check
        window = np.asarray(check.window, np.float32)
        shape = (self.spec.input_seq_len, len(self.spec.features))
        if window.shape != shape:
            raise BadModel(f"the self-check's window has shape {window.shape}, the model takes {shape}")
        expected = np.asarray(check.expected)
        if expected.shape != (self.spec.output_seq_len,):
            raise BadModel(f"the self-check expects {expected.size} rows of a model of {self.spec.output_seq_len}")
        try:
            alone = self.run(window[None], np.array([check.time]))
            together = self.run(np.stack([window, window]), np.array([check.time, check.time]))
        except Exception as error:
            raise BadModel(f"it fails its self-check: {error}") from error
        for answer in (*alone, *together):
            if answer.shape != expected.shape or not np.all(np.abs(answer - expected) <= check.tolerance):
                raise BadModel(f"it answers its self-check with {answer.tolist()} instead of {check.expected}")
