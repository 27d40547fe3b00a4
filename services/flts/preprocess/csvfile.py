"""CSV bytes as NumPy tables, read and judged by flts.preprocess.reading."""

import io
from typing import NamedTuple

import numpy as np

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.part import Part
from flts.preprocess.reading.series import Series, read
from flts.preprocess.reading.source import Source

__all__ = ["CsvError", "Table", "read_csv", "table"]


class Table(NamedTuple):
    """Rows: `times` as datetime64[ns], strictly increasing; `values` rows by columns, NaN where a cell is missing.

    `lines` are the rows' line numbers in the file, the header being line 1; `imputed` says of each row whether its
    target was interpolated.
    """

    columns: list[str]
    times: np.ndarray
    values: np.ndarray
    lines: np.ndarray
    imputed: np.ndarray

    def take(self, rows: slice | np.ndarray) -> "Table":
        """The same columns with some of the rows."""
        return Table(self.columns, self.times[rows], self.values[rows], self.lines[rows], self.imputed[rows])


def read_csv(name: str, content: bytes, options: ReadOptions | None = None) -> Series:
    """Parse a CSV; `name` is what messages call the file. Raises CsvError for the first mistake."""
    options = options or ReadOptions()
    return read(Source(name, lambda: io.BytesIO(content), options.encoding), options)


def table(part: Part) -> Table:
    """Rows as arrays."""
    return Table(
        part.columns,
        np.frombuffer(part.times, "int64").astype("datetime64[us]").astype("datetime64[ns]"),
        np.column_stack([np.frombuffer(values, "float64") for values in part.values]),
        np.frombuffer(part.lines, "int64"),
        np.frombuffer(part.imputed, "uint8").astype(bool) if part.imputed else np.zeros(len(part), bool),
    )
