"""HTTP whose clients send a request's head in time and in bounds: uvicorn would wait for ever, for any length."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LARGEST_HEAD_BYTES = 65_536
"""Request line and headers; HAProxy passes 16 KiB on at most."""


class _BoundedProtocol(HttpToolsProtocol):
    headers_seconds: ClassVar[float]
    _due: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._due = self.loop.call_later(self.headers_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._due is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._due is None:
            self._due = self.loop.call_later(self.headers_seconds, self.transport.close)

    def on_headers_complete(self) -> None:
        self._head_is_complete()
        super().on_headers_complete()

    def _head_is_complete(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
            self._head_bytes = 0


def bounded_protocol(headers_seconds: float) -> type[HttpToolsProtocol]:
    """A protocol that closes a connection on which a request's head is not complete after so many seconds."""
    return type("BoundedProtocol", (_BoundedProtocol,), {"headers_seconds": headers_seconds})
