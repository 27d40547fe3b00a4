"""Rows to windows: what the model sees, and what it has to answer."""

from typing import NamedTuple

import numpy as np

# Rows further apart than this multiple of the usual distance are a gap; no window reaches across one.
_GAP_FACTOR = 1.5


class Windows(NamedTuple):
    """`inputs` windows by rows by features, `targets` windows by forecast rows; scaled, float32."""

    inputs: np.ndarray
    targets: np.ndarray

    def split(self, fraction: float) -> tuple["Windows", "Windows"]:
        """Earlier windows and the latest `fraction` of them, at least one each where there are two.

        Windows that would show the earlier part targets of the later one are left out between them.
        """
        border = min(max(1, round(len(self.inputs) * (1 - fraction))), len(self.inputs) - 1)
        last = max(1, border - self.targets.shape[1] + 1)
        return (
            Windows(self.inputs[:last], self.targets[:last]),
            Windows(self.inputs[border:], self.targets[border:]),
        )


def make_windows(
    features: np.ndarray,
    times: np.ndarray,
    target_index: int,
    input_rows: int,
    output_rows: int,
    interval_seconds: float,
) -> Windows:
    """All windows of consecutive rows without a gap, in time order; may be none."""
    total = input_rows + output_rows
    count = len(features) - total + 1
    if count < 1:
        return Windows(np.empty((0, input_rows, features.shape[1]), np.float32), np.empty((0, output_rows), np.float32))
    values = features.astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(values, total, axis=0).transpose(0, 2, 1)
    distances = np.diff(times) / np.timedelta64(1, "s")
    gaps = np.concatenate([[0], np.cumsum(distances > interval_seconds * _GAP_FACTOR)])
    whole = gaps[total - 1 :] == gaps[:count]
    return Windows(
        np.ascontiguousarray(view[whole, :input_rows]),
        np.ascontiguousarray(view[whole, input_rows:, target_index]),
    )
