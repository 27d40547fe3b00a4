"""Prediction intervals by split conformal prediction, for each step ahead on its own.

The residuals of held-out windows, which the model has not seen, say how far off it is: the interval of level L reaches
as far on both sides of the forecast as the ceil((n + 1) L)-th smallest of n absolute residuals (Lei, G'Sell, Rinaldo,
Tibshirani and Wasserman 2018, "Distribution-Free Predictive Inference for Regression", section 2.2). Nothing is assumed
about their distribution; that rows of the future are like the held-out ones is.
"""

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
"""Levels that are stored; those between them are interpolated."""
REPORTED_LEVEL = 0.9
"""The level whose coverage and width trainers report."""


class Intervals(BaseModel):
    """How far intervals reach from the forecast, in scaled units of the target."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    windows: int = Field(ge=1)
    """Held-out windows that the residuals are of."""
    levels: list[float] = Field(min_length=1)
    """Ascending. A level needs enough windows: 0.9 at least 9 of them."""
    reach: list[list[float]] = Field(min_length=1)
    """One list a step ahead, one number a level."""

    @model_validator(mode="after")
    def _one_number_a_level(self) -> "Intervals":
        if any(len(step) != len(self.levels) for step in self.reach):
            raise ValueError("reach and levels differ in length")
        if self.levels != sorted(self.levels):
            raise ValueError("levels do not ascend")
        return self

    @property
    def lowest(self) -> float:
        """The lowest level that can be asked for."""
        return self.levels[0]

    @property
    def highest(self) -> float:
        """The highest level that can be asked for."""
        return self.levels[-1]

    def at(self, level: float) -> np.ndarray:
        """Reach by step for a level from `lowest` to `highest`."""
        return np.array([np.interp(level, self.levels, step) for step in self.reach])


def intervals_of(predicted: np.ndarray, actual: np.ndarray) -> Intervals | None:
    """Intervals from held-out forecasts and what came (windows, steps); None where there are too few windows."""
    windows = len(actual)
    ranks = {level: math.ceil((windows + 1) * level) for level in LEVELS}
    levels = [level for level in LEVELS if ranks[level] <= windows]
    if not levels:
        return None
    residuals = np.sort(np.abs(np.asarray(predicted, np.float64) - actual), axis=0)
    reach = residuals[[ranks[level] - 1 for level in levels]].T
    return Intervals(
        windows=windows,
        levels=levels,
        # Six digits are more than residuals carry; a thousand steps would fill megabytes otherwise.
        reach=[[float(f"{value:.6g}") for value in step] for step in reach.tolist()],
    )


def measured(predicted: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    """Coverage and mean reach of the intervals of REPORTED_LEVEL, in the units of `actual`.

    They are made from the earlier half of the windows and measured on the later one, since on their own windows
    they cover what they were made to cover. Empty where there are too few windows.
    """
    half = len(actual) // 2
    earlier = intervals_of(predicted[:half], actual[:half])
    if earlier is None or earlier.highest < REPORTED_LEVEL:
        return {}
    reach = earlier.at(REPORTED_LEVEL)
    # A window that shares target rows with the earlier half says nothing new.
    later = slice(half + actual.shape[1] - 1, None)
    if not len(actual[later]):
        return {}
    inside = np.abs(np.asarray(predicted[later], np.float64) - actual[later]) <= reach
    name = f"interval_{REPORTED_LEVEL * 100:.0f}"
    return {f"{name}_coverage": float(inside.mean()), f"{name}_reach": float(reach.mean())}
