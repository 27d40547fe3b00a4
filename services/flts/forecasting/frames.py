"""A request's columns to the arrays that a model takes; every refusal names the column."""

import math
import sys
from itertools import chain
from reprlib import repr as shortened
from types import NoneType
from typing import NamedTuple

import numpy as np

from flts.common.serving import ServingSpec
from flts.forecasting.refusals import BadInput
from flts.forecasting.spacing import first_irregular
from flts.forecasting.times import SentTimes, sent_times

_INDEX_NAMES = ("ts", "timestamp", "time", "date")
# Not bool, which is an int to Python but not a measurement.
_NUMBERS = {int, float, NoneType}


class InputFrame(NamedTuple):
    """Raw rows in the model's column order, as many as the model looks at, and their times."""

    raw: np.ndarray
    """float64 (rows, columns); NaN where a value is missing."""
    complete: bool
    """Whether no value is missing."""
    times: SentTimes
    warnings: tuple[str, ...] = ()


def input_frame(
    data: dict[str, list] | None, index_column: str | None, spec: ServingSpec, *, irregular_passes: bool = False
) -> InputFrame:
    """Arrays for a model from a request's columns; raises BadInput.

    `irregular_passes`: rows with gaps, of another rate or without a known target are a warning, not an error.
    """
    if not data:
        raise BadInput('no data: send {"data": {column: [values], ...}} with the last rows in raw units')
    index = _index_name(data, index_column)
    names = spec.transform.columns
    if not data.keys() >= set(names):
        raise BadInput(f"missing feature columns: {', '.join(name for name in names if name not in data)}")
    sent = data[index]
    rows = len(sent)
    columns = [data[name] for name in names]
    if {*map(len, columns)} != {rows}:
        name = next(name for name in names if len(data[name]) != rows)
        raise BadInput(f"column {name!r} has {len(data[name])} values, {shortened(index)} has {rows}")
    needed = spec.rows_needed
    if rows < needed:
        raise BadInput(f"{rows} rows are too few: the model looks at the last {needed}")
    if rows > needed:
        # Only the rows that the model looks at are converted; a long history costs nothing.
        sent = sent[-needed:]
        columns = [values[-needed:] for values in columns]
    raw = _numbers(names, columns)
    # Neither NaN nor infinities: one pass, where most requests need no other.
    complete = math.isfinite(raw.sum())
    if not complete and np.isinf(raw).any():
        raise _infinite(names, columns)
    times = sent_times(index, sent, spec.transform.due)
    irregular = (None if complete else _unknown_target(spec, raw), _irregular(spec, index, times, sent))
    warnings = tuple(text for text in irregular if text is not None)
    if warnings and not irregular_passes:
        raise BadInput(warnings[0])
    return InputFrame(raw, complete, times, warnings)


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
    if not _NUMBERS.issuperset(map(type, chain.from_iterable(columns))):
        raise _no_number(names, columns)
    try:
        # NumPy makes NaN of None.
        return np.array(columns, dtype=np.float64).T
    except OverflowError as error:
        raise _infinite(names, columns) from error


def _no_number(names: list[str], columns: list[list]) -> BadInput:
    name, wrong = next(
        (name, value)
        for name, values in zip(names, columns, strict=True)
        for value in values
        if type(value) not in _NUMBERS
    )
    return BadInput(f"column {name!r}: {shortened(wrong)} is not a number")


def _infinite(names: list[str], columns: list[list]) -> BadInput:
    name = next(
        name
        for name, values in zip(names, columns, strict=True)
        if any(abs(value) > sys.float_info.max for value in values if value is not None)
    )
    return BadInput(f"column {name!r}: a number is too large")


def _unknown_target(spec: ServingSpec, raw: np.ndarray) -> str | None:
    transform = spec.transform
    if not np.isnan(raw[:, transform.target_index]).all():
        return None
    return (
        f"column {transform.target!r}: none of the last {len(raw)} values is known; a forecast needs at least one "
        "value of what is forecast"
    )


def _irregular(spec: ServingSpec, index: str, times: SentTimes, values: list) -> str | None:
    micros = times.micros
    row = first_irregular(spec.transform, micros)
    if row is None:
        return None
    due = spec.transform.due
    apart = f"the model's rows are {spec.transform.interval_seconds:g} s apart"
    if due.open or due.months:
        apart = f"the model's rows are due by the calendar {due.frequency}"
    if row == 0:
        mean = (micros[-1] - micros[0]) / 1e6 / (len(micros) - 1)
        return f"column {shortened(index)}: rows are {mean:g} s apart, {apart}; send rows at the model's rate"
    gap = (micros[row] - micros[row - 1]) / 1e6
    return (
        f"column {shortened(index)}: {shortened(values[row])} is {gap:g} s after the row before, {apart}; send every "
        "row, with null where a value is not known"
    )
