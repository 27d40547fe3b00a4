"""Reads a request's body: never more of it than allowed, however it is sent."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from flts.inference.refusals import BodyTooLarge
from flts.inference.schema import PredictRequest


async def predict_request(request: Request, largest_bytes: int) -> PredictRequest:
    """The body of /predict; an empty one has no data. Raises BodyTooLarge and RequestValidationError."""
    body = await _limited_body(request, largest_bytes)
    if not body:
        return PredictRequest()
    try:
        return PredictRequest.model_validate_json(body)
    except ValidationError as error:
        # Without the input: it may be long, and it may hold what JSON cannot.
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**mistake, "loc": ("body", *mistake["loc"])} for mistake in mistakes]) from error


async def _limited_body(request: Request, largest_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > largest_bytes:
        raise _too_large(largest_bytes)
    parts: list[bytes] = []
    size = 0
    # A chunked body declares no length, so what arrives is counted as well.
    async for part in request.stream():
        size += len(part)
        if size > largest_bytes:
            raise _too_large(largest_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(largest_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {largest_bytes} bytes; send only the last rows")
