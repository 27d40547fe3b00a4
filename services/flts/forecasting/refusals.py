"""Requests that are answered with an error: which status, and what the metrics call the reason."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# What is left of the request is not read, so the connection cannot be used again.
_CLOSE = MappingProxyType({"Connection": "close"})
# A queue as long as the default limit is worked off in less than a second.
_LATER = MappingProxyType({"Retry-After": "1"})


class ClientGone(Exception):
    """The client closed the connection: nobody is left to answer."""


class RequestRefused(Exception):
    """A request that gets an error answer; the text is its `detail`.

    The text never repeats more than some dozens of characters of the request.
    """

    status: int
    reason: str
    """Value of the label `reason` of inference_requests_rejected_total."""
    outcome = "client_error"
    """Value of the label `outcome` of inference_jobs_outcome_total (upstream's values)."""
    headers: Mapping[str, str] | None = None

    @property
    def detail(self) -> Any:
        """Content of the answer's `detail`."""
        return str(self)


class BadInput(RequestRefused):
    """The request's data cannot be used."""

    status = 400
    reason = "bad_data"


class NoRecentRows(RequestRefused):
    """The rows that the model was measured on are not known."""

    status = 404
    reason = "no_recent_rows"


class TooMuchWork(BadInput):
    """The forecast would cost more than one request may."""

    reason = "too_much_work"


class BodyTooSlow(RequestRefused):
    """The body did not arrive in time."""

    status = 408
    reason = "body_too_slow"
    headers = _CLOSE


class BodyTooLarge(RequestRefused):
    """The body is over the limit."""

    status = 413
    reason = "body_too_large"
    headers = _CLOSE


class NotOfSchema(RequestRefused):
    """The request does not follow the schema; only its first mistake is reported."""

    status = 422
    reason = "bad_schema"

    def __init__(self, location: list[str | int], message: str, kind: str) -> None:
        super().__init__(message)
        self._location = location
        self._kind = kind

    @property
    def detail(self) -> Any:
        """A list of one mistake, as FastAPI writes mistakes."""
        return [{"loc": self._location, "msg": str(self), "type": self._kind}]


class TooManyWaiting(RequestRefused):
    """As many predictions as may be are being computed or wait."""

    status = 429
    reason = "too_many_waiting"
    outcome = "queue_full"
    headers = _LATER


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
