"""Times of a request: read in any time zone, answered in the one that they were sent in."""

from datetime import UTC, datetime, timedelta, tzinfo
from reprlib import repr as shortened
from typing import NamedTuple

import numpy as np

from flts.inference.refusals import BadInput

# NumPy counts nanoseconds from 1970 in 64 bits; forecasts go on from the last time.
_EARLIEST, _LATEST = datetime(1700, 1, 1), datetime(2200, 1, 1)
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


class SentTimes(NamedTuple):
    """Increasing times, in UTC where they were sent with a time zone, and how the last one was written."""

    utc: np.ndarray
    """datetime64 in microseconds."""
    zone: tzinfo | None
    as_z: bool

    def written(self, times: np.ndarray) -> list[str]:
        """Further times, in the time zone and the form of those that were sent."""
        naive: list[datetime] = times.tolist()
        if self.zone is None:
            return [time.isoformat() for time in naive]
        if self.as_z:
            return [f"{time.isoformat()}Z" for time in naive]
        return [time.replace(tzinfo=UTC).astimezone(self.zone).isoformat() for time in naive]


def sent_times(column: str, values: list) -> SentTimes:
    """Times of a column, oldest first; raises BadInput."""
    try:
        times = [datetime.fromisoformat(value) for value in values]
    except (TypeError, ValueError) as error:
        raise _no_time(column, values) from error
    zone = times[-1].tzinfo
    if any(time.tzinfo is not None for time in times):
        times = [_in_utc(column, value, time) for value, time in zip(values, times, strict=True)]
    for number, time in enumerate(times):
        if not _EARLIEST <= time < _LATEST:
            raise BadInput(
                f"column {shortened(column)}: {shortened(values[number])} is not between the years {_EARLIEST.year} "
                f"and {_LATEST.year}"
            )
        if number and time <= times[number - 1]:
            raise BadInput(
                f"column {shortened(column)}: {shortened(values[number])} is not later than the row before; "
                "times must increase"
            )
    micros = np.array([(time - _EPOCH) // _MICROSECOND for time in times], dtype=np.int64)
    return SentTimes(micros.view("datetime64[us]"), zone, values[-1][-1] in "zZ")


def _in_utc(column: str, value: str, time: datetime) -> datetime:
    try:
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
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
