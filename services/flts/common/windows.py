"""Rows to windows: what the model sees, and what it has to answer."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from flts.common.calendar import Calendar
from flts.common.serving import seconds
from flts.common.steps import follows


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows over rows that are kept once: a window is the number of its first row until someone asks for it.

    With windows of a thousand rows, all of them at once would take a thousand times the memory of the rows.
    """

    rows: np.ndarray
    """Scaled features of all rows (rows, features), float32."""
    row_times: np.ndarray
    """Of all rows, in seconds since 1970."""
    starts: np.ndarray
    """First row of each window, in time order."""
    target_index: int
    input_rows: int
    output_rows: int

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.starts)

    @property
    def times(self) -> np.ndarray:
        """Time of each window's last row, in seconds since 1970."""
        return self.row_times[self.starts + self.input_rows - 1]

    @property
    def inputs(self) -> np.ndarray:
        """Windows by rows by features: as large as that sounds, so ask a part for it."""
        return self.rows[self.starts[:, None] + np.arange(self.input_rows)]

    @property
    def last(self) -> np.ndarray:
        """Target in each window's last row, (windows,)."""
        return self.rows[self.starts + self.input_rows - 1, self.target_index]

    @property
    def targets(self) -> np.ndarray:
        """Windows by forecast rows."""
        return self.rows[self.starts[:, None] + self.input_rows + np.arange(self.output_rows), self.target_index]

    def over(self, rows: np.ndarray) -> "Windows":
        """The same windows over other numbers of the same rows."""
        return replace(self, rows=rows)

    def part(self, chosen: "slice | np.ndarray") -> "Windows":
        """Some of the windows, over the same rows."""
        return replace(self, starts=self.starts[chosen])

    def parts(self, largest: int) -> "Iterator[Windows]":
        """All windows in order, at most so many at once; nothing where there are none."""
        for start in range(0, len(self), largest):
            yield self.part(slice(start, start + largest))

    def split(self, fraction: float) -> "tuple[Windows, Windows]":
        """Earlier windows and the latest `fraction` of them, at least one each where there are two.

        Windows that would show the earlier part targets of the later one are left out between them.
        """
        border = min(max(1, round(len(self) * (1 - fraction))), len(self) - 1)
        last = max(1, border - self.output_rows + 1)
        return self.part(slice(last)), self.part(slice(border, None))


class Continuity(NamedTuple):
    """Where rows follow each other and have measured targets, so that windows of any length can be counted."""

    breaks: np.ndarray
    """Number of gaps before each row."""
    unknown: np.ndarray
    """Number of rows without a measured target before each row, and at the end of all: one more than rows."""

    def starts(self, input_rows: int, output_rows: int) -> np.ndarray:
        """First rows of the windows without a gap whose forecast rows were all measured."""
        total = input_rows + output_rows
        count = len(self.breaks) - total + 1
        if count < 1:
            return np.empty(0, np.int64)
        whole = self.breaks[total - 1 :] == self.breaks[:count]
        whole &= self.unknown[total:] == self.unknown[input_rows : input_rows + count]
        return np.flatnonzero(whole)


def continuity(times: np.ndarray, due: Calendar, imputed: np.ndarray | None) -> Continuity:
    """Of rows in time order. `due`: which rows follow each other. `imputed`: whose targets were not measured."""
    breaks = np.concatenate([np.zeros(min(1, len(times)), np.int64), np.cumsum(~follows(due, times))])
    missing = np.zeros(len(times), bool) if imputed is None else imputed
    return Continuity(breaks, np.concatenate([[0], np.cumsum(missing)]))


def make_windows(
    features: np.ndarray,
    times: np.ndarray,
    target_index: int,
    input_rows: int,
    output_rows: int,
    due: Calendar,
    imputed: np.ndarray | None = None,
) -> Windows:
    """All windows of consecutive rows without a gap, in time order; may be none.

    Rows follow each other as `due` says. `imputed` flags rows whose target was not measured: no window has to answer
    them.
    """
    starts = continuity(times, due, imputed).starts(input_rows, output_rows)
    return Windows(features.astype(np.float32), seconds(times), starts, target_index, input_rows, output_rows)
