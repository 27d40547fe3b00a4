"""Fits the feature transform: every number in it comes from training rows, never from held-out ones."""

import numpy as np
from sklearn import preprocessing

from flts.common.calendar import Calendar
from flts.common.transform import FeatureTransform, Lags
from flts.preprocess.csvfile import CsvError, Table
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
        fill=np.median(train.values, axis=0).tolist(),
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
    offset, scale = _scaler_numbers(settings.scaler, clipped.unscaled(train.values, train.times))
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
    if settings.clip_method == "iqr":
        first, third = np.quantile(rows.values, [0.25, 0.75], axis=0)
        reach = (third - first) * settings.clip_factor
        low, high = first - reach, third + reach
    else:
        low, high = np.percentile(rows.values, [settings.clip_factor, 100 - settings.clip_factor], axis=0)
    return [None if column == target else (float(low[at]), float(high[at])) for at, column in enumerate(rows.columns)]


def _neutral_scale(settings: PreprocessSettings, columns: int) -> dict[str, list[float]]:
    lags = settings.lags_n if settings.lags_enable else 0
    count = columns * (1 + lags) + (6 if settings.time_features_enable else 0)
    return {"offset": [0.0] * count, "scale": [1.0] * count}


def _scaler_numbers(name: str, values: np.ndarray) -> tuple[list[float], list[float]]:
    # The deviation of a constant column may be more than 0 for rounding.
    spread = np.where(np.ptp(values, axis=0) > 0, values.std(axis=0), 0.0)
    offset, scale = _scikit_learns(name, values, spread)
    scaled = (values - offset) / scale
    # Models compute in single precision, in which 1,000,000,000 equals 1,000,000,001: such values are centred,
    # also without a scaler or with one that keeps the zero.
    steps = np.diff(scaled, axis=0).std(axis=0)
    coarse = (steps > 0) & (steps < _RESOLUTIONS_A_STEP * np.finfo(np.float32).eps * np.abs(scaled).max(axis=0))
    offset = np.where(coarse, np.median(values, axis=0), offset)
    return offset.tolist(), scale.tolist()


def _scikit_learns(name: str, values: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = values.shape[1]
    if not name:
        return np.zeros(count), np.ones(count)
    # scikit-learn takes what spreads less than about 2e-15 for constant, whatever its unit is; powers of two change
    # nothing else.
    unit = np.where(spread > 0, np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0)))), 1.0)
    scaler = getattr(preprocessing, name)().fit(values / unit)
    offset: np.ndarray = np.zeros(count)
    scale = scaler.scale_
    if name == "MinMaxScaler":
        # scikit-learn stores its reciprocal here: feature = value * scale_ + min_.
        offset, scale = scaler.data_min_, 1.0 / scaler.scale_
    elif name == "StandardScaler":
        offset = scaler.mean_
    elif name == "RobustScaler":
        offset = scaler.center_
        # Where half of the values are the same, often 0, their quartiles say nothing about the others.
        quartiles = np.quantile(values, [0.25, 0.75], axis=0)
        scale = np.where((spread > 0) & (quartiles[1] - quartiles[0] < _FEWEST_SPREADS * spread), spread / unit, scale)
    return offset * unit, scale * unit
