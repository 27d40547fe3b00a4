"""Which run wins: pure functions over finished runs."""

import math
from collections.abc import Iterable
from typing import NamedTuple

WEIGHTS = {"rmse": 0.5, "mae": 0.3, "mse": 0.2}
"""Score = 0.5 RMSE + 0.3 MAE + 0.2 MSE of the held-out metrics, in raw units of the target (upstream contract)."""


class Candidate(NamedTuple):
    """A finished run. Metrics may lack or be NaN; `end_time` in milliseconds since 1970."""

    run_id: str
    model_type: str
    experiment: str
    end_time: int
    metrics: dict[str, float]
    model_sha256: str = ""
    spec_sha256: str = ""
    """Of model.onnx and serving.json, as the trainer recorded them; empty in runs from before 0.2.0."""
    held_out_sha256: str = ""
    last_row_time: str = ""
    last_row_value: float | None = None

    @property
    def score(self) -> float:
        """The weighted error; infinite where a metric is missing, so that such a run never wins."""
        total = sum(weight * self.metrics.get(f"test_{name}", math.nan) for name, weight in WEIGHTS.items())
        return total if math.isfinite(total) else math.inf


def one_per_type(candidates: Iterable[Candidate]) -> dict[str, Candidate]:
    """The earliest finished run of each type: a later training of the same claim never changes a decision."""
    first: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda run: (run.end_time, run.run_id)):
        first.setdefault(candidate.model_type, candidate)
    return first


def best(candidates: Iterable[Candidate]) -> Candidate | None:
    """Lowest score; of equal scores the run that finished last (upstream contract); None if none has a score."""
    scored = [candidate for candidate in candidates if math.isfinite(candidate.score)]
    return min(scored, key=lambda run: (run.score, -run.end_time, run.run_id), default=None)
