"""Whether a series can be trained on: its target, its calendar, its gaps, and whether its rows suffice."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flts.common.calendar import DAY, Calendar
from flts.preprocess.reading.compact import count_missing, missing_rows
from flts.preprocess.reading.frequency import Rows, calendar_of, check, text_of
from flts.preprocess.reading.options import ValidationOptions
from flts.preprocess.reading.part import Part
from flts.preprocess.reading.resampling import resampled
from flts.preprocess.reading.rowstates import RowStates, row_states_of
from flts.preprocess.reading.rules import rejected
from flts.preprocess.reading.series import Series

_TRAINING_WINDOWS = 2
_HELD_OUT_WINDOWS = 1


@dataclass
class Examined:
    """A series that can be trained on, before anything is done to it."""

    target: str
    columns: list[str]
    dropped: list[str]
    """Columns with too many missing cells."""
    calendar: Calendar
    train: RowStates
    held_out: RowStates
    detected: dict[str, Any]


def examine(train: Series, test: Series | None, options: ValidationOptions) -> Examined:
    """Split and check a series, whose values may not have been kept.

    Raises CsvError for the first reason not to train on it.
    """
    target = _target(train, options)
    if options.resample:
        train = resampled(train, options.resample)
        test = resampled(test, options.resample) if test is not None else None
    if test is not None:
        _check_columns(train, test)
        _check_order(train, test)
    _check_rows(train, test, options)
    by_day = _is_by_day(train)
    rows = _part(train, by_day)
    calendar = calendar_of(_rows(train, rows, train.zone if by_day else ""))
    if test is None:
        border = held_out_from(len(rows), options.holdout_fraction)
        part, held_out = rows.slice(0, border), rows.slice(border, len(rows))
    else:
        part, held_out = rows, _part(test, by_day).only(rows.columns)
        check(_rows(test, held_out, calendar.zone), calendar)
    columns = _kept_columns(part, target, train, options)
    part, held_out = part.only(columns), held_out.only(columns)
    _check_held_out(held_out)
    if not options.handle_nans:
        for of_part in (part, held_out):
            _refuse_missing(of_part)
    row_states, held_out_states = (row_states_of(of_part, target, calendar, options) for of_part in (part, held_out))
    # Absent rows count as well: without them few cells may be empty, and yet most of the target would be made up.
    if row_states.imputed > options.nans_threshold * row_states.left:
        percent = f"{100 * row_states.imputed / row_states.left:.3g}"
        raise rejected(part.file, "target_empty", line=row_states.first_imputed(), column=target, percent=percent)
    _check_windows(row_states, "training", _TRAINING_WINDOWS, target, options)
    _check_windows(held_out_states, "held-out", _HELD_OUT_WINDOWS, target, options)
    kept = set(columns)
    dropped = [column for column in train.columns if column not in kept]
    return Examined(target, columns, dropped, calendar, row_states, held_out_states, detected(train, calendar))


def detected(series: Series, calendar: Calendar) -> dict[str, Any]:
    """What was found out about a file's formats, for the quality report."""
    return {
        "encoding": series.encoding,
        "separator": series.layout.separator,
        "decimal": series.style.decimal,
        "thousands": series.style.thousands,
        "time_column": series.layout.time_column,
        "time_format": series.time_format,
        "time_zone": series.zone,
        "frequency": calendar.frequency,
        "snapped_to_grid": calendar.snap,
    }


def held_out_from(rows: int, fraction: float) -> int:
    """The row from which on a file's rows are held out."""
    return round(rows * (1 - fraction))


def rows_needed(options: ValidationOptions) -> int:
    """Fewest rows of a file, a part of which is held out, that give the windows that training needs."""
    window = options.input_rows + options.output_rows + options.lag_rows
    rows = 2 * window + 1
    while (
        rows - held_out_from(rows, options.holdout_fraction) < window
        or held_out_from(rows, options.holdout_fraction) < window + _TRAINING_WINDOWS - 1
    ):
        rows += 1
    return rows


def _target(train: Series, options: ValidationOptions) -> str:
    target = options.target_column or train.columns[0]
    if target not in train.columns:
        columns = ", ".join(train.columns)
        raise rejected(
            train.file, "target_unknown", line=train.layout.skipped_lines + 1, column=target, columns=columns
        )
    return target


def _check_columns(train: Series, test: Series) -> None:
    line = test.layout.skipped_lines + 1
    known, known_in_test = set(train.columns), set(test.columns)
    for column in train.columns:
        if column not in known_in_test:
            raise rejected(test.file, "held_out_column_missing", line=line, column=column, train=train.file)
    for column in test.columns:
        if column not in known:
            raise rejected(test.file, "held_out_column_unknown", line=line, column=column, train=train.file)


def _check_order(train: Series, test: Series) -> None:
    if test.times[0] <= train.times[-1]:
        raise rejected(
            test.file,
            "held_out_early",
            line=test.lines[0],
            column=test.layout.time_column,
            value=text_of(test.times[0]),
            train=train.file,
            end=text_of(train.times[-1]),
        )


def _check_rows(train: Series, test: Series | None, options: ValidationOptions) -> None:
    window = options.input_rows + options.output_rows + options.lag_rows
    if test is None:
        counts = [(train, rows_needed(options))]
    else:
        counts = [(train, window + _TRAINING_WINDOWS - 1), (test, window)]
    for series, needed in counts:
        if len(series) < needed:
            raise rejected(
                series.file,
                "too_few_rows",
                line=series.lines[-1],
                column=series.layout.time_column,
                rows=len(series),
                needed=needed,
                input=options.input_rows + options.lag_rows,
                output=options.output_rows,
                held_out="none" if test is not None else f"{options.holdout_fraction:.0%}",
            )


def _part(series: Series, by_day: bool) -> Part:
    # Steps below a day are the same in any zone, and in UTC no hour is skipped or repeated.
    clock = series.wall if by_day else series.times
    return Part(series.file, series.columns, series.times, clock, series.lines, series.values)


def _rows(series: Series, part: Part, zone: str) -> Rows:
    return Rows(series.file, series.layout.time_column, part.clock, part.lines, zone)


def _is_by_day(train: Series) -> bool:
    """Whether half of the rows or more come a day or more after the row before."""
    closer = sum(after - before < DAY for before, after in pairwise(train.times))
    return closer <= (len(train) - 2) // 2


def _kept_columns(part: Part, target: str, train: Series, options: ValidationOptions) -> list[str]:
    kept = []
    for column, values in zip(part.columns, part.values, strict=True):
        share = count_missing(values) / len(values)
        if share <= options.nans_threshold and share < 1:
            kept.append(column)
        elif column == target:
            percent = f"{100 * share:.3g}"
            line = part.lines[next(missing_rows(values))]
            raise rejected(train.file, "target_empty", line=line, column=target, percent=percent)
    return kept


def _check_held_out(held_out: Part) -> None:
    for column, values in zip(held_out.columns, held_out.values, strict=True):
        if count_missing(values) == len(values):
            raise rejected(held_out.file, "held_out_empty", line=held_out.lines[0], column=column)


def _refuse_missing(part: Part) -> None:
    firsts = [(next(missing_rows(values), len(part)), at) for at, values in enumerate(part.values)]
    row, at = min(firsts)
    if row < len(part):
        raise rejected(part.file, "cell_empty", line=part.lines[row], column=part.columns[at])


def _check_windows(row_states: RowStates, name: str, needed: int, target: str, options: ValidationOptions) -> None:
    windows = row_states.windows(options, needed)
    if windows < needed:
        raise rejected(
            row_states.part.file,
            "too_few_windows",
            line=row_states.last_line(),
            column=target,
            part=name,
            windows=windows,
            window=options.input_rows + options.output_rows,
            needed=needed,
        )
