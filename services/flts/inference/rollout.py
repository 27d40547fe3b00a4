"""A forecast of any length from a model that forecasts a few rows at a time."""

import numpy as np

from flts.common.serving import ServingSpec, seconds
from flts.inference.frames import InputFrame


class Rollout:
    """Beyond output_seq_len the forecast goes on from its own values, the other columns staying as they were last.

    `frame` has at least `spec.rows_needed` rows, NaN where a value is missing.
    """

    def __init__(self, spec: ServingSpec, frame: InputFrame, rows: int) -> None:
        self._spec = spec
        self._rows = rows
        needed = spec.rows_needed
        self._raw = spec.transform.imputed(frame.raw[-needed:])
        self._times = frame.times[-needed:].astype("datetime64[ns]")
        self._start = self._times[-1]
        self._interval = np.timedelta64(round(spec.transform.interval_seconds * 1e9), "ns")
        self._steps: list[np.ndarray] = []
        self._done = 0

    @property
    def complete(self) -> bool:
        """Whether all rows are there."""
        return self._done >= self._rows

    def window(self) -> tuple[np.ndarray, float]:
        """What the model forecasts from next: a scaled window (input_seq_len, features), its last row's time."""
        # Numbers far from what the model knows may overflow; the answer is then refused for not being finite.
        with np.errstate(over="ignore", invalid="ignore"):
            window = self._spec.transform.apply(self._raw, self._times).astype(np.float32)
        return window, float(seconds(self._times[-1:])[0])

    def take(self, scaled: np.ndarray) -> None:
        """Take the model's answer (output_seq_len,) for the last window."""
        step = self._spec.transform.target_to_raw(scaled)
        self._steps.append(step)
        self._done += len(step)
        if not self.complete:
            self._advance(step)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and raw values of the target."""
        times = self._start + self._interval * np.arange(1, self._rows + 1)
        return times, np.concatenate(self._steps)[: self._rows]

    def _advance(self, step: np.ndarray) -> None:
        needed = self._spec.rows_needed
        following = np.repeat(self._raw[-1:], len(step), axis=0)
        following[:, self._spec.transform.target_index] = step
        times = self._times[-1] + self._interval * np.arange(1, len(step) + 1)
        self._raw = np.vstack([self._raw, following])[-needed:]
        self._times = np.concatenate([self._times, times])[-needed:]
