"""A long CSV as one CSV for each value of a column, by way of files: memory follows neither rows nor bytes.

A part has a header, the time and the columns of numbers, in UTF-8 with commas. Beside it lie the numbers of the lines
that its rows had in the whole file, so that a mistake in a part is reported where its author finds it.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from flts.common.seriesnames import SERIES_PATTERN
from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.records import layout_of, records
from flts.preprocess.reading.rules import BLANKS, rejected
from flts.preprocess.reading.source import Source

_MOST_BUFFERED = 4 << 20
# Line 1 of a part is its header.
_FIRST_ROW = 2


class Part(NamedTuple):
    """The rows of a series: a CSV, and the lines that they had, as original_line reads them."""

    csv: Path
    lines: Path


class SplitFiles:
    """The parts in a folder by their series, in the order in which these come first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers: dict[str, int] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def __getitem__(self, name: str) -> Part:
        # By number, because not every file system distinguishes `a` and `A`.
        number = self._numbers[name]
        return Part(self._folder / f"{number}.csv", self._folder / f"{number}.lines")

    def add(self, name: str) -> None:
        """Take another series."""
        self._numbers[name] = len(self._numbers)


def split(
    source: Source, options: ReadOptions, most: int, folder: Path, trained: SplitFiles | None = None
) -> SplitFiles:
    """Write the parts of a file into an empty folder; raises CsvError for the first mistake of the file as a whole.

    `most` series may be in the file; where it holds held-out rows, only those that are `trained`.
    """
    layout = layout_of(source, options)
    source.purpose = "series"
    parts = SplitFiles(folder)
    spill = _Spill(parts, [layout.header[layout.time_index], *layout.columns])
    places = [layout.time_index, *layout.indices]
    at = layout.series_index or 0
    for record in records(source, layout):
        name = record.cells[at].strip(BLANKS)
        if name not in parts:
            _check(source.name, name, record.line, options.series_column, len(parts) < most, most, trained)
            parts.add(name)
        spill.add(name, record.line, [record.cells[place] for place in places])
    if not parts:
        raise rejected(source.name, "no_rows", line=layout.skipped_lines + 2, column=layout.time_column)
    spill.end()
    return parts


def require_own(file: str, names: Iterable[str], column: str, owners: Mapping[str, str], owner: str) -> None:
    """Raise CsvError where another file has a series of this one; `owners` are files by series, `owner` is this one."""
    for name in names:
        other = owners.get(name, owner)
        if other != owner:
            raise rejected(file, "split_name_taken", column=column, value=name, other=other)


def original_line(lines: str, line: int) -> int:
    """The line of the whole file that a line of a part comes from; the header's is that of the first row."""
    wanted = max(line - _FIRST_ROW, 0)
    last = line
    for run in lines.splitlines():
        first, count, step = map(int, run.split())
        if wanted < count:
            return first + wanted * step
        wanted -= count
        last = first + (count - 1) * step
    return last


def part_name(file: str, series: str) -> str:
    """How messages call a part."""
    return f"{file} (series {series})"


def in_whole_file(error: CsvError, name: str, lines: str) -> CsvError:
    """A mistake in a part as one of the whole file; `name` is what messages call the part."""
    return CsvError(
        name,
        error.reason,
        error.fix,
        line=None if error.line is None else original_line(lines, error.line),
        column=error.column,
        value=error.value,
        code=error.code,
    )


def _check(file: str, name: str, line: int, column: str, fits: bool, most: int, trained: SplitFiles | None) -> None:
    where = {"line": line, "column": column}
    if not name:
        raise rejected(file, "split_name_empty", **where)
    if not re.fullmatch(SERIES_PATTERN, name):
        raise rejected(file, "split_name", value=name, **where)
    if trained is not None and name not in trained:
        raise rejected(file, "split_held_out_alone", value=name, other=file.replace("_test.csv", ".csv"), **where)
    if not fits:
        raise rejected(file, "split_too_many", value=name, most=most, **where)


class _Runs:
    """Line numbers, of which those that follow each other at one distance are written as one."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._count = 1
        self._step = 1
        self._ended: list[str] = []

    def add(self, line: int) -> None:
        if self._count == 1:
            self._step = line - self._first
        elif line != self._first + self._count * self._step:
            self._ended.append(self._run())
            self._first, self._count, self._step = line, 0, 1
        self._count += 1

    def take(self) -> str:
        """The runs that have ended since this was asked for."""
        ended = "".join(self._ended)
        self._ended.clear()
        return ended

    def end(self) -> str:
        return self.take() + self._run()

    def _run(self) -> str:
        return f"{self._first} {self._count} {self._step}\n"


class _Spill:
    """Writes rows into the parts, in batches, with one file open at a time."""

    def __init__(self, parts: SplitFiles, header: list[str]) -> None:
        self._parts = parts
        self._rows: dict[str, list[str]] = {}
        self._lines: dict[str, _Runs] = {}
        self._buffered = 0
        self._text = ""
        self._writer = csv.writer(self, lineterminator="\n")
        # Quoted, so that no first letter makes a comment of it.
        csv.writer(self, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(header)
        self._header = self._text

    def write(self, text: str) -> None:
        """Take a row's text from csv's writer."""
        self._text = text

    def add(self, name: str, line: int, cells: list[str]) -> None:
        """Take a row of a series."""
        if name in self._lines:
            self._lines[name].add(line)
        else:
            self._lines[name] = _Runs(line)
            self._rows[name] = [self._header]
        self._writer.writerow(cells)
        self._rows.setdefault(name, []).append(self._text)
        self._buffered += len(self._text)
        if self._buffered > _MOST_BUFFERED:
            self._flush()

    def end(self) -> None:
        """Write what is left."""
        self._flush()
        for name, runs in self._lines.items():
            _append(self._parts[name].lines, runs.end())

    def _flush(self) -> None:
        for name, rows in self._rows.items():
            _append(self._parts[name].csv, "".join(rows))
            _append(self._parts[name].lines, self._lines[name].take())
        self._rows.clear()
        self._buffered = 0


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)
