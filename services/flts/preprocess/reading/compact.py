"""Rows of a file of any length in little memory: what a result needs to know of lines, clocks and missing cells."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeAlias, overload

# The places of the bits that are set in a byte, lowest first.
_BITS = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]


class Shifted(Sequence[int]):
    """Whole numbers that keep their distance to others for long: line numbers to rows, a clock's face to UTC.

    Eight bytes for each change of the distance, which is less than 2**31 units.
    """

    def __init__(self, base: Sequence[int], unit: int = 1) -> None:
        self._base = base
        self._unit = unit
        self._starts = array("I")
        self._shifts = array("i")
        self._length = 0
        self._first = 0
        self._last: int | None = None

    def append(self, value: int) -> None:
        """Add the next number; its base is there already."""
        shift = value - self._base[self._length]
        if shift != self._last:
            self._starts.append(self._length)
            self._shifts.append(shift // self._unit)
            self._last = shift
        self._length += 1

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> "Shifted": ...
    def __getitem__(self, at: int | slice) -> "int | Shifted":
        if isinstance(at, slice):
            first, end, _ = at.indices(self._length)
            part = Shifted(self._base, self._unit)
            part._starts, part._shifts = self._starts, self._shifts
            part._first, part._length = self._first + first, max(0, end - first)
            return part
        row = self._first + (at if at >= 0 else at + self._length)
        if not self._first <= row < self._first + self._length:
            raise IndexError(at)
        return self._base[row] + self._shifts[bisect_right(self._starts, row) - 1] * self._unit

    def __iter__(self) -> Iterator[int]:
        run = bisect_right(self._starts, self._first) - 1
        row, last = self._first, self._first + self._length
        while row < last:
            shift = self._shifts[run] * self._unit
            run += 1
            end = min(last, self._starts[run]) if run < len(self._starts) else last
            for at in range(row, end):
                yield self._base[at] + shift
            row = end


class Presence:
    """Which cells of a column are missing; their values are not kept. A bit for each cell from the first that is."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._first = 0
        self._length = 0

    def mark(self, row: int) -> None:
        """The cell of this row is missing."""
        place = row >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << (row & 7)

    def end(self, rows: int) -> "Presence":
        """The column when all rows are read."""
        self._length = rows
        return self

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: slice) -> "Presence":
        first, end, _ = at.indices(self._length)
        part = Presence()
        part._bits = self._bits
        part._first, part._length = self._first + first, max(0, end - first)
        return part

    def missing(self) -> Iterator[int]:
        """The rows whose cell is missing, in order."""
        end = self._first + self._length
        for place in range(self._first >> 3, min(len(self._bits), (end + 7) >> 3)):
            byte = self._bits[place]
            if byte:
                for bit in _BITS[byte]:
                    row = place * 8 + bit
                    if self._first <= row < end:
                        yield row - self._first

    def by_steps(self, starts: Sequence[int]) -> "Presence":
        """The column of means: one is missing where all cells of its step are; steps begin at these rows."""
        means = Presence()
        step, seen = 0, 0
        for row in self.missing():
            while step + 1 < len(starts) and starts[step + 1] <= row:
                step, seen = step + 1, 0
            seen += 1
            end = starts[step + 1] if step + 1 < len(starts) else self._length
            if seen == end - starts[step]:
                means.mark(step)
        return means.end(len(starts))


Column: TypeAlias = "array[float] | memoryview[float] | Presence"
"""A column's numbers, NaN where one is missing, or only which of them are."""


def missing_rows(column: Column) -> Iterator[int]:
    """The rows whose cell is missing, in order."""
    if isinstance(column, Presence):
        return column.missing()
    return (row for row, value in enumerate(column) if value != value)


def count_missing(column: Column) -> int:
    """How many cells are missing."""
    return sum(1 for _ in missing_rows(column))
