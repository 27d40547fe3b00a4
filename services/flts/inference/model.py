"""A model as it is served: ONNX session, how to feed it, how to read it."""

import hashlib

import numpy as np
import onnxruntime

from flts.common.messages import Promotion
from flts.common.serving import ServingSpec


class BadModel(ValueError):
    """The model must not be served; the text says why."""


class ServingModel:
    """Forecasts the target in raw units from raw rows. Safe to use from many threads.

    Building one proves that it works: bytes as the trainer named them, right shapes, and the trainer's own answer
    for the trainer's own window; otherwise BadModel.
    """

    def __init__(self, promotion: Promotion, spec: ServingSpec, content: bytes, threads: int = 1) -> None:
        self.promotion = promotion
        self.spec = spec
        if hashlib.sha256(content).hexdigest() != spec.model_sha256:
            raise BadModel("model.onnx is not the file that serving.json names by SHA-256")
        if spec.config_hash != promotion.config_hash or spec.model_type != promotion.model_type:
            raise BadModel(
                f"serving.json is about {spec.model_type} of {spec.config_hash}, the promotion about "
                f"{promotion.model_type} of {promotion.config_hash}"
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
        self._input = self._session.get_inputs()[0].name
        self._check()

    def run(self, windows: np.ndarray) -> np.ndarray:
        """Scaled forecasts (batch, output_seq_len) of scaled windows (batch, input_seq_len, features)."""
        return self._session.run(None, {self._input: windows})[0]

    def forecast(self, raw: np.ndarray, times: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Times and raw values of the target for the next `rows` rows.

        `raw` holds the transform's columns in its order, at least `spec.rows_needed` rows, NaN where missing.
        Beyond output_seq_len the forecast goes on from its own values, the other columns staying as they were last.
        """
        transform = self.spec.transform
        needed = self.spec.rows_needed
        raw = transform.imputed(raw[-needed:])
        times = times[-needed:].astype("datetime64[ns]")
        interval = np.timedelta64(round(transform.interval_seconds * 1e9), "ns")
        start = times[-1]
        values: list[np.ndarray] = []
        done = 0
        while done < rows:
            window = transform.apply(raw, times).astype(np.float32)[None]
            step = transform.target_to_raw(self.run(window)[0])
            values.append(step)
            done += len(step)
            if done < rows:
                raw, times = self._advanced(raw, times, step, interval)
        return start + interval * np.arange(1, rows + 1), np.concatenate(values)[:rows]

    def _advanced(
        self, raw: np.ndarray, times: np.ndarray, step: np.ndarray, interval: np.timedelta64
    ) -> tuple[np.ndarray, np.ndarray]:
        following = np.repeat(raw[-1:], len(step), axis=0)
        following[:, self.spec.transform.target_index] = step
        needed = self.spec.rows_needed
        return (
            np.vstack([raw, following])[-needed:],
            np.concatenate([times, times[-1] + interval * np.arange(1, len(step) + 1)])[-needed:],
        )

    def _check(self) -> None:
        check = self.spec.self_check
        window = np.asarray(check.window, np.float32)
        shape = (self.spec.input_seq_len, len(self.spec.features))
        if window.shape != shape:
            raise BadModel(f"the self-check's window has shape {window.shape}, the model takes {shape}")
        try:
            answer = self.run(window[None])[0]
        except Exception as error:
            raise BadModel(f"it fails its self-check: {error}") from error
        expected = np.asarray(check.expected)
        if answer.shape != expected.shape or not np.all(np.abs(answer - expected) <= check.tolerance):
            raise BadModel(f"it answers its self-check with {answer.tolist()} instead of {check.expected}")
