"""Reads a request's body: never more of it than allowed, and never for longer."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TypeVar

from starlette.types import Receive, Scope

from flts.forecasting.refusals import BodyTooLarge, BodyTooSlow, ClientGone, TooManyWaiting
from flts.inference.limits import Limits, named
from flts.inference.protocol import BODY_COMPLETE

_SMALL_BYTES = 65_536
"""Bodies up to this size are not counted: 256 of them are 16 MiB, and decoding one takes no millisecond."""

_NONE = nullcontext()
Decoded = TypeVar("Decoded")


class BodyReader:
    """Reads bodies under limits: few large ones at a time, so that their memory is bounded too."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._large = 0
        self._turn = asyncio.Lock()

    async def read(self, scope: Scope, receive: Receive, decode: Callable[[bytes], Decoded]) -> Decoded:
        """The whole body, decoded. Raises BodyTooLarge, BodyTooSlow, TooManyWaiting, ClientGone; what decode does."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._limits.body_bytes:
                raise self._too_large()
        parts: list[bytes] = []
        size = 0
        more = True
        large = False
        try:
            async with self._deadline(scope):
                while more:
                    part, more = await _part(receive)
                    parts.append(part)
                    # A chunked body declares no length, so what arrives is counted as well.
                    size += len(part)
                    if size > _SMALL_BYTES and not large:
                        large = self._count(size)
                    self._check(size)
            if not large:
                return decode(b"".join(parts))
            # One after the other, with others' requests between: all at once would make them wait for all.
            async with self._turn:
                await asyncio.sleep(0)
                return decode(b"".join(parts))
        except TimeoutError as error:
            limit = named("PREDICT_BODY_SECONDS", self._limits.body_seconds, "bodySeconds")
            raise BodyTooSlow(f"the body did not arrive completely within {limit}") from error
        finally:
            self._large -= large

    def _check(self, size: int) -> None:
        if size > self._limits.body_bytes:
            raise self._too_large()

    def _deadline(self, scope: Scope) -> AbstractAsyncContextManager[object]:
        # Most bodies are there already: a timer that never ends would cost as much as decoding them.
        complete = BODY_COMPLETE in scope.get("extensions", ())
        return _NONE if complete else asyncio.timeout(self._limits.body_seconds)

    def _count(self, size: int) -> bool:
        self._check(size)
        if self._large >= self._limits.large_bodies:
            limit = named("PREDICT_MAX_LARGE_BODIES", self._limits.large_bodies, "largeBodies")
            raise TooManyWaiting(f"{limit} bodies over {_SMALL_BYTES} bytes are being read already; try again later")
        self._large += 1
        return True

    def _too_large(self) -> BodyTooLarge:
        limit = named("PREDICT_MAX_BODY_BYTES", self._limits.body_bytes, "bodyBytes")
        return BodyTooLarge(f"the body is larger than {limit} bytes; send only the last rows")


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)
