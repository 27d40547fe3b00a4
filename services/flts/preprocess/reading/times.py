"""Cells to times: which format a file writes them in."""

import re
from collections.abc import Iterable
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.records import Layout, Record
from flts.preprocess.reading.rules import BLANKS, RULES, rejected

SECOND = 1_000_000
"""Microseconds, the unit of all times here."""
DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_YEAR: int = RULES["firstYear"]
_LAST_YEAR: int = RULES["lastYear"]
_MONTHS: list[str] = RULES["months"]
_FULL_MONTHS = [
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
]
_ZONE_NAME = re.compile(RULES["zoneName"])
_ROW_NUMBER = re.compile(RULES["rowNumber"])
_CLOCK_FIELDS = 5


class Moment(NamedTuple):
    """A time as written: microseconds since 1970 of the clock's face, and its distance to UTC in microseconds."""

    wall: int
    offset: int | None
    """None where the text names no zone."""


class _Odd(ValueError):
    """The text has the format but is not a time that can be kept; the argument is the code of the reason."""


class TimeFormat:
    """One of `timeFormats` in csvrules.json."""

    def __init__(self, name: str) -> None:
        declared = RULES["timeFormats"][name]
        self.name = name
        self.example: str = declared["example"]
        pattern = declared["pattern"].replace("{clock}", RULES["clock"]).replace("{zone}", RULES["zone"])
        self._pattern = re.compile(pattern)
        self._fields = tuple(declared.get("fields", ()))
        self._digits: int = declared.get("digits", 0)

    def parse(self, text: str) -> Moment | None:
        """The moment, or None where the text has another format; raises _Odd."""
        found = self._pattern.fullmatch(text)
        if not found:
            return None
        if not self._fields:
            return self._since_1970(text)
        groups = found.groups()
        wall = _day(self._fields, groups[: len(self._fields)])
        if wall is None:
            return None
        clock = groups[len(self._fields) : len(self._fields) + _CLOCK_FIELDS]
        if clock[0]:
            of_day = _of_day(clock)
            if of_day is None:
                return None
            wall += of_day
        return Moment(wall, _offset(groups[-1]))

    def _since_1970(self, text: str) -> Moment:
        whole, _, fraction = text.partition(".")
        nanoseconds = int((fraction + "0" * 9)[: 9 - self._digits] or 0) + int(whole) * 10 ** (9 - self._digits)
        if nanoseconds % 1000:
            raise _Odd("time_resolution")
        wall = nanoseconds // 1000
        if not _FIRST_YEAR <= 1970 + wall / (365.2425 * DAY) < _LAST_YEAR + 1:
            raise _Odd("time_year")
        return Moment(wall, 0)


@cache
def formats() -> dict[str, TimeFormat]:
    """All formats, the usual one first."""
    return {name: TimeFormat(name) for name in RULES["timeFormats"]}


@lru_cache(maxsize=4096)
def _day(fields: tuple[str, ...], parts: tuple[str | None, ...]) -> int | None:
    values = dict(zip(fields, parts, strict=True))
    year = int(values["year"] or 0)
    month = _month(values["name"]) if "name" in values else int(values["month"] or 0)
    if month is None:
        return None
    try:
        day = date(year, month, int(values["day"] or 1))
    except ValueError:
        return None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise _Odd("time_year")
    return (day.toordinal() - _EPOCH) * DAY


def _month(name: str | None) -> int | None:
    lower = (name or "").lower()
    for names in (_MONTHS, _FULL_MONTHS):
        if lower in names:
            return names.index(lower) + 1
    return 9 if lower == "sept" else None


def _of_day(clock: tuple[str | None, ...]) -> int | None:
    hour, minute, second = int(clock[0] or 0), int(clock[1] or 0), int(clock[2] or 0)
    half = (clock[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    nanoseconds = int(((clock[3] or "") + "0" * 9)[:9])
    if nanoseconds % 1000:
        raise _Odd("time_resolution")
    return (hour * 3600 + minute * 60 + second) * SECOND + nanoseconds // 1000


@lru_cache(maxsize=256)
def _offset(zone: str | None) -> int | None:
    if not zone:
        return None
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return (minutes if zone[0] == "+" else -minutes) * 60 * SECOND


def detect(file: str, rows: Iterable[Record], layout: Layout, options: ReadOptions) -> TimeFormat:
    """The format that fits all cells that are times in any format; raises CsvError where several do."""
    if options.time_format:
        return formats()[options.time_format]
    fitting = list(formats().values())
    first: tuple[Record, TimeFormat] | None = None
    for record in rows:
        text = _text(record, layout)
        matching = [known for known in fitting if _fits(known, text)]
        if matching:
            first = first or (record, matching[0])
            fitting = matching
        elif any(_fits(known, text) for known in formats().values()):
            fitting = []
            break
    if len(fitting) > 1 and first is not None:
        choices = " or ".join(f"{known.name} (as {known.example})" for known in fitting)
        text = _text(first[0], layout)
        raise rejected(file, "time_choice", line=first[0].line, column=layout.time_column, value=text, choices=choices)
    if fitting and first is not None:
        return fitting[0]
    return first[1] if first else formats()["iso"]


def _fits(known: TimeFormat, text: str) -> bool:
    try:
        return known.parse(text) is not None
    except _Odd:
        return True


def _text(record: Record, layout: Layout) -> str:
    return record.cells[layout.time_index].strip(BLANKS)


def cell_moment(file: str, record: Record, layout: Layout, used: TimeFormat) -> Moment:
    """The moment in a row's cell; raises CsvError."""
    text = record.cells[layout.time_index]
    details: dict[str, object] = {}
    try:
        moment = used.parse(text) or used.parse(text.strip(BLANKS))
        if moment is not None:
            return moment
        code, details = _why_not(text.strip(BLANKS), used)
    except _Odd as odd:
        code = str(odd)
        details = {"first": _FIRST_YEAR, "last": _LAST_YEAR}
    raise rejected(file, code, line=record.line, column=layout.time_column, value=text.strip(BLANKS), **details)


def _why_not(text: str, used: TimeFormat) -> tuple[str, dict[str, object]]:
    if any(_fits(known, text) for known in formats().values()):
        return "time_mixed", {"format": f"{used.name} (as {used.example})"}
    if _ROW_NUMBER.fullmatch(text):
        return "time_row_number", {}
    named = _ZONE_NAME.fullmatch(text)
    if named and named[1].lower() not in ("am", "pm"):
        return "time_zone_name", {"name": named[1]}
    return "time", {}
