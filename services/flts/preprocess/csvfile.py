"""CSV files as NumPy columns, read and validated by flts.preprocess.reading."""

import io
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.part import Part
from flts.preprocess.reading.series import Series, read
from flts.preprocess.reading.source import Source

__all__ = ["CsvError", "Table", "read_csv", "read_file", "table"]


class Table(NamedTuple):
    """Rows by columns: `times` as datetime64[us], strictly increasing; `values` an array a column.

    NaN where a cell is missing. `imputed` says of each row whether its target was interpolated.
    """

    columns: list[str]
    times: np.ndarray
    values: list[np.ndarray]
    imputed: np.ndarray

    @property
    def raw(self) -> np.ndarray:
        """A copy of the values, rows by columns."""
        return np.column_stack(self.values)

    def take(self, rows: slice | np.ndarray) -> "Table":
        """The same columns with some of the rows; a slice copies nothing."""
        return Table(self.columns, self.times[rows], [values[rows] for values in self.values], self.imputed[rows])


def read_file(name: str, open_binary: Callable[[], BinaryIO], options: ReadOptions) -> Series:
    """Parse a CSV that is opened as often as needed; raises CsvError for the first mistake.

    `name` is what messages call the file.
    """
    return read(Source(name, open_binary, options.encoding), options)


def read_csv(name: str, content: bytes, options: ReadOptions | None = None) -> Series:
    """Parse a CSV in memory; see read_file."""
    return read_file(name, lambda: io.BytesIO(content), options or ReadOptions())


def table(part: Part) -> Table:
    """Rows as arrays, over the part's own memory."""
    return Table(
        part.columns,
        np.frombuffer(part.times, "int64").view("datetime64[us]"),
        [np.frombuffer(values, "float64") for values in part.values],
        np.frombuffer(part.imputed, "uint8").astype(bool) if part.imputed else np.zeros(len(part), bool),
    )
