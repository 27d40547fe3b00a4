"""Raw rows to model features and back, the same for preprocessing and for serving.

Everything is fitted on training rows only (flts.preprocess.fitting) and stored as plain numbers, so that the model
carries it along: no pickles, and no chance that training and serving disagree on an order or a scale.
"""

import math
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flts.common.calendar import Calendar, fixed

TIME_FEATURES = (
    "min_of_day_sin",
    "min_of_day_cos",
    "day_of_week_sin",
    "day_of_week_cos",
    "day_of_year_sin",
    "day_of_year_cos",
)
"""Names and order of upstream's cyclic columns (upstream contract: after the raw columns)."""

_MINUTES_A_DAY = 1440.0
_DAYS_A_WEEK = 7.0
_DAYS_A_YEAR = 365.25
# 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
_FIRST_DAY_OF_EPOCH = 3

Floats = np.ndarray
Times = np.ndarray


def time_features(times: Times) -> Floats:
    """Cyclic time columns, in the order of TIME_FEATURES, for an array of datetime64."""
    minutes = times.astype("datetime64[m]").astype(np.int64)
    days = minutes // int(_MINUTES_A_DAY)
    year_start = times.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    angles = (
        (minutes % int(_MINUTES_A_DAY)) / _MINUTES_A_DAY,
        ((days + _FIRST_DAY_OF_EPOCH) % int(_DAYS_A_WEEK)) / _DAYS_A_WEEK,
        (days - year_start) / _DAYS_A_YEAR,
    )
    columns = [part(angle * 2 * math.pi) for angle in angles for part in (np.sin, np.cos)]
    return np.column_stack(columns)


class Lags(BaseModel):
    """Past values of every raw column as further columns: `count` of them, `step` rows apart."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(default=0, ge=0)
    step: int = Field(default=1, ge=1)

    @property
    def rows(self) -> int:
        """How many rows of history the oldest lag needs."""
        return self.count * self.step

    def names(self, columns: list[str]) -> list[str]:
        """Names of the lag columns, nearest lag first."""
        return [f"{name}_lag_{k * self.step}" for k in range(1, self.count + 1) for name in columns]

    def values(self, raw: Floats) -> Floats:
        """Lag columns for all rows that have enough history."""
        length = len(raw) - self.rows
        starts = [self.rows - k * self.step for k in range(1, self.count + 1)]
        return np.hstack([raw[start : start + length] for start in starts])


class FeatureTransform(BaseModel):
    """Fitted, invertible map from raw rows (in `columns` order) to features (in `features` order)."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    columns: list[str] = Field(min_length=1)
    """Raw columns that the model needs, in order."""
    target: str
    """The raw column that is forecast."""
    fill: list[float]
    """Replacements of missing values, one for each raw column, in raw units: the medians of the training rows."""
    clip: list[tuple[float, float] | None]
    """Limits of a raw column in raw units, or None where it is not clipped (never the target)."""
    constant: float = 0.0
    """Added to every raw column before scaling."""
    with_time: bool = True
    """Whether the cyclic time columns follow the raw ones."""
    lags: Lags = Lags()
    scaler: Literal["MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler", ""] = ""
    """Which scikit-learn scaler the offsets and scales come from; empty: none."""
    offset: list[float]
    scale: list[float]
    """A feature is (value - offset) / scale, one pair a feature."""
    interval_seconds: float = Field(gt=0)
    """Usual distance of two rows (the training rows' median)."""
    calendar: Calendar | None = None
    """When rows are due; None where version 0.1.0 wrote the transform, whose rows are due at `interval_seconds`."""

    @model_validator(mode="after")
    def _lengths_agree(self) -> "FeatureTransform":
        if self.target not in self.columns:
            raise ValueError(f"target {self.target!r} is not one of the columns {self.columns}")
        if not len(self.columns) == len(self.fill) == len(self.clip):
            raise ValueError("columns, fill and clip differ in length")
        if not len(self.features) == len(self.offset) == len(self.scale):
            raise ValueError("features, offset and scale differ in length")
        if 0.0 in self.scale:
            raise ValueError("a scale is 0")
        return self

    @property
    def features(self) -> list[str]:
        """Names of the features in the model's order."""
        time_names = list(TIME_FEATURES) if self.with_time else []
        return [*self.columns, *time_names, *self.lags.names(self.columns)]

    @property
    def target_index(self) -> int:
        """Position of the target among the features."""
        return self.columns.index(self.target)

    @property
    def due(self) -> Calendar:
        """When rows are due: what gaps, windows and the times of forecasts follow."""
        return self.calendar or fixed(self.interval_seconds)

    def imputed(self, raw: Floats) -> Floats:
        """Raw rows with missing values (NaN) replaced by the fill values."""
        return np.where(np.isnan(raw), np.asarray(self.fill), raw)

    def unscaled(self, raw: Floats, times: Times) -> Floats:
        """Features before scaling. The first `lags.rows` rows serve as history only and have no features."""
        low = np.array([-np.inf if limits is None else limits[0] for limits in self.clip])
        high = np.array([np.inf if limits is None else limits[1] for limits in self.clip])
        values = np.clip(self.imputed(raw), low, high) + self.constant
        parts = [values[self.lags.rows :]]
        if self.with_time:
            parts.append(time_features(times[self.lags.rows :]))
        if self.lags.count:
            parts.append(self.lags.values(values))
        return np.hstack(parts)

    def apply(self, raw: Floats, times: Times) -> Floats:
        """Scaled features of raw rows."""
        return (self.unscaled(raw, times) - np.asarray(self.offset)) / np.asarray(self.scale)

    def raw_columns(self, scaled: Floats) -> Floats:
        """Raw columns (rows, columns) of features (rows, features), clipped and filled as the model sees them."""
        count = len(self.columns)
        return scaled[:, :count] * np.asarray(self.scale[:count]) + np.asarray(self.offset[:count]) - self.constant

    def target_to_raw(self, scaled: Floats) -> Floats:
        """Scaled values of the target in raw units."""
        index = self.target_index
        return np.asarray(scaled, dtype=np.float64) * self.scale[index] + self.offset[index] - self.constant
