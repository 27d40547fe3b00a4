"""Settings of the evaluator."""

from typing import Annotated, get_args

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from flts.common.runs import ModelType
from flts.common.seriesnames import SERIES_OR_NONE
from flts.common.settings import ServiceSettings
from flts.evaluator.floor import Floor

_KNOWN_TYPES = frozenset(get_args(ModelType))


class EvaluatorSettings(ServiceSettings):
    """Every option of the evaluator; each field is the environment variable of the same name in capitals."""

    health_port: int = Field(default=8050, ge=1, le=65535)
    topic_model_training: str = "model-training"
    topic_model_selected: str = "model-selected"
    topic_dlq_model_selected: str = "DLQ-model-selected"
    consumer_group_id: str = "eval-promoter"
    mlflow_tracking_uri: str = "http://mlflow:5000"
    promotion_bucket: str = "model-promotion"
    expected_model_types: Annotated[tuple[str, ...], NoDecode] = ("GRU",)
    """Comma-separated; a claim is decided once each of these types has a finished run."""
    type_timeout_seconds: int = Field(default=1800, ge=1)
    """Seconds that the other types have, counted from the end of the claim's first finished run."""
    promote_incomplete: bool = False
    """Whether the best so far is promoted when that time is over."""
    promotion_floor: Floor = "baseline"
    """What a run has to beat to be promoted: nothing; repeating the last value; that and the promoted model."""
    default_series: str = Field(default="", pattern=SERIES_OR_NONE)
    """The series whose promotions upstream's pointer names where there are several; empty: none of them."""
    failure_max_retries: int = Field(default=5, ge=0)
    """Further tries after a failed one, before the event becomes a dead letter."""

    @field_validator("expected_model_types", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().upper() for part in value.split(",") if part.strip())
        return value

    @field_validator("expected_model_types")
    @classmethod
    def _are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - _KNOWN_TYPES)
        if unknown or not value:
            raise ValueError(f"unknown or no model types {unknown}; allowed: {', '.join(sorted(_KNOWN_TYPES))}")
        return value
