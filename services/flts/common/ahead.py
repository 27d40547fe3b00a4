"""How far the next rows are, by a row's place in the week: for models that forecast from the time alone."""

from typing import NamedTuple

import numpy as np

from flts.common.calendar import DAY, SECOND, WEEK, Calendar, offset_finder
from flts.common.transform import FeatureTransform

_FIRST_MONDAY = 4 * DAY


class Ahead(NamedTuple):
    """Seconds from a row to itself and to the next rows: `distances[place, h]` for h = 0, 1, 2, ...

    The place of a time t, in seconds since 1970, is floor((t - shift) / step + 0.5) modulo the number of places.
    """

    step: float
    shift: float
    distances: np.ndarray

    def times(self, last: np.ndarray) -> np.ndarray:
        """Times of the rows `last` and of those after them: (rows, h), in seconds since 1970."""
        places = np.floor((last - self.shift) / self.step + 0.5).astype(np.int64) % len(self.distances)
        return last[:, None] + self.distances[places]


def ahead_of(transform: FeatureTransform, rows: int) -> Ahead:
    """Distances of the next `rows` rows. Months count with their usual length."""
    due = transform.due
    if not due.open:
        return Ahead(1.0, 0.0, np.arange(rows + 1)[None] * transform.interval_seconds)
    count = WEEK // due.step
    starts = [_FIRST_MONDAY + due.phase + place * due.step for place in range(count)]
    distances = [[0, *(wall - start for wall in due.following(start, rows))] for start in starts]
    shift = _FIRST_MONDAY + due.phase - _offset(due)
    return Ahead(due.step / SECOND, shift / SECOND, np.array(distances) / SECOND)


def _offset(due: Calendar) -> int:
    # Zones are kept for steps of a day, which an hour more in summer does not move to another place.
    return offset_finder(due.zone)(0) if due.zone else 0
