"""Some rows of a file, in time order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flts.preprocess.reading.compact import Column


@dataclass
class Part:
    """Rows that train, or rows that are held out.

    `values` has an array a column, NaN where a cell is missing, or only which cells are where values are not kept.
    """

    file: str
    columns: list[str]
    times: Sequence[int]
    """Microseconds since 1970, in UTC where the series has a zone."""
    clock: Sequence[int]
    """The same on the calendar's clock."""
    lines: Sequence[int]
    """Line in the file; of an inserted row, that of the row before it."""
    values: list[Column]
    imputed: bytearray = field(default_factory=bytearray)
    """1 where the target was interpolated."""

    def __len__(self) -> int:
        return len(self.times)

    def slice(self, first: int, end: int) -> "Part":
        """Some of the rows."""
        return Part(
            self.file,
            self.columns,
            self.times[first:end],
            self.clock[first:end],
            self.lines[first:end],
            [values[first:end] for values in self.values],
            self.imputed[first:end],
        )

    def only(self, columns: list[str]) -> "Part":
        """Some of the columns, in the given order."""
        by_name = dict(zip(self.columns, self.values, strict=True))
        values = [by_name[column] for column in columns]
        return Part(self.file, columns, self.times, self.clock, self.lines, values, self.imputed)
