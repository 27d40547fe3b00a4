"""Batches of windows for Keras, made when they are needed, and as many of them as a series of any length wants."""

import math

import keras
import numpy as np

from flts.common.windows import Windows
from flts.training.linear import Linear, answers

# An epoch of a short series goes over it several times: a monthly series of twelve years would be one batch, and
# fifteen epochs of it fifteen gradient steps. One of a long series takes a random part of it.
_FEWEST_STEPS, _MOST_STEPS = 100, 500
# Small batches for few windows, whose gradients would otherwise all be the same.
_SMALLEST_BATCH, _BATCHES_OF_FEW = 16, 8
# Numbers of a layer that a prediction and a gradient step keep in memory, the latter several times.
_LARGEST_PREDICTION = 8 * 1024 * 1024
_LARGEST_STEP = 4 * 1024 * 1024
_LARGEST_PREDICTION_BATCH = 1024
_MOST_VALIDATED = 16_384


class Batches(keras.utils.PyDataset):
    """Random batches of equal size of standardised windows, with the residuals of the linear part as targets."""

    def __init__(self, windows: Windows, linear: Linear, unit: float, size: int, seed: int) -> None:
        super().__init__()
        self._windows = windows
        self._linear = linear
        self._unit = unit
        count = len(windows)
        self.size = min(size, count, max(_SMALLEST_BATCH, count // _BATCHES_OF_FEW))
        self._steps = min(max(count // self.size, _FEWEST_STEPS), _MOST_STEPS)
        self._random = np.random.default_rng(seed)
        self._order = self._mixed()

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """One batch of the present epoch."""
        chosen = self._order[index * self.size : (index + 1) * self.size]
        return _pair(self._windows.part(chosen), self._linear, self._unit)

    def on_epoch_end(self) -> None:
        """Shuffle again: every window is used once before one is repeated."""
        self._order = self._mixed()

    def _mixed(self) -> np.ndarray:
        count, wanted = len(self._windows), self._steps * self.size
        rounds = -(-wanted // count)
        return np.concatenate([self._random.permutation(count) for _ in range(rounds)])[:wanted]


class _InOrder(keras.utils.PyDataset):
    def __init__(self, windows: Windows, linear: Linear, unit: float, size: int) -> None:
        super().__init__()
        self._windows = windows
        self._linear = linear
        self._unit = unit
        self._size = size

    def __len__(self) -> int:
        return math.ceil(len(self._windows) / self._size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = self._windows.part(slice(index * self._size, (index + 1) * self._size))
        return _pair(part, self._linear, self._unit)


def in_order(windows: Windows, linear: Linear, unit: float, size: int) -> keras.utils.PyDataset:
    """The windows that early stopping looks at, in batches."""
    return _InOrder(windows, linear, unit, size)


def thinned(windows: Windows) -> Windows:
    """Of very many windows, some that lie evenly: enough to compare epochs by."""
    return windows.part(slice(None, None, -(-len(windows) // _MOST_VALIDATED)))


def _pair(windows: Windows, linear: Linear, unit: float) -> tuple[np.ndarray, np.ndarray]:
    return windows.inputs, answers(windows, unit) - linear.apply(windows)


def prediction_batch(network: keras.Model) -> int:
    """How many windows a prediction takes at once."""
    return max(1, min(_LARGEST_PREDICTION_BATCH, _LARGEST_PREDICTION // _numbers_of_a_window(network)))


def training_batch(network: keras.Model, wanted: int) -> int:
    """How many windows a gradient step takes: as many as are wanted, fewer where they are very long."""
    return max(1, min(wanted, _LARGEST_STEP // _numbers_of_a_window(network)))


def _numbers_of_a_window(network: keras.Model) -> int:
    rows, features = network.input_shape[1:]
    # A recurrent layer keeps four gates for each row at most; the dense one counts as if it did.
    return rows * max(features, *(4 * layer.units for layer in network.layers if hasattr(layer, "units")))
