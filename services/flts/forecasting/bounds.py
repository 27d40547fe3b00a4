"""Lower and upper bounds of a forecast, on request."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from flts.common.intervals import LEVELS
from flts.common.serving import ServingSpec
from flts.forecasting.refusals import BadInput


def check_level(level: float) -> None:
    """Raise BadInput for a level that no model has."""
    if not LEVELS[0] <= level <= LEVELS[-1]:
        raise BadInput(f"interval is {level:g}; it is from {LEVELS[0]:g} to {LEVELS[-1]:g}")


def add_bounds(
    predictions: Sequence[dict[str, Any]], values: Sequence[float], spec: ServingSpec, level: float
) -> str | None:
    """Add `<target>_lower` and `<target>_upper` to the rows that the model was measured for.

    Returns why some or all rows have none. Raises BadInput for a bound that is too large to be a number.
    """
    intervals = spec.intervals
    if intervals is None:
        return "no bounds: the model has no intervals, since it is from before 0.2.0 or had too few held-out windows"
    if not intervals.lowest <= level <= intervals.highest:
        return (
            f"no bounds: interval is {level:g}, and the model has intervals from {intervals.lowest:g} to "
            f"{intervals.highest:g}, for {intervals.windows} held-out windows"
        )
    transform = spec.transform
    unit = abs(transform.scale[transform.target_index])
    reach = [distance * unit for distance in intervals.at(level).tolist()]
    lower, upper = f"{transform.target}_lower", f"{transform.target}_upper"
    for row, value, distance in zip(predictions, values, reach, strict=False):
        row[lower], row[upper] = value - distance, value + distance
        if not (isfinite(row[lower]) and isfinite(row[upper])):
            raise BadInput("the values are so far from what the model knows that a bound is not a finite number")
    if len(predictions) > len(reach):
        return f"only the first {len(reach)} rows have bounds: the model was measured for no more"
    return None
