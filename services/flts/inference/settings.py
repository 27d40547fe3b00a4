"""Settings of inference."""

import os
from typing import Literal

from pydantic import Field, model_validator

from flts.common.seriesnames import SERIES_OR_NONE
from flts.common.settings import ServiceSettings
from flts.inference.limits import LARGEST_STEPS, Limits


class InferenceSettings(ServiceSettings):
    """Every option of inference; each field is the environment variable of the same name in capitals."""

    promotion_bucket: str = "model-promotion"
    processed_bucket: str = "processed-data"
    """Where preprocess puts the last rows of each series, for `/rows`."""
    topic_model_selected: str = "model-selected"
    topic_inference_data: str = "inference-data"
    topic_performance_eval: str = "performance-eval"
    topic_dlq_performance_eval: str = "DLQ-performance-eval"
    consumer_group_id: str = "batch-forecasting"
    """Of all replicas: each claim on topic_inference_data is one replica's work."""
    failure_max_retries: int = Field(default=3, ge=0)
    """Further tries after a failed one, before a claim becomes a dead letter."""
    performance_wait_seconds: float = Field(default=3600.0, gt=0)
    """How long a claim waits for the model of its data; longer than the trainers and the evaluator may take."""
    pointer_poll_seconds: float = Field(default=30.0, gt=0)
    """How often the pointer is read without a message, in case messages do not come through."""
    load_spread_seconds: float = Field(default=2.0, ge=0, le=300)
    """A promotion is followed within this time, each replica after a random part of it."""
    default_series: str = Field(default="", pattern=SERIES_OR_NONE)
    """The series that answers requests without one; empty: the only series does, where there is but one."""
    models_in_memory: int = Field(default=1_000, ge=1, le=100_000)
    """Models held at a time; the least recently used one is the first to go. One of the default models takes 0.2 MiB
    (measured over 500 of each family), and a millisecond to load."""
    pinned_run_id: str = Field(default="", pattern=r"^[0-9A-Za-z_-]*$")
    """Serve this run in place of its series' promotion (a canary); empty: follow promotions."""
    pod_name: str = Field(default_factory=lambda: os.environ.get("HOSTNAME", "inference"), min_length=1)
    """Makes the names of prediction log objects and of the Kafka client unique among replicas."""

    inference_log_bucket: str = "inference-logs"
    inference_disable_log_upload: bool = False
    log_flush_seconds: float = Field(default=5.0, gt=0)
    """Predictions are collected for this long into one log object."""
    log_queue_size: int = Field(default=10_000, ge=1)
    """Predictions that may wait for upload, about a kilobyte each; more are counted and dropped."""

    page: bool = True
    """Whether `/` shows forecasts in a browser, and `/rows` the last rows of each series."""
    predict_max_body_bytes: int = Field(default=1_048_576, ge=1024, le=67_108_864)
    """Largest body of a request; a larger one is answered with 413. 16 rows of 11 features are 4 kB."""
    predict_body_seconds: float = Field(default=10.0, gt=0, le=600)
    """How long a request's headers, and then its body, may take to arrive; slower ones get 408."""
    predict_max_large_bodies: int = Field(default=64, ge=1, le=10_000)
    """Bodies over 64 KiB that are read at a time; together they take this times PREDICT_MAX_BODY_BYTES of memory."""
    predict_max_columns: int = Field(default=256, ge=1, le=100_000)
    """Columns of a request, those included that the model does not look at."""
    predict_max_cells: int = Field(default=100_000, ge=1, le=10_000_000)
    """Values of all columns of a request together."""
    predict_max_steps: int = Field(default=LARGEST_STEPS, ge=1, le=LARGEST_STEPS)
    """Rows of a forecast."""
    predict_max_calls: int = Field(default=1000, ge=1, le=LARGEST_STEPS)
    """Model calls of a forecast, one after the other: its rows divided by those that the model forecasts at once."""
    predict_max_waiting: int = Field(default=256, ge=1, le=100_000)
    """Predictions that may be computed or wait at a time; further ones are answered with 429."""
    predict_max_waiting_calls: int = Field(default=4000, ge=1, le=100_000_000)
    """Model calls of all forecasts under way that need several; further such forecasts are answered with 429."""
    predict_irregular_rows: Literal["reject", "warn"] = "reject"
    """What becomes of rows with gaps, of another rate than the model's, or without a known value of the target."""
    predict_max_batch: int = Field(default=32, ge=1, le=1024)
    """Concurrent predictions that share a model call, at most."""
    onnx_threads: int = Field(default=1, ge=1, le=64)
    """Threads within one model call. The models are small: more threads cost more than they bring."""
    drain_seconds: float = Field(default=5.0, ge=0)
    """How long after SIGTERM requests are still taken while /ready says 503: until load balancers have seen it."""

    @model_validator(mode="after")
    def _longest_forecast_can_wait(self) -> "InferenceSettings":
        if self.predict_max_waiting_calls < self.predict_max_calls:
            raise ValueError(
                f"PREDICT_MAX_WAITING_CALLS={self.predict_max_waiting_calls} is below "
                f"PREDICT_MAX_CALLS={self.predict_max_calls}: the longest forecast could never be made"
            )
        return self

    @property
    def limits(self) -> Limits:
        """How much a request may ask for."""
        return Limits(
            body_bytes=self.predict_max_body_bytes,
            body_seconds=self.predict_body_seconds,
            large_bodies=self.predict_max_large_bodies,
            columns=self.predict_max_columns,
            cells=self.predict_max_cells,
            steps=self.predict_max_steps,
            calls=self.predict_max_calls,
            waiting=self.predict_max_waiting,
            waiting_calls=self.predict_max_waiting_calls,
        )
