"""Fits the feature transform: every number in it comes from training rows, never from held-out ones."""

import numpy as np
import sklearn
from sklearn import preprocessing
from sklearn.impute import KNNImputer

from flts.common.transform import FeatureTransform, Lags
from flts.preprocess.csvfile import CsvError, Table
from flts.preprocess.settings import PreprocessSettings

# Neighbours are looked for among this many training rows at most: the search is quadratic otherwise.
_MOST_DONORS = 5000
_IMPUTER_WORKING_MEMORY_MIB = 64


def fit(settings: PreprocessSettings, train: Table) -> tuple[FeatureTransform, Table]:
    """Transform fitted on the training rows, and these rows without the columns that were dropped."""
    kept = _drop_sparse_columns(settings, train)
    fill = np.nanmedian(kept.values, axis=0)
    base = FeatureTransform(
        columns=kept.columns,
        target=_target(settings, train, kept),
        fill=fill.tolist(),
        clip=[None] * len(kept.columns),
        constant=float(settings.add_val or 0.0),
        with_time=settings.time_features_enable,
        lags=_lags(settings),
        interval_seconds=_interval_seconds(settings, kept.times),
        **_neutral_scale(settings, len(kept.columns)),
    )
    filled = impute(settings, settings.train_object, kept, kept)
    clipped = base.model_copy(update={"clip": _limits(settings, filled, base.target)})
    if len(filled.times) <= base.lags.rows:
        raise CsvError(
            settings.train_object,
            f"{len(filled.times)} rows are too few for LAGS_N={settings.lags_n} with LAGS_STEP={settings.lags_step}",
            "add rows or lower them",
        )
    offset, scale = _scaler_numbers(settings.scaler, clipped.unscaled(filled.values, filled.times))
    fitted = clipped.model_dump() | {"scaler": settings.scaler, "offset": offset, "scale": scale}
    return FeatureTransform.model_validate(fitted), filled


def impute(settings: PreprocessSettings, name: str, train: Table, rows: Table) -> Table:
    """Rows with missing cells replaced by the mean of the nearest training rows, dropped, or refused."""
    order = [rows.columns.index(column) for column in train.columns]
    rows = rows._replace(columns=train.columns, values=rows.values[:, order])
    holes = np.isnan(rows.values)
    if not holes.any():
        return rows
    if settings.nans_drop_rows:
        return rows.take(~holes.any(axis=1))
    if not settings.handle_nans:
        row, column = np.argwhere(holes)[0]
        raise CsvError(
            name,
            "the cell is empty and HANDLE_NANS is off",
            "fill it or turn HANDLE_NANS on",
            line=int(rows.lines[row]),
            column=rows.columns[column],
        )
    # Distances need one unit for all columns: standard deviations of the training rows.
    centre = np.nanmean(train.values, axis=0)
    spread = np.nanstd(train.values, axis=0)
    spread[spread == 0] = 1.0
    step = max(1, len(train.times) // _MOST_DONORS)
    values = rows.values.copy()
    affected = holes.any(axis=1)
    with sklearn.config_context(working_memory=_IMPUTER_WORKING_MEMORY_MIB):
        imputer = KNNImputer(n_neighbors=settings.nans_knn, keep_empty_features=True)
        imputer.fit((train.values[::step] - centre) / spread)
        values[affected] = imputer.transform((values[affected] - centre) / spread) * spread + centre
    # Only the holes: the way through standard units must not touch the last digit of what was measured.
    return rows._replace(values=np.where(holes, values, rows.values))


def _drop_sparse_columns(settings: PreprocessSettings, train: Table) -> Table:
    missing = np.isnan(train.values).mean(axis=0)
    keep = (missing <= settings.nans_threshold) & (missing < 1)
    if not keep.any():
        raise CsvError(
            settings.train_object,
            f"every column has more than NANS_THRESHOLD={settings.nans_threshold} of its cells empty",
            "fill them or raise the threshold",
        )
    columns = [column for column, kept in zip(train.columns, keep, strict=True) if kept]
    return train._replace(columns=columns, values=train.values[:, keep])


def _target(settings: PreprocessSettings, train: Table, kept: Table) -> str:
    wanted = settings.target_column or kept.columns[0]
    if wanted in kept.columns:
        return wanted
    if wanted in train.columns:
        raise CsvError(
            settings.train_object,
            f"is TARGET_COLUMN, but more than NANS_THRESHOLD={settings.nans_threshold} of its cells are empty",
            "fill them",
            column=wanted,
        )
    raise CsvError(
        settings.train_object,
        "is TARGET_COLUMN, but there is no such column",
        f"choose one of {', '.join(train.columns)}",
        line=1,
        column=wanted,
    )


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
    count = values.shape[1]
    if not name:
        return [0.0] * count, [1.0] * count
    scaler = getattr(preprocessing, name)().fit(values)
    offset: np.ndarray = np.zeros(count)
    scale = scaler.scale_
    if name == "MinMaxScaler":
        # scikit-learn stores its reciprocal here: feature = value * scale_ + min_.
        offset, scale = scaler.data_min_, 1.0 / scaler.scale_
    elif name == "StandardScaler":
        offset = scaler.mean_
    elif name == "RobustScaler":
        offset = scaler.center_
    return [float(value) for value in offset], [float(value) for value in scale]
