"""A CSV's header and rows as text: which sign separates cells, which column has the times, which columns count."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.rules import BLANKS, LAG_COLUMN, RULES, rejected
from flts.preprocess.reading.source import Source

_SEPARATORS: list[str] = RULES["separators"]
_TIME_COLUMNS: list[str] = RULES["timeColumns"]
_RESERVED: dict[str, str] = RULES["reservedColumns"]
_SAMPLE_LINES = 50
_TIME = "time"
# What Excel writes into the first line to name the separator.
_SEPARATOR_LINE = "sep="


class Layout(NamedTuple):
    """Where things are in a file."""

    separator: str
    skipped_lines: int
    """Lines before the header: blank ones, comments, Excel's `sep=`."""
    header: list[str]
    time_column: str
    time_index: int
    columns: list[str]
    """The columns of numbers, in the file's order."""
    indices: list[int]
    """Their positions."""
    row_number_index: int | None
    """Position of a first column of row numbers without a name, which is ignored."""
    series_index: int | None
    """Position of the column that says which series a row belongs to."""


class Record(NamedTuple):
    """A row's cells with the line that it begins on."""

    line: int
    cells: list[str]


def layout_of(source: Source, options: ReadOptions) -> Layout:
    """The layout of a file; raises CsvError where it has none or several."""
    skipped, named_separator, sample = _sample(source)
    separator = options.separator or named_separator or _separator(source, sample, skipped, options)
    rows = _parsed(sample, separator)
    header = [cell.strip(BLANKS) for cell in rows[0]]
    while len(header) > 1 and not header[-1]:
        header.pop()
    line = skipped + 1
    if any(ord(letter) < ord(" ") and letter not in "\t\r\n" for cell in header for letter in cell):
        raise rejected(source.name, "binary", line=line)
    time_index = _time_index(source, header, line, options)
    time_column = header[time_index] or _TIME
    row_numbers = 0 if not header[0] and time_index != 0 and _are_row_numbers(rows[1:]) else None
    series_index = _series_index(source, header, time_index, line, options.series_column)
    indices = [at for at in range(len(header)) if at not in (time_index, row_numbers, series_index)]
    columns = [header[at] for at in indices]
    if not columns:
        raise rejected(source.name, "time_only", line=line, column=time_column)
    _check_names(source.name, line, columns, indices)
    return Layout(separator, skipped, header, time_column, time_index, columns, indices, row_numbers, series_index)


def records(source: Source, layout: Layout) -> Iterator[Record]:
    """The rows below the header without those whose cells are all empty; raises CsvError where cells lack."""
    width = len(layout.header)
    for line, cells in _rows(source, layout):
        if len(cells) != width:
            if not any(cell.strip(BLANKS) for cell in cells):
                continue
            if len(cells) < width:
                column = layout.header[len(cells)] or str(len(cells) + 1)
                raise rejected(source.name, "row_short", line=line, column=column, cells=len(cells), header=width)
            extra = next((at for at in range(width, len(cells)) if cells[at].strip(BLANKS)), None)
            if extra is not None:
                raise rejected(
                    source.name,
                    "row_long",
                    line=line,
                    column=str(extra + 1),
                    value=cells[extra],
                    cells=len(cells),
                    header=width,
                )
        elif not cells[layout.time_index] and not any(cell.strip(BLANKS) for cell in cells):
            continue
        yield Record(line, cells)


def _rows(source: Source, layout: Layout) -> Iterator[Record]:
    reader = _reader(islice(source.lines(), layout.skipped_lines, None), layout.separator)
    line = layout.skipped_lines + 1
    try:
        next(reader)
        line = layout.skipped_lines + reader.line_num + 1
        for cells in reader:
            yield Record(line, cells)
            line = layout.skipped_lines + reader.line_num + 1
    except csv.Error as error:
        raise rejected(source.name, "quotes", line=line, problem=str(error)) from error


def _reader(lines: Iterable[str], separator: str) -> "csv._reader":  # csv exports no name for it
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def _sample(source: Source) -> tuple[int, str, list[str]]:
    """Lines before the header, the separator that Excel named, and the lines from the header on."""
    separator = ""
    lines = source.lines()
    for skipped, line in enumerate(lines):
        text = line.strip(BLANKS + "\n")
        marked = text.lower().startswith(_SEPARATOR_LINE) and text[len(_SEPARATOR_LINE) :] in _SEPARATORS
        if marked and skipped == 0:
            separator = text[len(_SEPARATOR_LINE) :]
        elif text and not text.startswith("#"):
            return skipped, separator, [line, *islice(lines, _SAMPLE_LINES)]
    raise rejected(source.name, "empty", line=1)


def _parsed(sample: list[str], separator: str) -> list[list[str]]:
    """The sample's rows; the last may be cut, and what is not a CSV is found when all rows are read."""
    try:
        return list(csv.reader(io.StringIO("".join(sample)), delimiter=separator, skipinitialspace=True)) or [[""]]
    except csv.Error:
        return [sample[0].split(separator)]


def _separator(source: Source, sample: list[str], skipped: int, options: ReadOptions) -> str:
    counts: dict[str, int] = {}
    fitting = []
    for separator in _SEPARATORS:
        rows = [[cell.strip(BLANKS) for cell in row] for row in _parsed(sample, separator)]
        header = rows[0]
        counts[separator] = len(header)
        wanted = {options.time_column.lower()} if options.time_column else set(_TIME_COLUMNS)
        timed = any(cell.lower() in wanted for cell in header)
        if timed and len(header) > 1 and all(len(row) >= len(header) for row in rows[1:3] if any(row)):
            fitting.append(separator)
    if len(fitting) > 1:
        most = max(counts[separator] for separator in fitting)
        fitting = [separator for separator in fitting if counts[separator] == most]
    if len(fitting) > 1:
        choices = " or ".join(repr(separator) for separator in fitting)
        raise rejected(source.name, "separator_choice", line=skipped + 1, choices=choices)
    return fitting[0] if fitting else max(_SEPARATORS, key=lambda separator: counts[separator])


def _time_index(source: Source, header: list[str], line: int, options: ReadOptions) -> int:
    if options.time_column:
        if options.time_column in header:
            return header.index(options.time_column)
        raise rejected(
            source.name, "time_column_missing", line=line, column=options.time_column, columns=", ".join(header)
        )
    for exact in (_TIME, _TIME.capitalize(), _TIME.upper()):
        if exact in header:
            return header.index(exact)
    found = [at for at, name in enumerate(header) if name.lower() in _TIME_COLUMNS]
    if len(found) > 1:
        choices = " or ".join(repr(header[at]) for at in found)
        raise rejected(source.name, "time_column_choice", line=line, column=header[found[0]], choices=choices)
    if found:
        return found[0]
    # pandas writes an index without a name like this.
    if not header[0] and len(header) > 1:
        return 0
    raise rejected(source.name, "time_column_missing", line=line, column=_TIME, columns=", ".join(header))


def _series_index(source: Source, header: list[str], time_index: int, line: int, name: str) -> int | None:
    if not name:
        return None
    places = [at for at, column in enumerate(header) if column == name and at != time_index]
    if not places:
        raise rejected(source.name, "split_column_missing", line=line, column=name, columns=", ".join(header))
    if len(places) > 1:
        raise rejected(source.name, "column_twice", line=line, column=name)
    return places[0]


def _are_row_numbers(rows: list[list[str]]) -> bool:
    texts = [row[0].strip(BLANKS) for row in rows if row]
    return all(text.isascii() and text.isdecimal() for text in texts)


def _check_names(file: str, line: int, columns: list[str], indices: list[int]) -> None:
    known: set[str] = set()
    all_names = set(columns)
    for at, column in enumerate(columns):
        if not column:
            raise rejected(file, "column_unnamed", line=line, column=str(indices[at] + 1))
        if column in known:
            raise rejected(file, "column_twice", line=line, column=column)
        if any(ord(letter) < ord(" ") or ord(letter) == 0x7F for letter in column):
            raise rejected(file, "column_control", line=line, column=column)
        owner = _RESERVED.get(column)
        lag = LAG_COLUMN.fullmatch(column)
        if lag and lag[1] in all_names:
            owner = "a derived column"
        if owner:
            raise rejected(file, "column_reserved", line=line, column=column, owner=owner)
        known.add(column)
