"""Settings of inference."""

import os

from pydantic import Field

from flts.common.settings import ServiceSettings


class InferenceSettings(ServiceSettings):
    """Every option of inference; each field is the environment variable of the same name in capitals."""

    mlflow_tracking_uri: str = "http://mlflow:5000"
    promotion_bucket: str = "model-promotion"
    topic_model_selected: str = "model-selected"
    pointer_poll_seconds: float = Field(default=30.0, gt=0)
    """How often the pointer is read without a message, in case messages do not come through."""
    pod_name: str = Field(default_factory=lambda: os.environ.get("HOSTNAME", "inference"), min_length=1)
    """Makes the names of prediction log objects and of the Kafka client unique among replicas."""

    inference_log_bucket: str = "inference-logs"
    inference_disable_log_upload: bool = False
    log_flush_seconds: float = Field(default=5.0, gt=0)
    """Predictions are collected for this long into one log object."""
    log_queue_size: int = Field(default=2000, ge=1)
    """Predictions that may wait for upload; more are counted and dropped, so that memory stays bounded."""

    predict_max_concurrency: int = Field(default=4, ge=1, le=256)
    """Long forecasts that are computed at the same time; further ones wait."""
    onnx_threads: int = Field(default=1, ge=1, le=64)
    """Threads within one model call. The models are small: more threads cost more than they bring."""
