"""The quality gate: whether a claim's best run is good enough to take the place of what is served."""

import math
from typing import Literal

from flts.common.messages import Promotion
from flts.evaluator.scoring import WEIGHTS, Candidate

Floor = Literal["none", "baseline", "champion"]

_BASELINES = {"baseline_rmse": "repeating the last value", "seasonal_rmse": "repeating the season before"}


def shortfall(floor: Floor, winner: Candidate, champion: Promotion | None) -> str | None:
    """Why the winner is below the floor; None where it is not.

    `baseline`: its RMSE must be below that of the better baseline, of repeating the last value and of what was there a
    season before. `champion`: its score must also be below that
    of the promoted model, where both were measured on the same held-out rows; on other rows the two say nothing about
    each other. A run without a baseline's RMSE, from a trainer that did not measure it, has no floor to reach.
    """
    if floor == "none":
        return None
    rmse = winner.metrics["test_rmse"]
    measured = [(winner.metrics.get(metric, math.nan), name) for metric, name in _BASELINES.items()]
    baseline, name = min((pair for pair in measured if math.isfinite(pair[0])), default=(math.inf, ""))
    if rmse >= baseline:
        return f"its RMSE of {rmse:.6g} is not below the {baseline:.6g} of {name}"
    if floor == "baseline" or champion is None or not _comparable(winner, champion):
        return None
    if winner.score >= champion.score:
        return (
            f"its score of {winner.score:.6g} is not below the {champion.score:.6g} of the promoted run "
            f"{champion.run_id} on the same held-out rows"
        )
    return None


def _comparable(winner: Candidate, champion: Promotion) -> bool:
    same_rows = winner.held_out_sha256 != "" and winner.held_out_sha256 == champion.held_out_sha256
    return same_rows and champion.weights == WEIGHTS
