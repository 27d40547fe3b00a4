"""Prometheus metrics of the watcher, on its health port. No label names a series: there may be thousands."""

from prometheus_client import Counter, Gauge

from flts.preprocess.job import PROCESSED, PUBLISHED, SKIPPED

REJECTED = "rejected"
FAILED = "failed"

OUTCOMES = Counter("preprocess_outcomes_total", "Looks at a new or changed series, by outcome", ["outcome"])
for _outcome in (PROCESSED, PUBLISHED, SKIPPED, REJECTED, FAILED):
    # Shown from the start, so that the first one is seen as a rise from 0.
    OUTCOMES.labels(_outcome)

SERIES = Gauge("preprocess_series", "Series in the bucket, the rejected ones included")
SERIES_REJECTED = Gauge("preprocess_series_rejected", "Series in the bucket that are rejected as they are now")
LAST_SUCCESS = Gauge(
    "preprocess_last_success_timestamp_seconds", "When a series was last processed and announced, in seconds since 1970"
)
LAST_LISTING = Gauge(
    "preprocess_last_listing_timestamp_seconds", "When the bucket was last listed, in seconds since 1970"
)
LISTING_SECONDS = Gauge("preprocess_listing_seconds", "How long the last listing of the bucket took")
