"""Fits the feature transform: every number in it comes from training rows, never from held-out ones."""

import numpy as np
from sklearn import preprocessing

from flts.common.calendar import Calendar
from flts.common.moments import moments
from flts.common.transform import FeatureTransform, Lags
from flts.preprocess.csvfile import CsvError, Table
from flts.preprocess.features import Unscaled
from flts.preprocess.settings import PreprocessSettings

# A usual step from row to row is to be that many times the distance of two numbers in single precision.
_RESOLUTIONS_A_STEP = 256
# Quartiles closer to each other than this share of the standard deviation are taken for equal.
_FEWEST_SPREADS = 1e-6


def fit(settings: PreprocessSettings, train: Table, target: str, calendar: Calendar) -> FeatureTransform:
    """Transform fitted on training rows without missing cells."""
    base = FeatureTransform(
        columns=train.columns,
        target=target,
        fill=[float(np.median(values)) for values in train.values],
        clip=[None] * len(train.columns),
        constant=float(settings.add_val or 0.0),
        with_time=settings.time_features_enable,
        lags=_lags(settings),
        interval_seconds=_interval_seconds(settings, train.times),
        calendar=calendar,
        **_neutral_scale(settings, len(train.columns)),
    )
    clipped = base.model_copy(update={"clip": _limits(settings, train, base.target)})
    if len(train.times) <= base.lags.rows:
        raise CsvError(
            settings.train_object,
            f"{len(train.times)} rows are too few for LAGS_N={settings.lags_n} with LAGS_STEP={settings.lags_step}",
            "add rows or lower them",
        )
    offset, scale = _scaler_numbers(settings.scaler, Unscaled(clipped, train))
    fitted = clipped.model_dump() | {"scaler": settings.scaler, "offset": offset, "scale": scale}
    return FeatureTransform.model_validate(fitted)


def _lags(settings: PreprocessSettings) -> Lags:
    return Lags(count=settings.lags_n if settings.lags_enable else 0, step=settings.lags_step)


def _interval_seconds(settings: PreprocessSettings, times: np.ndarray) -> float:
    if len(times) < 2:
        raise CsvError(settings.train_object, "only one training row", "add rows", line=3)
    return float(np.median(np.diff(times)) / np.timedelta64(1, "s"))


def _limits(settings: PreprocessSettings, rows: Table, target: str) -> list[tuple[float, float] | None]:
    if not settings.clip_enable:
        return [None] * len(rows.columns)
    return [
        None if column == target else _limits_of(settings, values)
        for column, values in zip(rows.columns, rows.values, strict=True)
    ]


def _limits_of(settings: PreprocessSettings, values: np.ndarray) -> tuple[float, float]:
    if settings.clip_method == "iqr":
        first, third = np.quantile(values, [0.25, 0.75])
        reach = (third - first) * settings.clip_factor
        return float(first - reach), float(third + reach)
    low, high = np.percentile(values, [settings.clip_factor, 100 - settings.clip_factor])
    return float(low), float(high)


def _neutral_scale(settings: PreprocessSettings, columns: int) -> dict[str, list[float]]:
    lags = settings.lags_n if settings.lags_enable else 0
    count = columns * (1 + lags) + (6 if settings.time_features_enable else 0)
    return {"offset": [0.0] * count, "scale": [1.0] * count}


def _scaler_numbers(name: str, features: Unscaled) -> tuple[list[float], list[float]]:
    lowest = np.min([part.min(axis=0) for part in features.parts()], axis=0)
    highest = np.max([part.max(axis=0) for part in features.parts()], axis=0)
    _, deviation = moments(features.parts())
    # The deviation of a constant column may be more than 0 for rounding.
    spread = np.where(highest - lowest > 0, deviation, 0.0)
    offset, scale = _scikit_learns(name, features, spread)
    # Models compute in single precision, in which 1,000,000,000 equals 1,000,000,001: such values are centred,
    # also without a scaler or with one that keeps the zero.
    _, steps = moments(np.diff((part - offset) / scale, axis=0) for part in features.overlapping())
    largest = np.maximum(np.abs((lowest - offset) / scale), np.abs((highest - offset) / scale))
    coarse = (steps > 0) & (steps < _RESOLUTIONS_A_STEP * np.finfo(np.float32).eps * largest)
    for at in np.flatnonzero(coarse):
        offset[at] = np.median(features.column(at))
    return offset.tolist(), scale.tolist()


def _scikit_learns(name: str, features: Unscaled, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = len(spread)
    if not name:
        return np.zeros(count), np.ones(count)
    # scikit-learn takes what spreads less than about 2e-15 for constant, whatever its unit is; powers of two change
    # nothing else.
    unit = np.where(spread > 0, np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0)))), 1.0)
    if name == "RobustScaler":
        of_columns = [_robust(features.column(at), spread[at], unit[at]) for at in range(count)]
        offset, scale = (np.array(numbers) for numbers in zip(*of_columns, strict=True))
        return offset, scale
    scaler = getattr(preprocessing, name)()
    for part in features.parts():
        scaler.partial_fit(part / unit)
    if name == "MinMaxScaler":
        # scikit-learn stores its reciprocal here: feature = value * scale_ + min_.
        return scaler.data_min_ * unit, unit / scaler.scale_
    offset = scaler.mean_ if name == "StandardScaler" else np.zeros(count)
    return offset * unit, scaler.scale_ * unit


def _robust(values: np.ndarray, spread: float, unit: float) -> tuple[float, float]:
    scaler = preprocessing.RobustScaler().fit((values / unit)[:, None])
    first, third = np.quantile(values, [0.25, 0.75])
    # Where half of the values are the same, often 0, their quartiles say nothing about the others.
    scale = spread if spread > 0 and third - first < _FEWEST_SPREADS * spread else scaler.scale_[0] * unit
    return scaler.center_[0] * unit, scale
