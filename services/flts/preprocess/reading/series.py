"""A CSV file as columns of numbers, with the formats that it was found to be in."""

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import itemgetter

from flts.common.calendar import DAY, SECOND, offset_finder, utc_times
from flts.preprocess.csverror import CsvError
from flts.preprocess.reading import numbers, times
from flts.preprocess.reading.compact import Column, Presence, Shifted
from flts.preprocess.reading.numbers import NumberStyle
from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.records import Layout, Record, layout_of, records
from flts.preprocess.reading.rules import BLANKS, RULES, rejected
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.times import Moment, TimeFormat

_CLOCK_CHANGE = RULES["clockChange"]
_BETWEEN_ZONE_CHANGES = RULES["fewestDaysBetweenZoneChanges"] * DAY
_HOUR = 3600 * SECOND
# Another format may make sense of these cells.
_FORMAT_CODES = ("number", "time", "time_mixed", "time_row_number", "time_zone_name")


@dataclass
class Series:
    """Rows of one file in time order; NaN where a cell is missing."""

    file: str
    layout: Layout
    time_format: str
    style: NumberStyle
    encoding: str
    zone: str
    """IANA name or offset of the times' clock; empty where they are without one, or it changed on the way."""
    times: Sequence[int]
    """Microseconds since 1970 in UTC, or of the clock where there is no zone."""
    wall: Sequence[int]
    """Microseconds since 1970 of the clock's face."""
    lines: Sequence[int]
    values: list[Column]
    """An array a column, or only which cells are missing where values were not kept."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns of numbers, in the file's order."""
        return self.layout.columns

    def __len__(self) -> int:
        return len(self.times)


def read(source: Source, options: ReadOptions, keep_values: bool = True) -> Series:
    """Read a file; raises CsvError for the first mistake.

    Memory grows by 8 bytes a row and 8 for each of its numbers. Without `keep_values`, it grows by the former at most,
    and a bit for each cell of a column with missing ones: what a result needs, not what a training does.
    """
    layout = layout_of(source, options)
    usual_time = times.formats()[options.time_format or "iso"]
    usual_number = numbers.styles(options)[0]
    try:
        return _Reader(source, layout, options, usual_time, usual_number).read(keep_values)
    except CsvError as error:
        if error.code not in _FORMAT_CODES:
            raise
        source.purpose = "format of times"
        time_format = times.detect(source.name, records(source, layout), layout, options)
        source.purpose = "format of numbers"
        style = numbers.detect(source.name, records(source, layout), layout, options)
        if time_format is usual_time and style.decimal == "." and not style.thousands and usual_number.plain:
            raise
    return _Reader(source, layout, options, time_format, style).read(keep_values)


def values_from(source: Source, series: Series, first: int) -> list["array[float]"]:
    """The numbers of a series that was read without, from a row on."""
    source.purpose = "values"
    layout = series.layout
    places = list(zip(layout.indices, layout.columns, strict=True))
    columns = [array("d") for _ in places]
    for record in islice(records(source, layout), first, None):
        for (index, name), values in zip(places, columns, strict=True):
            values.append(numbers.cell_number(source.name, record, index, name, series.style))
    return columns


class _Reader:
    def __init__(
        self, source: Source, layout: Layout, options: ReadOptions, time_format: TimeFormat, style: NumberStyle
    ) -> None:
        self._source = source
        self._layout = layout
        self._zone = options.time_zone
        self._format = time_format
        self._style = style
        self._times = array("q")
        self._wall = Shifted(self._times, SECOND)
        self._zone_changed = 0
        self._offset: int | None = None
        self._offsets: set[int | None] = set()
        if self._zone:
            try:
                offset_finder(self._zone)
            except LookupError as error:
                raise rejected(source.name, "time_zone_unknown", value=self._zone) from error

    def read(self, keep_values: bool) -> Series:
        self._source.purpose = "rows"
        width = len(self._layout.columns)
        lines = Shifted(range(sys.maxsize))
        if keep_values:
            columns: list[Column] = [array("d") for _ in range(width)]
            self._keep(lines, columns)
        else:
            columns = [Presence() for _ in range(width)]
            self._look_at(lines, columns)
        if not lines:
            line = self._layout.skipped_lines + 2
            raise rejected(self._source.name, "no_rows", line=line, column=self._layout.time_column)
        return Series(
            self._source.name,
            self._layout,
            self._format.name,
            self._style,
            self._source.encoding,
            self._zone_of_all(),
            # Parts of a view are not copies.
            memoryview(self._times),
            self._wall,
            lines,
            [memoryview(column) if keep_values else column.end(len(lines)) for column in columns],
        )

    def _keep(self, lines: Shifted, columns: list["array[float]"]) -> None:
        places = list(zip(self._layout.indices, self._layout.columns, columns, strict=True))
        number = self._style.number
        for record in self._records():
            self._take_time(record)
            lines.append(record.line)
            cells = record.cells
            for index, column, values in places:
                value = number(cells[index])
                if value is None or not -1e150 <= value <= 1e150:
                    value = numbers.cell_number(self._source.name, record, index, column, self._style)
                values.append(value)

    def _look_at(self, lines: Shifted, columns: list[Presence]) -> None:
        places = list(zip(self._layout.indices, self._layout.columns, columns, strict=True))
        are_usual = self._style.usual_cells(len(columns)).fullmatch
        # Of one index an itemgetter gives no tuple.
        of_numbers = itemgetter(*self._layout.indices, self._layout.indices[0])
        number = self._style.number
        for row, record in enumerate(self._records()):
            self._take_time(record)
            lines.append(record.line)
            cells = of_numbers(record.cells)[:-1]
            if are_usual("\n".join(cells)):
                if "" in cells:
                    for cell, column in zip(cells, columns, strict=True):
                        if not cell:
                            column.mark(row)
                continue
            for cell, (index, name, column) in zip(cells, places, strict=True):
                value = number(cell)
                if value is None or not -1e150 <= value <= 1e150:
                    value = numbers.cell_number(self._source.name, record, index, name, self._style)
                if value != value:
                    column.mark(row)

    def _records(self) -> Iterator[Record]:
        return records(self._source, self._layout)

    def _take_time(self, record: Record) -> None:
        moment = times.cell_moment(self._source.name, record, self._layout, self._format)
        if self._times and moment.offset == self._offset and not self._zone:
            # Most rows: the clock is that of the row before.
            utc = moment.wall - (moment.offset or 0)
            if utc <= self._times[-1]:
                self._reject(record, self._order_code(moment, utc))
            self._times.append(utc)
            self._wall.append(moment.wall)
            return
        if self._times:
            self._check_zone(record, moment)
        else:
            self._zone_changed = moment.wall - _BETWEEN_ZONE_CHANGES
        self._offset = moment.offset
        self._offsets.add(moment.offset)
        utc = self._utc(record, moment)
        if self._times and utc <= self._times[-1]:
            self._reject(record, self._order_code(moment, utc))
        self._times.append(utc)
        self._wall.append(self._face(moment, utc))

    def _utc(self, record: Record, moment: Moment) -> int:
        if moment.offset is not None:
            return moment.wall - moment.offset
        if not self._zone:
            return moment.wall
        found = utc_times(self._zone, moment.wall)
        if not found:
            self._reject(record, "time_skipped", zone=self._zone)
        # A repeated hour: its second time where the first is past.
        later = [time for time in found if not self._times or time > self._times[-1]]
        return later[0] if later else found[-1]

    def _face(self, moment: Moment, utc: int) -> int:
        if moment.offset is not None and self._zone:
            return utc + offset_finder(self._zone)(utc)
        return moment.wall

    def _check_zone(self, record: Record, moment: Moment) -> None:
        """Offsets may change by an hour at most and not often, as clocks do; anything else is a mixture."""
        if moment.offset == self._offset:
            return
        if moment.offset is None or self._offset is None:
            self._reject(record, "time_zone_mixed")
        passed = moment.wall - self._zone_changed
        if abs(moment.offset - self._offset) > _HOUR or passed < _BETWEEN_ZONE_CHANGES:
            self._reject(record, "time_zone_mixed")
        self._zone_changed = moment.wall

    def _order_code(self, moment: Moment, utc: int) -> str:
        back = self._times[-1] - utc
        clock = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment.wall)
        may_repeat = (
            clock.hour < _CLOCK_CHANGE["hours"]
            and clock.month in _CLOCK_CHANGE["months"]
            and clock.weekday() == _CLOCK_CHANGE["weekday"]
        )
        if moment.offset is None and not self._zone and back < _HOUR and may_repeat:
            return "time_clock_change"
        return "time_twice" if back == 0 else "time_order"

    def _reject(self, record: Record, code: str, **details: object) -> None:
        value = record.cells[self._layout.time_index].strip(BLANKS)
        raise rejected(
            self._source.name, code, line=record.line, column=self._layout.time_column, value=value, **details
        )

    def _zone_of_all(self) -> str:
        if self._zone or len(self._offsets) > 1:
            return self._zone
        offset = next(iter(self._offsets))
        if offset is None or offset == 0:
            return ""
        minutes = abs(offset) // (60 * SECOND)
        return f"{'+' if offset > 0 else '-'}{minutes // 60:02}:{minutes % 60:02}"
