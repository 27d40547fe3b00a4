"""Numbers that bring any series to the size that a network or a regression works best with."""

from typing import NamedTuple

import numpy as np

from flts.common.moments import moments
from flts.common.windows import Windows

# Less is rounding in single precision, and no spread.
_SMALLEST_SHARE = 1e-6
# Rows or windows that are looked at together.
_PART = 8192


class Standard(NamedTuple):
    """Features' mean and spread (features,), and the spread of the target's differences to a window's last value."""

    mean: np.ndarray
    spread: np.ndarray
    difference: float
    target_index: int

    @property
    def unit(self) -> float:
        """How many usual differences one unit of the standardised target is."""
        return float(self.spread[self.target_index]) / self.difference

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Standardised rows, float32."""
        return (rows - self.mean) / self.spread


def standard_of(windows: Windows) -> Standard:
    """Constants from training windows only."""
    rows = windows.rows[windows.starts[0] : windows.starts[-1] + windows.input_rows]
    mean, spread = moments(rows[start : start + _PART] for start in range(0, len(rows), _PART))
    _, difference = moments((part.targets - part.last[:, None]).reshape(-1, 1) for part in windows.parts(_PART))
    largest = np.abs(rows[:, windows.target_index]).max()
    return Standard(
        mean=mean.astype(np.float32),
        spread=_usable(spread, np.abs(mean)).astype(np.float32),
        difference=float(_usable(difference, largest)[0]),
        target_index=windows.target_index,
    )


def _usable(spread: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The spread, or where it is nothing but rounding the values' own size, or 1 where they are 0."""
    return np.where(spread > _SMALLEST_SHARE * size, spread, np.where(size > 0, size, 1.0))
