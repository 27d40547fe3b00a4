"""The last rows of a series, in raw units: what a page shows before a forecast, and a body for /predict."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flts.common.frames import FeatureFrame
from flts.common.steps import follows

ROWS_SHOWN = 96
"""Fewest rows that are kept where the data have them: a day of quarter hours."""


class RecentRows(BaseModel):
    """Consecutive rows, oldest first."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    times: list[str] = Field(min_length=1)
    """ISO 8601, of the clock of the data."""
    columns: dict[str, list[float | None]]
    """Values in raw units, one list a raw column; null where the target was not known. Values that preprocess clips
    or fills are given as the model sees them."""

    @model_validator(mode="after")
    def _as_many_values_as_times(self) -> "RecentRows":
        if any(len(values) != len(self.times) for values in self.columns.values()):
            raise ValueError("columns and times differ in length")
        return self


class NewestRows(BaseModel):
    """The last rows of a series' newest file, whether a model was trained on them or not: an object of preprocess."""

    model_config = ConfigDict(frozen=True)

    series: str
    target: str
    rows: RecentRows | None
    """None where fewer than a model looks at follow each other."""
    last_time: str
    """Of the last row of all, ISO 8601, of the clock of the data."""
    last_value: float | None
    """Of the target, in raw units; None where it was not known."""


def newest_rows_key(scope: str, series: str) -> str:
    """Where they are in the bucket of processed data."""
    return f"{scope}/rows/{series}.json"


def recent_rows(frames: Sequence[FeatureFrame], needed: int) -> RecentRows | None:
    """The last rows of consecutive frames, at least `needed` of them; None where there are fewer without a gap."""
    kept = [frame for frame in frames if len(frame.times)]
    if not kept:
        return None
    transform = kept[-1].transform
    times = np.concatenate([frame.times for frame in kept])
    gaps = np.flatnonzero(~follows(transform.due, times))
    start = int(gaps[-1]) + 1 if len(gaps) else 0
    if len(times) - start < needed:
        return None
    start = max(start, len(times) - max(needed, ROWS_SHOWN))
    return _rows_from(start, kept)


def newest_rows(series: str, frames: Sequence[FeatureFrame], needed: int) -> NewestRows:
    """The last rows of a series' newest file, whose last frame has rows; `needed`: see recent_rows."""
    last, target = frames[-1], frames[-1].transform.target
    row = _rows_from(len(last.times) - 1, [last])
    return NewestRows(
        series=series,
        target=target,
        rows=recent_rows(frames, needed),
        last_time=row.times[0],
        last_value=row.columns[target][0],
    )


def _rows_from(start: int, frames: Sequence[FeatureFrame]) -> RecentRows:
    transform = frames[-1].transform
    times = np.concatenate([frame.times for frame in frames])[start:]
    raw = np.concatenate([frame.transform.raw_columns(frame.features) for frame in frames])[start:]
    unknown = np.concatenate(
        [np.zeros(len(frame.times), bool) if frame.imputed is None else frame.imputed for frame in frames]
    )[start:]
    columns = {name: [float(f"{value:.12g}") for value in raw[:, at]] for at, name in enumerate(transform.columns)}
    target = columns[transform.target]
    columns[transform.target] = [None if lost else value for value, lost in zip(target, unknown, strict=True)]
    return RecentRows(times=_texts(times), columns=columns)


def _texts(times: np.ndarray) -> list[str]:
    seconds = times.astype("datetime64[s]")
    return [str(time) for time in (seconds if (seconds == times).all() else times.astype("datetime64[us]"))]
