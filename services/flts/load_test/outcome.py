"""Whether a run met its limits, read from the statistics that Locust writes."""

import csv
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_ALL = "Aggregated"
_FORECASTS = "predict"


class Outcome(BaseModel):
    """Result of one run; as JSON its names are those of the stack's output `loadTest`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    passed: bool
    requests: int
    """Requests of all kinds."""
    requests_per_second: float
    failure_ratio: float
    """Share of all requests that failed."""
    p50_milliseconds: float
    """Time within which half of the forecasts were there; 0 without any, as the next one."""
    p95_milliseconds: float
    """Time within which 95 of 100 forecasts were there."""
    reasons: list[str]
    """Each limit that was not met; empty when the run passed."""


def outcome_of(statistics: Path, *, p95_limit: float, failure_ratio_limit: float) -> Outcome:
    """Read Locust's `…_stats.csv`; the limits are in milliseconds, and a share from 0 to 1."""
    with statistics.open(newline="") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    total = rows[_ALL]
    forecasts = rows.get(_FORECASTS)
    requests = int(total["Request Count"])
    ratio = int(total["Failure Count"]) / requests if requests else 0.0
    p50, p95 = (float(forecasts[column]) if forecasts else 0.0 for column in ("50%", "95%"))
    reasons = []
    if forecasts is None:
        reasons.append("not one forecast was asked for")
    if p95 > p95_limit:
        reasons.append(f"95 of 100 forecasts took up to {p95:g} ms; the limit is {p95_limit:g} ms")
    if ratio > failure_ratio_limit:
        reasons.append(f"{ratio:.2%} of the requests failed; the limit is {failure_ratio_limit:.2%}")
    return Outcome(
        passed=not reasons,
        requests=requests,
        requests_per_second=round(float(total["Requests/s"]), 2),
        failure_ratio=round(ratio, 6),
        p50_milliseconds=p50,
        p95_milliseconds=p95,
        reasons=reasons,
    )
