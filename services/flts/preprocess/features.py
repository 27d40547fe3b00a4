"""Features of rows, part by part: all at once they would take several times the memory of the rows."""

from collections.abc import Iterator

import numpy as np

from flts.common.transform import FeatureTransform
from flts.preprocess.csvfile import Table

# Also the rows of a group in Parquet.
PART_ROWS = 131_072


def parts_of(rows: Table, history: int) -> Iterator[Table]:
    """Rows in parts, each with the `history` rows before it, of which the first ones have none of their own."""
    for start in range(history, len(rows.times), PART_ROWS):
        yield rows.take(slice(start - history, start + PART_ROWS))


class Unscaled:
    """Features before scaling, (rows, features); made again whenever they are asked for."""

    def __init__(self, transform: FeatureTransform, rows: Table) -> None:
        self._transform = transform
        self._rows = rows

    def parts(self) -> Iterator[np.ndarray]:
        """All rows that have features, in order."""
        return self._with_history(0)

    def overlapping(self) -> Iterator[np.ndarray]:
        """The same, each part beginning with the last row of the one before."""
        return self._with_history(1)

    def column(self, at: int) -> np.ndarray:
        """One feature of all rows."""
        values = np.empty(len(self._rows.times) - self._transform.lags.rows)
        done = 0
        for part in self.parts():
            values[done : done + len(part)] = part[:, at]
            done += len(part)
        return values

    def _with_history(self, more: int) -> Iterator[np.ndarray]:
        for part in parts_of(self._rows, self._transform.lags.rows + more):
            yield self._transform.unscaled(part.raw, part.times)
