"""A request's columns to the arrays that a model takes; every refusal names the column."""

import sys
from datetime import UTC, datetime
from reprlib import repr as shortened
from types import NoneType
from typing import NamedTuple

import numpy as np

from flts.common.serving import ServingSpec
from flts.inference.refusals import BadInput

_INDEX_NAMES = ("ts", "timestamp", "time", "date")
# Not bool, which is an int to Python but not a measurement.
_NUMBERS = {int, float, NoneType}
# NumPy counts nanoseconds from 1970 in 64 bits; forecasts go on from the last time.
_EARLIEST, _LATEST = datetime(1700, 1, 1), datetime(2200, 1, 1)


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
    columns = [data[name][last] for name in spec.transform.columns]
    return InputFrame(_numbers(spec.transform.columns, columns), _times(index, data[index][last]))


def _index_name(data: dict[str, list], wanted: str | None) -> str:
    if wanted:
        if wanted not in data:
            raise BadInput(f"index_col {shortened(wanted)} is not among the columns")
        return wanted
    for name in _INDEX_NAMES:
        if name in data:
            return name
    raise BadInput(f"no time column: name one of {', '.join(_INDEX_NAMES)}, or set index_col")


def _numbers(names: list[str], columns: list[list]) -> np.ndarray:
    for name, values in zip(names, columns, strict=True):
        if not _NUMBERS.issuperset(map(type, values)):
            wrong = next(value for value in values if type(value) not in _NUMBERS)
            raise BadInput(f"column {name!r}: {shortened(wrong)} is not a number")
    try:
        # NumPy makes NaN of None.
        numbers = np.array(columns, dtype=np.float64).T
    except OverflowError as error:
        raise _infinite(names, columns) from error
    if np.isinf(numbers).any():
        raise _infinite(names, columns)
    return numbers


def _infinite(names: list[str], columns: list[list]) -> BadInput:
    name = next(
        name
        for name, values in zip(names, columns, strict=True)
        if any(abs(value) > sys.float_info.max for value in values if value is not None)
    )
    return BadInput(f"column {name!r}: a number is too large")


def _times(name: str, values: list) -> np.ndarray:
    times = np.array([_time(name, value) for value in values], dtype="datetime64[us]")
    wrong = np.flatnonzero(times[1:] <= times[:-1])
    if wrong.size:
        raise BadInput(
            f"column {name!r}: {shortened(values[int(wrong[0]) + 1])} is not later than the row before; "
            "times must increase"
        )
    return times


def _time(name: str, value: object) -> datetime:
    try:
        time = datetime.fromisoformat(value)
        time = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"column {name!r}: {shortened(value)} is not a time; write it as 2018-02-05 23:40:00") from error
    if not _EARLIEST <= time < _LATEST:
        raise BadInput(f"column {name!r}: {value!r} is not between the years {_EARLIEST.year} and {_LATEST.year}")
    return time
