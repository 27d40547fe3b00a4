"""Ridge regression of the next differences on a window: what a network only has to improve on.

A network of ordinary size takes most of its training to find what is linear, and finds it less exactly. The regression
is solved in one pass over the windows, in parts, so that memory does not grow with their number.

Of a random walk, or a short series, a regression learns what was chance. `worthwhile` finds out by several origins
whether it forecasts better than repeating the last value, and `nothing` stands for it where it does not.
"""

import math
from typing import NamedTuple

import numpy as np

from flts.common.windows import Windows

# Values of the target that the regression sees one by one; longer windows would need memory with the square of them.
_MOST_LAGS = 128
# From hardly any penalty to one that leaves little but the mean difference; standardised values have variance 1.
_PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
_PART = 4096
# Shares of the windows that lie behind an origin, the farthest of which still leaves half to learn from.
_BEHIND_ORIGINS = (0.5, 0.4, 0.3, 0.2, 0.1)
# Windows before and after an origin that are looked at: more make the answer no clearer.
_MOST_COMPARED = 16_384


class Linear(NamedTuple):
    """Differences in units of the Standard: `intercept` (steps,) plus standardised values times `weights`.

    Values are those of the last row's features, then those of the target in the `lags` rows before, oldest first:
    (features + lags, steps). `penalty` is what they were found with.
    """

    lags: int
    penalty: float
    intercept: np.ndarray
    weights: np.ndarray

    @property
    def is_nothing(self) -> bool:
        """Whether it repeats the last value."""
        return math.isinf(self.penalty)

    def apply(self, windows: Windows) -> np.ndarray:
        """Differences (windows, steps) of standardised windows, float32."""
        parts = [_values(part, self.lags) @ self.weights + self.intercept for part in windows.parts(_PART)]
        return np.concatenate(parts).astype(np.float32)


def fit(train: Windows, validation: Windows, unit: float) -> tuple[Linear, float]:
    """The regression on standardised windows whose penalty does best on validation, and its mean squared error there.

    `unit`: how many units of the answers one unit of the standardised target is; see Standard.
    """
    lags = min(train.input_rows - 1, _MOST_LAGS)
    solve = _Solver(train, lags, unit)
    candidates = [(mean_square(linear, validation, unit), linear) for linear in map(solve, _PENALTIES)]
    error, best = min(candidates, key=lambda candidate: candidate[0])
    return best, error


def nothing(linear: Linear) -> Linear:
    """What repeats the last value in a regression's place."""
    return Linear(linear.lags, math.inf, np.zeros_like(linear.intercept), np.zeros_like(linear.weights))


def worthwhile(linear: Linear, windows: Windows, unit: float) -> bool:
    """Whether the regression with this penalty forecasts clearly better than repeating the last value.

    It is fitted on the windows before each of five origins, and measured on the tenth of the windows behind it.
    """
    gains = []
    for share in _BEHIND_ORIGINS:
        earlier, later = windows.split(share)
        earlier, later = (_some(part) for part in (earlier, later.part(slice(max(1, len(windows) // 10)))))
        there = _Solver(earlier, linear.lags, unit)(linear.penalty)
        gains += [gain_of(answers(part, unit), there.apply(part)) for part in later.parts(_PART)]
    return is_clear(np.concatenate(gains), windows.output_rows)


def gain_of(actual: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """By how much each window's mean squared error is below that of repeating the last value, (windows,)."""
    return (actual.astype(np.float64) ** 2 - (actual.astype(np.float64) - predicted) ** 2).mean(axis=1)


def is_clear(gains: np.ndarray, steps: int) -> bool:
    """Whether the mean gain is more than its standard error.

    Windows whose forecasts of so many steps overlap are one observation, as in the test of Diebold and Mariano (1995).
    """
    if len(gains) < 2:
        return False
    return bool(gains.mean() > gains.std() / math.sqrt(max(1.0, len(gains) / steps)))


def _some(windows: Windows) -> Windows:
    return windows.part(slice(None, None, -(-len(windows) // _MOST_COMPARED)))


def refit(linear: Linear, windows: Windows, unit: float) -> Linear:
    """The regression with the same penalty on other windows."""
    if linear.is_nothing:
        return linear
    return _Solver(windows, linear.lags, unit)(linear.penalty)


def mean_square(linear: Linear, windows: Windows, unit: float) -> float:
    """Mean squared error over all steps, in units of the answers."""
    total = sum(
        float(np.sum((answers(part, unit) - linear.apply(part)) ** 2, dtype=np.float64))
        for part in windows.parts(_PART)
    )
    return total / (len(windows) * windows.output_rows)


def answers(windows: Windows, unit: float) -> np.ndarray:
    """Differences to the last value (windows, steps) of standardised windows, times `unit`."""
    return (windows.targets - windows.last[:, None]) * np.float32(unit)


class _Solver:
    """Solves for any penalty: with the eigenvalues at hand, each costs a multiplication."""

    def __init__(self, windows: Windows, lags: int, unit: float) -> None:
        count = len(windows)
        self._lags = lags
        self._mean, self._mean_answer = np.zeros(()), np.zeros(())
        for part in windows.parts(_PART):
            self._mean = self._mean + _values(part, lags).sum(axis=0) / count
            self._mean_answer = self._mean_answer + answers(part, unit).sum(axis=0, dtype=np.float64) / count
        covariance, with_answers = np.zeros(()), np.zeros(())
        for part in windows.parts(_PART):
            centred = _values(part, lags) - self._mean
            covariance = covariance + centred.T @ centred / count
            with_answers = with_answers + centred.T @ (answers(part, unit) - self._mean_answer) / count
        values, self._vectors = np.linalg.eigh(covariance)
        self._values = np.maximum(values, 0)
        self._rotated = self._vectors.T @ with_answers

    def __call__(self, penalty: float) -> Linear:
        weights = self._vectors @ (self._rotated / (self._values + penalty)[:, None])
        return Linear(self._lags, penalty, self._mean_answer - self._mean @ weights, weights)


def _values(windows: Windows, lags: int) -> np.ndarray:
    ends = windows.starts + windows.input_rows - 1
    earlier = windows.rows[ends[:, None] + np.arange(-lags, 0), windows.target_index]
    return np.hstack([windows.rows[ends], earlier]).astype(np.float64)
