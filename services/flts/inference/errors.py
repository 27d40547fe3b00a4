"""Error answers, counted."""

import structlog
from fastapi.responses import JSONResponse, Response

from flts.forecasting.refusals import RequestRefused
from flts.inference import metrics
from flts.inference.inservice import Models


class ErrorAnswers:
    """What a client gets for a request that cannot be answered."""

    def __init__(self, in_service: Models) -> None:
        self._in_service = in_service

    def refused(self, error: RequestRefused) -> Response:
        """Why the request is not answered."""
        self._count(error.outcome, error.reason)
        return JSONResponse({"detail": error.detail}, error.status, error.headers)

    def fault(self, path: str, error: Exception) -> Response:
        """A mistake of the service, whose details are in the log."""
        self._count("exception", "fault")
        structlog.get_logger().error("request_failed", path=path, error=repr(error))
        return JSONResponse({"detail": "internal error; see the log of inference"}, status_code=500)

    def _count(self, outcome: str, reason: str) -> None:
        version = self._in_service.version
        labels = metrics.VERSIONS.labels(version, len(self._in_service.names)) if version else ("", "")
        metrics.OUTCOMES.labels(outcome, *labels).inc()
        metrics.REJECTED.labels(reason).inc()
