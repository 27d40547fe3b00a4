"""Requests of the load test, for whatever model is served."""

import random
from datetime import datetime, timedelta
from typing import Any

ROWS = 16
"""Rows of a request, as in upstream's load test; more where the model looks at more."""

_FIRST_TIME = datetime(2018, 1, 1)
_DAYS = 365
_SPREAD = 0.05
"""Share by which a value differs from its column's median at most."""


def forecast_request(wanted: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A body for /predict that the served model takes; `wanted` is `input` of the service's answer to /model.

    The rows start at another time in each request, so that no two are alike.
    """
    count = max(ROWS, wanted["rows"])
    start = _FIRST_TIME + timedelta(minutes=chance.randrange(_DAYS * 24 * 60))
    times = [(start + timedelta(seconds=wanted["interval_seconds"] * row)).isoformat(sep=" ") for row in range(count)]
    columns = {
        name: [median * (1 + chance.uniform(-_SPREAD, _SPREAD)) for _ in range(count)]
        for name, median in wanted["median_row"].items()
    }
    return {"data": {"ts": times, **columns}, "index_col": "ts", "inference_length": 1}


def broken_requests(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Bodies that the service must refuse: without a column (400), too few rows (400), of the wrong form (422)."""
    data = request["data"]
    column = next(name for name in data if name != "ts")
    return [
        {**request, "data": {name: values for name, values in data.items() if name != column}},
        {**request, "data": {name: values[:1] for name, values in data.items()}},
        {**request, "inference_length": "many"},
    ]
