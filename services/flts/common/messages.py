"""Messages on Kafka: the field names of upstream's contract, plus what makes claims unambiguous.

Added to upstream: `etag` (the bytes meant), `config_hash`, `generation` (counts how often preprocess published
this config hash, so that a repeated message differs from a repeated request), `model_type`, `identifier` and `series`.
The key of every message about a series is the series' name, so that one partition holds all of them, in order.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flts.common.seriesnames import SERIES_NAME
from flts.common.settings import IDENTIFIER_PATTERN

PayloadVersion = Literal[1]

LARGEST_ARTIFACT_BYTES = 64 * 1024 * 1024
"""No model or spec may be larger: inference, with 512 MiB, reads each whole. The default models have 20 to 200 kB."""

# Both become a part of object keys and of searches; neither may lead out of its place there.
SeriesName = Annotated[str, Field(pattern=f"^({SERIES_NAME})?$")]
ConfigHash = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

# A message is someone's input: texts and numbers have bounds that the stores, MLflow and Python hold as well.
_Text = Annotated[str, Field(max_length=1024)]
"""The longest key that S3 admits (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html)."""
_Bucket = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")]
"""What boto3 takes for a bucket's name; ARNs, which lead to other accounts' buckets, excluded."""
_Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
_Count = Annotated[int, Field(le=2**53 - 1)]
"""The largest number that every JSON reader keeps exactly (RFC 8259, section 6)."""


class Message(BaseModel):
    """Base of all messages: unknown fields are ignored, so that a producer may be newer than its consumers."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def to_bytes(self) -> bytes:
        """UTF-8 JSON without absent fields."""
        return self.model_dump_json(exclude_none=True).encode()


class DataClaim(Message):
    """Claim check for a Parquet object, on `training-data` and `inference-data`."""

    bucket: _Bucket
    object: _Text = Field(min_length=1)
    size: _Count = Field(ge=0)
    v: PayloadVersion = 1
    identifier: _Identifier = ""
    series: SeriesName = ""
    """Name of the series; empty in messages from before 0.2.0."""
    etag: _Text = Field(min_length=1)
    config_hash: ConfigHash
    generation: _Count = Field(default=1, ge=1)
    object_key: _Text | None = None
    """Same as object; upstream's consumers of `inference-data` read this name."""
    operation: _Text | None = None
    """`post: test data` on `inference-data`, absent on `training-data` (upstream contract)."""
    test_object: _Text | None = None
    test_etag: _Text | None = None
    """Held-out rows that belong to the training rows; set on `training-data` only."""


class TrainingEvent(Message):
    """What a trainer reports on `model-training`."""

    operation: _Text
    status: Literal["RUNNING", "SUCCESS"]
    experiment: _Text
    run_name: _Text
    run_id: _Text
    identifier: _Identifier = ""
    series: SeriesName = ""
    config_hash: ConfigHash
    model_type: _Text
    generation: _Count = Field(default=1, ge=1)


class StoredArtifact(BaseModel):
    """An object in the promotion bucket, by its content."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: str = Field(min_length=1, max_length=1024)
    sha256: Sha256
    size: int = Field(ge=1, le=LARGEST_ARTIFACT_BYTES)
    """Bytes."""


class Promotion(Message):
    """The promotion pointer, and the message on `model-selected`."""

    identifier: str = ""
    series: SeriesName = ""
    config_hash: ConfigHash
    generation: int = Field(default=1, ge=1)
    run_id: str = Field(min_length=1)
    model_type: str = Field(min_length=1)
    experiment: str
    model_uri: str
    """`runs:/<run_id>/<model_type>`"""
    rmse: _Finite
    mae: _Finite
    mse: _Finite
    score: _Finite
    timestamp: str
    """UTC, ISO 8601 with `Z`."""
    weights: dict[str, float]
    runs: dict[str, str] = Field(default_factory=dict)
    """Every run that was compared: model type to run id."""
    model: StoredArtifact | None = None
    spec: StoredArtifact | None = None
    """model.onnx and serving.json; absent in pointers from before 0.2.0, which the evaluator completes."""
    baseline_rmse: _Finite | None = None
    """RMSE of repeating the last value, on the same held-out rows."""
    below_floor: bool = False
    """Whether it is served only because its series had no model: it does not reach `evaluator.floor`."""
    held_out_sha256: str = ""
    """Digest of the held-out rows that it was measured on, and of how far ahead; errors on other rows, or over other
    steps, cannot be compared with its own."""
    last_row_time: str = ""
    last_row_value: _Finite | None = None
    """The last actual row that it was trained or measured on: its time, and the target in raw units."""

    @field_validator("timestamp")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError("must name its time zone")
        return value

    @field_validator("model_type", "run_id")
    @classmethod
    def _is_one_path_segment(cls, value: str) -> str:
        # Both become parts of a URL path; a pointer must not be able to lead elsewhere.
        if "/" in value or ".." in value:
            raise ValueError("must not contain '/' or '..'")
        return value
