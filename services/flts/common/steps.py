"""A calendar's steps between NumPy's times."""

import numpy as np

from flts.common.calendar import Calendar

_UNIT = "datetime64[us]"
# Python's dates end with the year 9999.
_LATEST = np.datetime64("9999-12-31", "us")


def positions(calendar: Calendar, times: np.ndarray) -> np.ndarray:
    """The calendar's place of each of an array of datetime64, as floats; half places lie where it is closed."""
    utc = times.astype(_UNIT).astype(np.int64)
    if calendar.step and not calendar.open and not calendar.zone:
        # Python's arithmetic on whole numbers is NumPy's on arrays of them.
        return np.asarray(calendar.position(utc), float)
    return np.array([calendar.position(calendar.wall(time)) for time in utc.tolist()], float)


def follows(calendar: Calendar, times: np.ndarray) -> np.ndarray:
    """Whether each row but the first is at the place after that of the row before, without a gap."""
    return np.diff(positions(calendar, times)) == 1


def following(calendar: Calendar, last: np.datetime64, count: int) -> np.ndarray:
    """The next `count` times after `last`, as datetime64 in microseconds; all the latest where the years end before."""
    if calendar.step and not (calendar.open or calendar.zone or calendar.snap):
        return last.astype(_UNIT) + np.timedelta64(calendar.step, "us") * np.arange(1, count + 1)
    try:
        walls = calendar.following(calendar.wall(int(last.astype(_UNIT).astype(np.int64))), count)
        return np.array([calendar.utc(wall) for wall in walls], dtype="int64").astype(_UNIT)
    except (ValueError, OverflowError):
        return np.full(count, _LATEST)
