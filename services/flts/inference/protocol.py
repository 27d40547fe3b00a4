"""HTTP whose clients send a request's head in time and in bounds: uvicorn would wait for ever, for any length."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LARGEST_HEAD_BYTES = 65_536
"""Request line and headers; HAProxy passes 16 KiB on at most."""


BODY_COMPLETE = "flts.body_complete"
"""ASGI extension of a request whose body had arrived before it was given to the application."""
_COMPLETE: dict[str, dict[object, object]] = {BODY_COMPLETE: {}}


class _BoundedProtocol(HttpToolsProtocol):
    headers_seconds: ClassVar[float]
    _due: asyncio.TimerHandle | None = None
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Most heads arrive in one piece and never need a timer.
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD_BYTES:
                self.transport.close()
            elif self._due is None:
                self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._head_is_complete()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.scope["extensions"] = _COMPLETE

    def _await_head(self) -> None:
        self._due = self.loop.call_later(self.headers_seconds, self.transport.close)

    def _head_is_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        if self._due is not None:
            self._due.cancel()
            self._due = None


def bounded_protocol(headers_seconds: float) -> type[HttpToolsProtocol]:
    """A protocol that closes a connection on which a request's head is not complete after so many seconds."""
    return type("BoundedProtocol", (_BoundedProtocol,), {"headers_seconds": headers_seconds})
