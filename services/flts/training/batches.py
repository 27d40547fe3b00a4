"""Batches of windows for Keras, made when they are needed, and as many of them as a series of any length wants."""

import math

import keras
import numpy as np

from flts.common.windows import Windows
from flts.training.standard import Standard

# An epoch of a short series goes over it several times: a monthly series of twelve years would be one batch, and
# fifteen epochs of it fifteen gradient steps. One of a long series takes a random part of it.
_FEWEST_STEPS, _MOST_STEPS = 100, 500
# Small batches for few windows, whose gradients would otherwise all be the same.
_SMALLEST_BATCH, _BATCHES_OF_FEW = 16, 8
# Numbers that a prediction keeps in memory for each layer, 64 MiB in single precision.
_LARGEST_PREDICTION = 16 * 1024 * 1024
_LARGEST_PREDICTION_BATCH = 1024
_MOST_VALIDATED = 16_384


class Batches(keras.utils.PyDataset):
    """Random batches of equal size (inputs, differences to the last value), in units of a Standard."""

    def __init__(self, windows: Windows, standard: Standard, size: int, seed: int) -> None:
        super().__init__()
        self._windows = windows.over(standard.apply(windows.rows))
        self._raw = windows
        self._unit = np.float32(1.0 / standard.difference)
        count = len(windows)
        self.size = min(size, count, max(_SMALLEST_BATCH, count // _BATCHES_OF_FEW))
        self._steps = min(max(count // self.size, _FEWEST_STEPS), _MOST_STEPS)
        self._random = np.random.default_rng(seed)
        self._order = np.empty(0, np.int64)
        self.on_epoch_end()

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """One batch of the present epoch."""
        chosen = self._order[index * self.size : (index + 1) * self.size]
        part = self._raw.part(chosen)
        return self._windows.part(chosen).inputs, (part.targets - part.last[:, None]) * self._unit

    def on_epoch_end(self) -> None:
        """Mix anew: every window once before one comes again."""
        wanted = self._steps * self.size
        rounds = -(-wanted // len(self._raw))
        self._order = np.concatenate([self._random.permutation(len(self._raw)) for _ in range(rounds)])[:wanted]


class _InOrder(keras.utils.PyDataset):
    def __init__(self, windows: Windows, standard: Standard, size: int) -> None:
        super().__init__()
        self._windows = windows.over(standard.apply(windows.rows))
        self._raw = windows
        self._unit = np.float32(1.0 / standard.difference)
        self._size = size

    def __len__(self) -> int:
        return math.ceil(len(self._raw) / self._size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = slice(index * self._size, (index + 1) * self._size)
        part = self._raw.part(chosen)
        return self._windows.part(chosen).inputs, (part.targets - part.last[:, None]) * self._unit


def validation_part(windows: Windows, standard: Standard, size: int) -> keras.utils.PyDataset:
    """The windows that early stopping looks at, in batches: of very many, some that lie evenly."""
    step = -(-len(windows) // _MOST_VALIDATED)
    return _InOrder(windows.part(slice(None, None, step)), standard, size)


def prediction_batch(network: keras.Model) -> int:
    """How many windows a prediction takes at once."""
    rows, features = network.input_shape[1:]
    # A recurrent layer keeps four gates for each row at most.
    widest = max(features, *(4 * layer.units for layer in network.layers if hasattr(layer, "units")))
    return max(1, min(_LARGEST_PREDICTION_BATCH, _LARGEST_PREDICTION // (rows * widest)))
