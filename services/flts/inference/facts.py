"""What is known of a series without its model."""

from typing import NamedTuple

from flts.common.messages import Promotion
from flts.forecasting.model import ModelVersion, version_of


class SeriesFacts(NamedTuple):
    """What the promotion of a series says, whether its model is in memory or not."""

    version: ModelVersion
    promoted_at: str
    rmse: float
    mae: float
    baseline_rmse: float | None
    last_row_time: str
    last_row_value: float | None
    below_floor: bool

    @classmethod
    def of(cls, promotion: Promotion) -> "SeriesFacts":
        """Those of a promotion."""
        return cls(
            version_of(promotion),
            promotion.timestamp,
            promotion.rmse,
            promotion.mae,
            promotion.baseline_rmse,
            promotion.last_row_time,
            promotion.last_row_value,
            promotion.below_floor,
        )
