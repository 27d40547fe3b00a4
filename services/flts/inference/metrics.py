"""Prometheus metrics; names of upstream (§8) where upstream's meaning makes sense."""

from prometheus_client import Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)

MODEL_READY = Gauge("inference_model_ready", "1 with a model that answered its self-check, else 0")
MODEL_INFO = Gauge("inference_model_info", "1 for the served model", ["run_id", "model_type", "config_hash"])
MODEL_SWAPS = Counter("inference_model_swaps_total", "Models taken into service")
MODELS_REFUSED = Counter("inference_models_refused_total", "Promoted models that were refused")
LATENCY = Histogram("inference_latency_seconds", "Time from parsed request to answer", buckets=_BUCKETS)
LATENCY_LATEST = Gauge("inference_latency_latest_seconds", "The last request's inference_latency_seconds")
JOBS = Counter("inference_jobs_processed_total", "Predictions answered")
OUTCOMES = Counter("inference_jobs_outcome_total", "Requests by outcome", ["outcome"])
ACTIVE = Gauge("inference_active_workers", "Predictions being computed now")
LOG_DROPPED = Counter("inference_log_dropped_total", "Predictions that were answered but not logged")

for _outcome in ("success", "client_error", "not_ready", "exception"):
    OUTCOMES.labels(_outcome)
