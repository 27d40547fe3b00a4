"""Settings of preprocess (upstream contract, §2.8 names)."""

from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator, model_validator

from flts.preprocess.formatsettings import FormatSettings
from flts.preprocess.reading.options import ReadOptions

_DEFAULT_DATASET = "PobleSec"


class PreprocessSettings(FormatSettings):
    """Every option of preprocess; each field is the environment variable of the same name in capitals."""

    input_bucket: str = "dataset"
    input_prefix: str = ""
    """Put before the files' names to give their keys; keeps pipelines in one bucket apart and is not hashed."""
    output_bucket: str = "processed-data"
    dataset_name: str = ""
    """The series that a pass is for where train_file is not set (upstream contract); empty: all of them."""
    train_file: str = ""
    """The file that a pass is for (upstream contract), and within the work on a series its file."""
    test_file: str = ""
    """Held-out rows. Empty with train_file set: the last holdout_fraction of the train file is held out."""
    series_column: str = ""
    """Column that says which series a row belongs to: each CSV is split by it. Empty: a CSV is one series."""
    max_series: int = Field(default=1000, ge=1)
    """Series that a CSV may be split into; more look like a wrong column. Not hashed."""
    holdout_fraction: float = Field(default=0.2, gt=0, lt=0.9)
    target_column: str = ""
    """The column to forecast; empty: the first numeric one."""

    sample_train_rows: int = Field(default=0, ge=0)
    """Row cap; 0: all rows."""
    sample_test_rows: int = Field(default=0, ge=0)
    sample_strategy: Literal["head", "random"] = "head"
    sample_seed: int = 42

    handle_nans: bool = True
    """Interpolate missing cells and rows in time, where they are few in a row; off: a missing cell is an error."""
    nans_threshold: float = Field(default=0.33, ge=0, le=1)
    """A column with a larger share of missing training cells is dropped; the target is refused."""
    nans_knn: int = Field(default=2, ge=1)
    """Part of upstream's config hash, and of nothing else: no cell is filled from similar rows."""
    nans_drop_rows: bool = False
    """Drop rows with missing cells instead of interpolating them."""

    clip_enable: bool = False
    """Clip outliers of every raw column but the target, whose true values must stay true."""
    clip_method: Literal["iqr", "percentile"] = "iqr"
    clip_factor: float = Field(default=1.5, gt=0, lt=50)
    """iqr: multiples of the interquartile range; percentile: percent cut off at either end."""

    time_features_enable: bool = True
    lags_enable: bool = False
    lags_n: int = Field(default=0, ge=0)
    lags_step: int = Field(default=1, ge=1)

    scaler: Literal["MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler", ""] = "MinMaxScaler"
    add_val: str | None = None
    """Constant added to every raw column before scaling. Text, because upstream hashes it as text."""
    extra_hash_salt: str = ""

    dataset_poll_seconds: float = Field(default=15.0, ge=1, le=86_400)
    """How long `serve` waits between two looks at the bucket."""
    dataset_sample: bool = False
    """Upload the packaged sample where the bucket has no CSV and nothing was ever processed."""
    series_max_attempts: int = Field(default=5, ge=1)
    """How often the process may die over one input before the input is rejected."""
    series_deadline_seconds: float = Field(default=3600.0, ge=1)
    """Time after which the work on one series counts as stuck, so that the pod is started again."""

    topic_training_data: str = "training-data"
    topic_inference_data: str = "inference-data"
    promotion_bucket: str = "model-promotion"
    inference_log_bucket: str = "inference-logs"
    output_seq_len: int = Field(default=1, ge=1, le=1000)
    """Rows that the models forecast at once: drift looks no further ahead."""
    drift_factor: float = Field(default=2.0, ge=1, le=1000)
    """A series has drifted when logged forecasts of it were off by more than this times the error on held-out rows."""
    retrain: Literal["always", "drift"] = "always"
    """Whether each changed file is trained on, or only where the series has no model or one that has drifted."""
    retrain_period_hours: float = Field(default=24.0, gt=0, le=8760)
    """With `drift`: the shortest time between two trainings of a series that has a model."""

    topic_dlq_preprocess: str = "DLQ-preprocess"

    @field_validator("add_val", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        if value in (None, ""):
            return None
        float(value)
        return value

    @model_validator(mode="after")
    def _lags_have_a_number(self) -> "PreprocessSettings":
        if self.lags_enable and self.lags_n < 1:
            raise ValueError("LAGS_ENABLE is on, so LAGS_N must be 1 or more")
        return self

    @property
    def train_object(self) -> str:
        """Key of the training CSV."""
        return self.train_file or f"{self.dataset_name or _DEFAULT_DATASET}.csv"

    @property
    def test_object(self) -> str:
        """Key of the held-out CSV, or empty where the training file is split."""
        if self.test_file or self.train_file:
            return self.test_file
        return f"{self.dataset_name or _DEFAULT_DATASET}_test.csv"

    @property
    def read_options(self) -> ReadOptions:
        """The formats as signs, and the column of series."""
        return replace(super().read_options, series_column=self.series_column)

    def of_series(self, train_file: str, test_file: str) -> "PreprocessSettings":
        """These options for one series: what its config hash covers."""
        return self.model_copy(update={"train_file": train_file, "test_file": test_file})
