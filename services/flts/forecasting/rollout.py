"""A forecast of any length from a model that forecasts a few rows at a time."""

import numpy as np

from flts.common.serving import ServingSpec
from flts.forecasting.frames import InputFrame
from flts.forecasting.refusals import BadInput
from flts.forecasting.spacing import following

_LATEST = np.datetime64("9999-01-01", "us")
"""ISO 8601 writes years with four digits, and so do the clients' languages."""


def calls_needed(spec: ServingSpec, rows: int) -> int:
    """Model calls that a forecast of so many rows takes, one after the other."""
    return -(-rows // spec.output_seq_len)


class Rollout:
    """Beyond output_seq_len the forecast continues from its own values, the other columns staying as they were last.

    Raises BadInput where the forecast would reach times that cannot be written.
    """

    def __init__(self, spec: ServingSpec, frame: InputFrame, rows: int) -> None:
        self.calls = calls_needed(spec, rows)
        self.rows = rows
        self.frame = frame
        self._spec = spec
        self._raw = frame.raw if frame.complete else spec.transform.imputed(frame.raw)
        sent = frame.times.utc
        # With several calls, windows reach into the forecast; its times then go as far as the last call does.
        ahead = rows if self.calls == 1 else self.calls * spec.output_seq_len
        self._following = following(spec.transform, sent[-1], ahead)
        self._times = sent if self.calls == 1 else np.concatenate([sent, self._following])
        if self._following[-1] >= _LATEST:
            raise BadInput(f"{rows} rows reach beyond the year 9999: ask for fewer")
        self._steps: list[np.ndarray] = []
        self._done = 0

    @property
    def complete(self) -> bool:
        """Whether all rows are there."""
        return self._done >= self.rows

    def window(self) -> tuple[np.ndarray, np.ndarray]:
        """What the model forecasts from next: raw rows (rows_needed, columns) without gaps, and their times."""
        return self._raw, self._times[self._done : self._done + len(self._raw)]

    def take(self, step: np.ndarray) -> None:
        """Take the model's answer (output_seq_len,) for the last window, in raw units."""
        self._steps.append(step)
        self._done += len(step)
        if not self.complete:
            self._advance(step)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (datetime64 in microseconds) and raw values of the target."""
        values = self._steps[0] if self.calls == 1 else np.concatenate(self._steps)
        return self._following[: self.rows], values[: self.rows]

    def _advance(self, step: np.ndarray) -> None:
        following_rows = np.repeat(self._raw[-1:], len(step), axis=0)
        following_rows[:, self._spec.transform.target_index] = step
        self._raw = np.vstack([self._raw, following_rows])[-len(self._raw) :]
