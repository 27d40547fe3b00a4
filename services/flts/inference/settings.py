"""Settings of inference."""

import os

from pydantic import Field

from flts.common.settings import ServiceSettings


class InferenceSettings(ServiceSettings):
    """Every option of inference; each field is the environment variable of the same name in capitals."""

    promotion_bucket: str = "model-promotion"
    topic_model_selected: str = "model-selected"
    topic_inference_data: str = "inference-data"
    topic_performance_eval: str = "performance-eval"
    topic_dlq_performance_eval: str = "DLQ-performance-eval"
    consumer_group_id: str = "batch-forecasting"
    """Of all replicas: each claim on topic_inference_data is one replica's work."""
    failure_max_retries: int = Field(default=3, ge=0)
    """Further tries after a failed one, before a claim becomes a dead letter."""
    performance_wait_seconds: float = Field(default=3600.0, gt=0)
    """How long a claim waits for the model of its data; longer than training and evaluation may take."""
    pointer_poll_seconds: float = Field(default=30.0, gt=0)
    """How often the pointer is read without a message, in case messages do not come through."""
    load_spread_seconds: float = Field(default=2.0, ge=0, le=300)
    """A promotion is followed within this time, each replica after a random part of it."""
    default_series: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,62})?$")
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

    predict_max_waiting: int = Field(default=256, ge=1, le=100_000)
    """Predictions that may be computed or wait at a time; further ones are answered with 429."""
    predict_max_body_bytes: int = Field(default=1_048_576, ge=1024)
    """Largest body of a request; a larger one is answered with 413. 16 rows of 11 features are 4 kB."""
    predict_max_batch: int = Field(default=32, ge=1, le=1024)
    """Concurrent predictions that share a model call, at most."""
    onnx_threads: int = Field(default=1, ge=1, le=64)
    """Threads within one model call. The models are small: more threads cost more than they bring."""
    drain_seconds: float = Field(default=5.0, ge=0)
    """How long after SIGTERM requests are still taken while /ready says 503: until load balancers have seen it."""
