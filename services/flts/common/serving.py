"""`serving.json`, which is stored with `model.onnx`: everything else that serving needs of a model."""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from flts.common.intervals import Intervals
from flts.common.recent import RecentRows
from flts.common.transform import FeatureTransform

WINDOW_INPUT = "window"
"""The model's input of scaled features: (batch, input_seq_len, features), float32."""
TIME_INPUT = "time"
"""The time of each window's last row: (batch,), float64, see `seconds`. Only models that declare it take it."""
FORECAST_OUTPUT = "forecast"
"""The model's answer, the target scaled: (batch, output_seq_len), float32."""


def seconds(times: np.ndarray) -> np.ndarray:
    """Seconds since 1970 of an array of datetime64, as models take them."""
    return times.astype("datetime64[ns]").astype(np.int64) / 1e9


class SelfCheck(BaseModel):
    """A window of scaled features, and the scaled answer that the trainer got for it from the framework itself."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    window: list[list[float]]
    time: float = 0.0
    """Time of the window's last row in seconds since 1970."""
    expected: list[float]
    tolerance: float = Field(default=1e-4, gt=0)
    """Largest allowed absolute difference, in scaled units."""


class ServingSpec(BaseModel):
    """How to feed the model and how to read its answer."""

    model_config = ConfigDict(frozen=True)

    version: int = 1
    model_type: str
    identifier: str = ""
    config_hash: str
    generation: int = 1
    transform: FeatureTransform
    """Feature order, target, time features, imputation values and scaler parameters."""
    features: list[str]
    """Feature order, spelled out for readers that do not know the transform's rules."""
    input_seq_len: int = Field(ge=1)
    """Rows that the model looks at."""
    output_seq_len: int = Field(ge=1)
    """Rows that the model forecasts at once."""
    model_sha256: str
    self_check: SelfCheck
    learnt_held_out: bool = False
    """Whether the model has learnt from the held-out rows, after its errors on them were taken."""
    intervals: Intervals | None = None
    """Absent in models from before 0.2.0, and where there were too few held-out windows."""
    recent: RecentRows | None = None
    """The last rows of the data; None where fewer than `rows_needed` follow each other, or before 0.2.0."""

    @property
    def rows_needed(self) -> int:
        """Fewest raw rows from which a forecast can be made."""
        return self.input_seq_len + self.transform.lags.rows
