"""The HTTP server for probes and Prometheus, in a thread of its own."""

import threading
import time
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], dict[str, bool]]


class Heartbeat:
    """Shows that the main loop still turns.

    `limit_seconds`: silence after which the process counts as stuck and /healthz answers 503.
    """

    def __init__(self, limit_seconds: float = 60.0) -> None:
        self._limit = limit_seconds
        self._last = time.monotonic()

    def beat(self) -> None:
        """Say that the loop turned."""
        self._last = time.monotonic()

    def alive(self) -> bool:
        """Whether the last beat is recent enough."""
        return time.monotonic() - self._last < self._limit


def health_app(service: str, alive: Callable[[], bool], ready: Check | None = None) -> FastAPI:
    """App with /healthz (this process works), /readyz (the servers that it needs answer, by name) and /metrics."""
    app = FastAPI(title=f"FLTS {service}")

    @app.get("/healthz")
    def healthz() -> Response:
        if alive():
            return JSONResponse({"status": "ok", "service": service})
        return JSONResponse({"status": "stuck", "service": service}, status_code=503)

    @app.get("/readyz")
    def readyz() -> Response:
        components = ready() if ready else {}
        good = alive() and all(components.values())
        return JSONResponse(
            {"status": "ready" if good else "not_ready", "components": components}, 200 if good else 503
        )

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


def serve_in_background(app: FastAPI, port: int) -> uvicorn.Server:
    """Serve the app on all addresses, IPv4 and IPv6, from a daemon thread; the caller keeps the main thread."""
    server = uvicorn.Server(uvicorn.Config(app, host="", port=port, log_level="warning"))
    threading.Thread(target=server.run, name="health", daemon=True).start()
    return server
