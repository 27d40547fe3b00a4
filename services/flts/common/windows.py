"""Rows to windows: what the model sees, and what it has to answer."""

from typing import NamedTuple

import numpy as np

from flts.common.calendar import Calendar
from flts.common.serving import seconds
from flts.common.steps import follows


class Windows(NamedTuple):
    """`inputs` windows by rows by features, `targets` windows by forecast rows; scaled, float32.

    `times` are those of each window's last row, in seconds since 1970.
    """

    inputs: np.ndarray
    times: np.ndarray
    targets: np.ndarray

    def part(self, chosen: slice) -> "Windows":
        """Some of the windows."""
        return Windows(self.inputs[chosen], self.times[chosen], self.targets[chosen])

    def split(self, fraction: float) -> tuple["Windows", "Windows"]:
        """Earlier windows and the latest `fraction` of them, at least one each where there are two.

        Windows that would show the earlier part targets of the later one are left out between them.
        """
        border = min(max(1, round(len(self.inputs) * (1 - fraction))), len(self.inputs) - 1)
        last = max(1, border - self.targets.shape[1] + 1)
        return self.part(slice(last)), self.part(slice(border, None))


def make_windows(
    features: np.ndarray,
    times: np.ndarray,
    target_index: int,
    input_rows: int,
    output_rows: int,
    due: Calendar,
    imputed: np.ndarray | None = None,
) -> Windows:
    """All windows of consecutive rows without a gap, in time order; may be none.

    Rows follow each other as `due` says. `imputed` flags rows whose target was not measured: no window has to answer
    them.
    """
    total = input_rows + output_rows
    count = len(features) - total + 1
    if count < 1:
        return Windows(
            np.empty((0, input_rows, features.shape[1]), np.float32),
            np.empty(0),
            np.empty((0, output_rows), np.float32),
        )
    values = features.astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(values, total, axis=0).transpose(0, 2, 1)
    gaps = np.concatenate([[0], np.cumsum(~follows(due, times))])
    whole = gaps[total - 1 :] == gaps[:count]
    if imputed is not None:
        unknown = np.concatenate([[0], np.cumsum(imputed)])
        whole &= unknown[total:] == unknown[input_rows : input_rows + count]
    return Windows(
        np.ascontiguousarray(view[whole, :input_rows]),
        seconds(times[input_rows - 1 : input_rows - 1 + count][whole]),
        np.ascontiguousarray(view[whole, input_rows:, target_index]),
    )
