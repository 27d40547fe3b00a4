"""Requests that are answered with an error: which status, and what the metrics call the reason."""

from collections.abc import Mapping
from types import MappingProxyType


class RequestRefused(Exception):
    """A request that gets an error answer; the text is its `detail`."""

    status: int
    reason: str
    """Value of the label `reason` of inference_requests_rejected_total."""
    outcome = "client_error"
    """Value of the label `outcome` of inference_jobs_outcome_total (upstream's values)."""
    headers: Mapping[str, str] | None = None


class BadInput(RequestRefused):
    """The request's data cannot be used."""

    status = 400
    reason = "bad_data"


class BodyTooLarge(RequestRefused):
    """The body is over the limit."""

    status = 413
    reason = "body_too_large"


class TooManyWaiting(RequestRefused):
    """As many predictions as may be are being computed or wait."""

    status = 429
    reason = "too_many_waiting"
    outcome = "queue_full"
    # A queue as long as the default limit is worked off in less than a second.
    headers = MappingProxyType({"Retry-After": "1"})


class NoModel(RequestRefused):
    """No model of the series is in service."""

    status = 503
    reason = "no_model"
    outcome = "not_ready"


class UnknownSeries(RequestRefused):
    """There is no series of the name that the request gives."""

    status = 404
    reason = "unknown_series"


class SeriesRequired(RequestRefused):
    """There are several series, and the request names none."""

    status = 400
    reason = "series_required"
