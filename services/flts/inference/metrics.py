"""Prometheus metrics; names of upstream (§8) where upstream's meaning makes sense."""

from collections import OrderedDict

from prometheus_client import Counter, Gauge, Histogram

from flts.forecasting.model import ModelVersion

_VERSION = ["model_type", "run_id"]
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10, 30)
"""Fine around the promised 60 ms, and as long as a request may take at the end."""

MODEL_READY = Gauge("inference_model_ready", "1 with a model that answered its self-check, else 0")
MODEL_INFO = Gauge(
    "inference_model_info",
    "1 for each of up to 100 models in memory",
    [*_VERSION, "config_hash", "series", "below_floor"],
)
SERIES = Gauge("inference_series", "Series that have a promoted model")
MODELS_IN_MEMORY = Gauge("inference_models_in_memory", "Models in memory")
MODELS_EVICTED = Counter("inference_models_evicted_total", "Models that made room for one that was asked for later")
MODELS_OUTDATED = Gauge("inference_models_outdated", "Models in memory that are not the promoted ones")
SERIES_ON_PREVIOUS = Gauge(
    "inference_series_on_previous_model", "Series that serve an earlier promotion because the newest cannot be loaded"
)
POINTERS_READ = Gauge("inference_pointers_read_timestamp_seconds", "When the promotion pointers were last read")
MODEL_SWAPS = Counter("inference_model_swaps_total", "Models taken into service")
MODEL_SWAPPED = Gauge("inference_model_swap_timestamp_seconds", "When the served model was taken into service")
MODEL_LOAD = Gauge("inference_model_load_seconds", "Time to download and check the served model")
STARTUP = Gauge("inference_startup_ready_seconds", "Time from the process' start to its first served model")
MODELS_REFUSED = Counter("inference_models_refused_total", "Promoted or pinned models that were refused")

LATENCY = Histogram("inference_latency_seconds", "Time from complete request to answer", _VERSION, buckets=_BUCKETS)
LATENCY_LATEST = Gauge("inference_latency_latest_seconds", "The last prediction's inference_latency_seconds")
JOBS = Counter("inference_jobs_processed_total", "Predictions answered")
OUTCOMES = Counter("inference_jobs_outcome_total", "Requests by outcome and served model", ["outcome", *_VERSION])
REJECTED = Counter("inference_requests_rejected_total", "Requests answered with an error", ["reason"])
ACTIVE = Gauge("inference_active_workers", "Predictions accepted and not answered yet")
QUEUE_LENGTH = Gauge("inference_queue_len", "Windows that wait for a model call")
BATCH_SIZE = Histogram("inference_batch_size", "Windows in a model call", buckets=(1, 2, 4, 8, 16, 32, 64, 128))

LOG_UPLOADED = Counter("inference_log_uploaded_total", "Predictions that were written to the prediction log")
LOG_DROPPED = Counter("inference_log_dropped_total", "Predictions that were answered but not logged")
PERFORMANCE_REPORTS = Counter("inference_performance_reports_total", "Claims whose held-out rows were forecast")

# From zero, so that the first one of its kind is a rise.
for _reason in (
    "bad_data",
    "bad_schema",
    "body_too_large",
    "body_too_slow",
    "too_many_waiting",
    "too_much_work",
    "no_model",
    "unknown_series",
    "series_required",
    "fault",
):
    REJECTED.labels(_reason)


class VersionLabels:
    """Values of the labels model_type and run_id, of which there are never more than `most` in a process.

    With more series than that, runs are not distinguished: each has a histogram of its own.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._used: OrderedDict[tuple[str, str], None] = OrderedDict()

    def labels(self, version: ModelVersion, series: int) -> tuple[str, str]:
        """Labels of a model where there are so many series."""
        if series > self._most:
            return version.model_type, ""
        labels = version.model_type, version.run_id
        self._used[labels] = None
        self._used.move_to_end(labels)
        if len(self._used) > self._most:
            oldest, _ = self._used.popitem(last=False)
            _remove(oldest)
        return labels


def _remove(labels: tuple[str, str]) -> None:
    model_type, run_id = labels
    for metric in (LATENCY, OUTCOMES):
        metric.remove_by_labels({"model_type": model_type, "run_id": run_id})


VERSIONS = VersionLabels(most=100)
