"""Reads a request's body: never more of it than allowed, and never for longer."""

import asyncio

from starlette.types import Receive, Scope

from flts.inference.limits import Limits, named
from flts.inference.refusals import BodyTooLarge, BodyTooSlow, ClientGone, TooManyWaiting

_SMALL_BYTES = 65_536
"""Bodies up to this size are not counted: 256 of them are 16 MiB."""


class BodyReader:
    """Reads bodies under limits; few large ones at a time, so that their memory is bounded too."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._large = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body. Raises BodyTooLarge, BodyTooSlow, TooManyWaiting and ClientGone."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._limits.body_bytes:
                raise self._too_large()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                part, more = await _part(receive)
                if more:
                    return await self._all(part, receive)
        except TimeoutError as error:
            limit = named("PREDICT_BODY_SECONDS", self._limits.body_seconds, "bodySeconds")
            raise BodyTooSlow(f"the body did not arrive completely within {limit}") from error
        self._check(len(part))
        return part

    async def _all(self, first: bytes, receive: Receive) -> bytes:
        parts = [first]
        size = len(first)
        counted = False
        more = True
        try:
            while more:
                part, more = await _part(receive)
                parts.append(part)
                # A chunked body declares no length, so what arrives is counted as well.
                size += len(part)
                self._check(size)
                if size > _SMALL_BYTES and not counted:
                    self._count()
                    counted = True
            return b"".join(parts)
        finally:
            self._large -= counted

    def _check(self, size: int) -> None:
        if size > self._limits.body_bytes:
            raise self._too_large()

    def _count(self) -> None:
        if self._large >= self._limits.large_bodies:
            limit = named("PREDICT_MAX_LARGE_BODIES", self._limits.large_bodies, "largeBodies")
            raise TooManyWaiting(f"{limit} bodies over {_SMALL_BYTES} bytes are being read already; try again later")
        self._large += 1

    def _too_large(self) -> BodyTooLarge:
        limit = named("PREDICT_MAX_BODY_BYTES", self._limits.body_bytes, "bodyBytes")
        return BodyTooLarge(f"the body is larger than {limit} bytes; send only the last rows")


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)
