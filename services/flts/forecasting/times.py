"""Times of a request: read in any time zone, answered in the one that they were sent in."""

from datetime import UTC, datetime, timedelta, tzinfo
from operator import ge
from reprlib import repr as shortened
from typing import NamedTuple

import numpy as np

from flts.common.calendar import Calendar
from flts.forecasting.refusals import BadInput

# NumPy counts nanoseconds from 1970 in 64 bits; forecasts continue from the last time.
_EARLIEST, _LATEST = datetime(1700, 1, 1), datetime(2200, 1, 1)
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


class SentTimes(NamedTuple):
    """Increasing times in UTC, and how the last one was written."""

    micros: list[int]
    """Microseconds since 1970."""
    zone: tzinfo | None
    """None: it was written without one, as the clock shows it that the model's calendar knows."""
    as_z: bool
    calendar: Calendar

    @property
    def utc(self) -> np.ndarray:
        """The times as datetime64 in microseconds."""
        return np.array(self.micros, dtype=np.int64).view("datetime64[us]")

    def written(self, times: np.ndarray) -> list[str]:
        """Further times, in the time zone and the form of those that were sent."""
        if self.zone is None and self.calendar.zone:
            walls = [self.calendar.wall(micros) for micros in times.astype(np.int64).tolist()]
            times = np.array(walls, dtype=np.int64).view("datetime64[us]")
        naive: list[datetime] = times.tolist()
        if self.zone is None:
            return [time.isoformat() for time in naive]
        if self.as_z:
            return [f"{time.isoformat()}Z" for time in naive]
        return [time.replace(tzinfo=UTC).astimezone(self.zone).isoformat() for time in naive]


def sent_times(column: str, values: list, calendar: Calendar) -> SentTimes:
    """Times of a column, oldest first; raises BadInput. Without a time zone they are of the calendar's clock."""
    try:
        times = [datetime.fromisoformat(value) for value in values]
    except (TypeError, ValueError) as error:
        raise _no_time(column, values) from error
    zone = times[-1].tzinfo
    if calendar.zone or any(time.tzinfo is not None for time in times):
        times = [_in_utc(column, value, time, calendar) for value, time in zip(values, times, strict=True)]
    micros = [(time - _EPOCH) // _MICROSECOND for time in times]
    if any(map(ge, micros, micros[1:])):
        wrong = next(number for number in range(1, len(micros)) if micros[number] <= micros[number - 1])
        raise BadInput(
            f"column {shortened(column)}: {shortened(values[wrong])} is not later than the row before; "
            "times must increase"
        )
    # They increase, so that the first and the last one are enough.
    for value, time in ((values[0], times[0]), (values[-1], times[-1])):
        if not _EARLIEST <= time < _LATEST:
            raise BadInput(
                f"column {shortened(column)}: {shortened(value)} is not between the years {_EARLIEST.year} "
                f"and {_LATEST.year}"
            )
    return SentTimes(micros, zone, values[-1][-1] in "zZ", calendar)


def _in_utc(column: str, value: str, time: datetime, calendar: Calendar) -> datetime:
    try:
        if time.tzinfo is not None:
            return time.astimezone(UTC).replace(tzinfo=None)
        return _EPOCH + calendar.utc((time - _EPOCH) // _MICROSECOND) * _MICROSECOND
    except OverflowError as error:
        raise _no_time(column, [value]) from error


def _no_time(column: str, values: list) -> BadInput:
    wrong = next((value for value in values if not _is_time(value)), values[0])
    return BadInput(f"column {shortened(column)}: {shortened(wrong)} is not a time; write it as 2018-02-05 23:40:00")


def _is_time(value: object) -> bool:
    try:
        datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True
