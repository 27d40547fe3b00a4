"""The HTTP server, and how it ends without failing a request."""

import signal
import threading
from types import FrameType

import uvicorn
from fastapi import FastAPI

from flts.inference.protocol import bounded_protocol

# Longer than a load balancer keeps an idle connection, so that it is never this side that closes one in use.
_KEEP_ALIVE_SECONDS = 60


class DrainingServer(uvicorn.Server):
    """At SIGTERM continues answering for `drain_seconds`, so that load balancers see /ready turn before it closes.

    `leaving` is set at SIGTERM. `headers_seconds`: how long a client may take to send a request's headers.
    """

    def __init__(
        self,
        app: FastAPI,
        port: int,
        leaving: threading.Event,
        *,
        drain_seconds: float,
        grace_seconds: int,
        headers_seconds: float = 10.0,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                # All addresses, IPv4 and IPv6; "::" would be IPv6 alone.
                host="",
                port=port,
                http=bounded_protocol(headers_seconds),
                # None is needed, and each costs every request time.
                proxy_headers=False,
                ws="none",
                server_header=False,
                log_level="warning",
                access_log=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=grace_seconds,
            )
        )
        self._leaving = leaving
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave; the second SIGINT of an impatient person ends the process."""
        if self._leaving.is_set() and sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return
        self._leaving.set()
        timer = threading.Timer(self._drain_seconds, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        self.should_exit = True
