"""Cells to numbers: which signs a file writes them with."""

import math
import re
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.records import Layout, Record
from flts.preprocess.reading.rules import BLANKS, MISSING, RULES, rejected

_FEWEST_GROUPED: int = RULES["fewestGroupedCells"]
_LARGEST: float = RULES["largestNumber"]
_NO_THOUSANDS = "none"


class NumberStyle:
    """How numbers are written: the decimal sign, and the sign between thousands or an empty text."""

    def __init__(self, decimal: str = ".", thousands: str = "") -> None:
        self.decimal = decimal
        self.thousands = thousands
        group = re.escape(thousands)
        whole = f"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)" if thousands else "[0-9]+"
        point = re.escape(decimal)
        self._pattern = re.compile(rf"[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?")

    def matches(self, text: str) -> bool:
        """Whether the text is a number in this style."""
        return self._pattern.fullmatch(text) is not None

    def number(self, text: str) -> float | None:
        """The number, NaN for a missing one, or None where the text is neither."""
        if self._pattern.fullmatch(text):
            return float(text if self.plain else text.replace(self.thousands, "").replace(self.decimal, "."))
        stripped = text.strip(BLANKS)
        if stripped.lower() in MISSING:
            return math.nan
        return self.number(stripped) if stripped != text else None

    def usual_cells(self, count: int) -> re.Pattern[str]:
        """What this many cells match, joined by line breaks, where each is empty or a number far from any limit."""
        group = re.escape(self.thousands)
        whole = f"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}}){{1,30}}|[0-9]{{1,100}})" if group else "[0-9]{1,100}"
        point = re.escape(self.decimal)
        cell = f"(?:[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+))?"
        return re.compile(cell + rf"(?:\n{cell}){{{count - 1}}}")

    @cached_property
    def plain(self) -> bool:
        """Whether this is what Python itself reads."""
        return self.decimal == "." and not self.thousands

    def describe(self) -> str:
        """The style in words, for a message."""
        grouped = f" with {self.thousands!r} between thousands" if self.thousands else ""
        return f"a number with decimal sign {self.decimal!r}{grouped}"


class _Tally(NamedTuple):
    style: NumberStyle
    failed: int
    grouped: int


def styles(options: ReadOptions) -> list[NumberStyle]:
    """The styles that the options leave open, the usual one first."""
    decimals = [options.decimal] if options.decimal else RULES["decimals"]
    if options.thousands:
        thousands = ["" if options.thousands == _NO_THOUSANDS else options.thousands]
    else:
        thousands = ["", *RULES["thousands"]]
    return [NumberStyle(decimal, thousand) for thousand in thousands for decimal in decimals if thousand != decimal]


def detect(file: str, rows: Iterable[Record], layout: Layout, options: ReadOptions) -> NumberStyle:
    """The style that fits all cells that are numbers in any style; raises CsvError where several do."""
    candidates = styles(options)
    failed = [0] * len(candidates)
    grouped = [0] * len(candidates)
    doubtful: tuple[int, str, str] | None = None
    for record in rows:
        for index in layout.indices:
            text = record.cells[index].strip(BLANKS)
            if (text.isascii() and text.isdecimal()) or text.lower() in MISSING:
                continue
            matching = [style.matches(text) for style in candidates]
            if not any(matching):
                continue
            if doubtful is None and not matching[0]:
                doubtful = record.line, layout.header[index], text
            for at, fits in enumerate(matching):
                failed[at] += not fits
                grouped[at] += fits and bool(candidates[at].thousands) and candidates[at].thousands in text
    tallies = [_Tally(*of_style) for of_style in zip(candidates, failed, grouped, strict=True)]
    # A sign between thousands in one cell only is treated as a mistake, in several cells as the format.
    likely = [
        tally for tally in tallies if not tally.style.thousands or options.thousands or tally.grouped >= _FEWEST_GROUPED
    ]
    fitting = [tally.style for tally in likely if tally.failed == 0]
    ungrouped = {style.decimal for style in fitting if not style.thousands}
    fitting = [style for style in fitting if not style.thousands or style.decimal not in ungrouped]
    if len({(style.decimal) for style in fitting}) > 1 and doubtful is not None:
        line, column, text = doubtful
        choices = " or ".join(style.describe() for style in fitting)
        raise rejected(file, "number_choice", line=line, column=column, value=text, choices=choices)
    return fitting[0] if fitting else min(likely, key=lambda tally: tally.failed).style


def cell_number(file: str, record: Record, index: int, column: str, style: NumberStyle) -> float:
    """The number in a cell, NaN where it is missing; raises CsvError."""
    text = record.cells[index]
    number = style.number(text)
    if number is None or math.isinf(number):
        raise rejected(file, "number", line=record.line, column=column, value=text.strip(BLANKS))
    if abs(number) > _LARGEST:
        raise rejected(file, "number_large", line=record.line, column=column, value=text.strip(BLANKS), limit=_LARGEST)
    return number
