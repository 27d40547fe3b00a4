"""Reads a CSV strictly: the first mistake is told with file, column and line, so that the user can go there."""

import csv
import io
import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from flts.preprocess.csverror import CsvError

TIME_COLUMN = "time"
_MISSING = frozenset({"", "na", "nan", "null", "none"})


class Table(NamedTuple):
    """Rows of a CSV: `times` as datetime64[ns], strictly increasing; `values` rows by columns, NaN where empty.

    `lines` are the rows' line numbers in the file, the header being line 1.
    """

    columns: list[str]
    times: np.ndarray
    values: np.ndarray
    lines: np.ndarray

    def take(self, rows: slice | np.ndarray) -> "Table":
        """The same columns with some of the rows."""
        return Table(self.columns, self.times[rows], self.values[rows], self.lines[rows])


class _Rows(NamedTuple):
    header: list[str]
    cells: list[list[str]]
    lines: list[int]


def read_csv(name: str, content: bytes) -> Table:
    """Parse a CSV with a `time` column and numeric columns; raises CsvError.

    `name` is what messages call the file. Times are ISO 8601, with or without a zone (kept as UTC without zone).
    Empty cells and NA, NaN, null and none count as missing.
    """
    rows = _split(name, content)
    time_index = rows.header.index(TIME_COLUMN)
    times = _times(name, rows, time_index)
    columns = [column for column in rows.header if column != TIME_COLUMN]
    values = np.empty((len(rows.cells), len(columns)))
    for position, column in enumerate(columns):
        source = rows.header.index(column)
        values[:, position] = _numbers(name, column, [cells[source] for cells in rows.cells], rows.lines)
    return Table(columns, times, values, np.array(rows.lines))


def _split(name: str, content: bytes) -> _Rows:
    reader = csv.reader(io.StringIO(_decode(name, content), newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(name, header)
        cells: list[list[str]] = []
        lines: list[int] = []
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                column = header[len(row)] if len(row) < len(header) else header[-1]
                raise CsvError(
                    name,
                    f"the row has {len(row)} cells, the header has {len(header)}",
                    "make them equal",
                    line=reader.line_num,
                    column=column,
                )
            cells.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise CsvError(name, f"not a CSV ({error})", "check the quotes", line=reader.line_num) from error
    if not cells:
        raise CsvError(name, "no rows below the header", "add data", line=2, column=TIME_COLUMN)
    return _Rows(header, cells, lines)


def _decode(name: str, content: bytes) -> str:
    if not content.strip():
        raise CsvError(name, "the file is empty", "give it a header line and rows", line=1, column=TIME_COLUMN)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = content[: error.start].rsplit(b"\n", 1)[-1].count(b",") + 1
        raise CsvError(name, "not UTF-8", "save the file as UTF-8", line=line, column=str(column)) from error


def _check_header(name: str, header: list[str]) -> None:
    if TIME_COLUMN not in header:
        raise CsvError(
            name,
            f"no such column (found: {', '.join(header)})",
            f"name the column of timestamps {TIME_COLUMN!r}",
            line=1,
            column=TIME_COLUMN,
        )
    if len(header) < 2:
        raise CsvError(name, f"only {TIME_COLUMN!r}", "add at least one numeric column", line=1)
    for position, column in enumerate(header):
        if not column:
            raise CsvError(name, "has no name", "name it", line=1, column=str(position + 1))
        if column in header[:position]:
            raise CsvError(name, "is there twice", "rename one", line=1, column=column)


def _times(name: str, rows: _Rows, index: int) -> np.ndarray:
    texts = pd.Series([cells[index].strip() for cells in rows.cells])
    parsed = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    bad = np.flatnonzero(parsed.isna().to_numpy())
    if bad.size:
        at = int(bad[0])
        raise CsvError(
            name,
            f"is not a time{_more(bad.size)}",
            "write it as 2018-02-05 23:40:00",
            line=rows.lines[at],
            column=TIME_COLUMN,
            value=texts[at],
        )
    times = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    wrong = np.flatnonzero(times[1:] <= times[:-1])
    if wrong.size:
        at = int(wrong[0]) + 1
        same = times[at] == times[at - 1]
        raise CsvError(
            name,
            f"is {'there twice' if same else 'earlier than the row before'}{_more(wrong.size)}",
            "keep one of the rows" if same else "sort the file",
            line=rows.lines[at],
            column=TIME_COLUMN,
            value=texts[at],
        )
    return times


def _numbers(name: str, column: str, texts: list[str], lines: list[int]) -> np.ndarray:
    try:
        # Fast path: Python's float() reads exactly what this project accepts.
        numbers = np.array([float(text) if text else math.nan for text in texts])
        if not np.isinf(numbers).any():
            return numbers
    except ValueError:
        pass
    bad = [at for at, text in enumerate(texts) if not _is_number_or_missing(text)]
    if bad:
        raise CsvError(
            name,
            f"is not a finite number{_more(len(bad))}",
            "correct it or leave the cell empty",
            line=lines[bad[0]],
            column=column,
            value=texts[bad[0]],
        )
    return np.array([math.nan if text.strip().lower() in _MISSING else float(text) for text in texts])


def _is_number_or_missing(text: str) -> bool:
    if text.strip().lower() in _MISSING:
        return True
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _more(count: int) -> str:
    return f" (and {count - 1} more like it in this column)" if count > 1 else ""
