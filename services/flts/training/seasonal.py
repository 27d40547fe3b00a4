"""The seasonal naive forecast: what was there a season before. Every model is compared with it.

A season is a day of rows that come several times a day, a week of daily rows, a year of weekly ones and of months
(Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", chapter on simple forecasting methods).
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from flts.common.calendar import DAY, WEEK, Calendar
from flts.common.frames import FeatureFrame
from flts.common.steps import positions
from flts.common.windows import Windows

_DAYS_A_WEEK = 7
_WEEKS_A_YEAR = 52
_MONTHS_A_YEAR = 12


def season_rows(due: Calendar) -> int | None:
    """Rows of a season; None where the rows' distance has no usual one."""
    if due.months:
        return _season(_MONTHS_A_YEAR, due.months)
    if due.open:
        places = [place for first, end in due.open for place in range(first, end)]
        a_day = set(Counter(place * due.step // DAY for place in places).values())
        return a_day.pop() if len(a_day) == 1 and 1 not in a_day else len(places)
    if due.step < DAY:
        return _season(DAY, due.step)
    return {DAY: _DAYS_A_WEEK, WEEK: _WEEKS_A_YEAR}.get(due.step)


def _season(whole: int, step: int) -> int | None:
    return whole // step if whole % step == 0 and whole > step else None


def seasonal_naive(frames: Sequence[FeatureFrame], test: Windows, due: Calendar) -> np.ndarray | None:
    """Scaled forecasts (windows, steps) for the windows of the last frame; None where there is no season.

    What was not measured a season before is forecast as the window's last value.
    """
    season = season_rows(due)
    if season is None:
        return None
    known = np.concatenate([positions(due, frame.times) for frame in frames])
    values = np.concatenate([frame.features[:, test.target_index] for frame in frames])
    measured = np.concatenate(
        [np.ones(len(frame.times), bool) if frame.imputed is None else ~frame.imputed for frame in frames]
    )
    order = np.argsort(known[measured], kind="stable")
    known, values = known[measured][order], values[measured][order]
    ends = positions(due, frames[-1].times)[test.starts + test.input_rows - 1]
    forecast = np.empty((len(test), test.output_rows), np.float32)
    for step in range(1, test.output_rows + 1):
        wanted = ends + step - season * -(-step // season)
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        forecast[:, step - 1] = np.where(known[place] == wanted, values[place], test.last)
    return forecast
