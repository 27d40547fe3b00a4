"""A request's columns to the arrays that a model takes; every refusal names the column."""

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from flts.common.serving import ServingSpec

_INDEX_NAMES = ("ts", "timestamp", "time", "date")


class BadInput(ValueError):
    """The request's data cannot be used; answered with 400."""


class InputFrame(NamedTuple):
    """Raw rows in the model's column order, and their times."""

    raw: np.ndarray
    times: np.ndarray


def input_frame(data: dict[str, list] | None, index_column: str | None, spec: ServingSpec) -> InputFrame:
    """Arrays for a model from a request's columns; raises BadInput."""
    if not data:
        raise BadInput('no data: send {"data": {column: [values], ...}} with the last rows in raw units')
    index = _index_name(data, index_column)
    missing = [name for name in spec.transform.columns if name not in data]
    if missing:
        raise BadInput(f"missing feature columns: {', '.join(missing)}")
    rows = len(data[index])
    for name in spec.transform.columns:
        if len(data[name]) != rows:
            raise BadInput(f"column {name!r} has {len(data[name])} values, {index!r} has {rows}")
    if rows < spec.rows_needed:
        raise BadInput(f"{rows} rows are too few: the model looks at the last {spec.rows_needed}")
    # Only the rows that the model looks at are converted; a long history costs nothing.
    last = slice(rows - spec.rows_needed, rows)
    columns = [_numbers(name, data[name][last]) for name in spec.transform.columns]
    return InputFrame(np.column_stack(columns), _times(index, data[index][last]))


def _index_name(data: dict[str, list], wanted: str | None) -> str:
    if wanted:
        if wanted not in data:
            raise BadInput(f"index_col {wanted!r} is not among the columns")
        return wanted
    for name in _INDEX_NAMES:
        if name in data:
            return name
    raise BadInput(f"no time column: name one of {', '.join(_INDEX_NAMES)}, or set index_col")


def _numbers(name: str, values: list) -> np.ndarray:
    for value in values:
        # A bool is an int to Python, but not a measurement.
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise BadInput(f"column {name!r}: {value!r} is not a number")
    try:
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except OverflowError as error:
        raise BadInput(f"column {name!r}: a number is too large") from error
    if np.isinf(numbers).any():
        raise BadInput(f"column {name!r}: numbers must be finite")
    return numbers


def _times(name: str, values: list) -> np.ndarray:
    times = np.array([_time(name, value) for value in values], dtype="datetime64[us]")
    wrong = np.flatnonzero(times[1:] <= times[:-1])
    if wrong.size:
        raise BadInput(
            f"column {name!r}: {values[int(wrong[0]) + 1]!r} is not later than the row before; times must increase"
        )
    return times


def _time(name: str, value: object) -> datetime:
    if not isinstance(value, str):
        raise BadInput(f"column {name!r}: {value!r} is not a time; write it as 2018-02-05 23:40:00")
    try:
        time = datetime.fromisoformat(value)
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"column {name!r}: {value!r} is not a time; write it as 2018-02-05 23:40:00") from error
