"""Mean and standard deviation of numbers that come in parts."""

from collections.abc import Iterable

import numpy as np


def moments(parts: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of columns that come in parts, as Chan, Golub and LeVeque (1979) combine them."""
    count, mean, squares = 0, np.zeros(()), np.zeros(())
    for part in parts:
        values = part.astype(np.float64)
        added, its_mean = len(values), values.mean(axis=0)
        apart = its_mean - mean
        squares = squares + ((values - its_mean) ** 2).sum(axis=0) + apart**2 * count * added / (count + added)
        mean = mean + apart * added / (count + added)
        count += added
    return mean, np.sqrt(squares / count)
