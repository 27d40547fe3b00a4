"""Dead letters: what is kept of a message that was given up, small enough to be written whatever the message was.

A letter names topic, partition and offset, so that the message itself can be read again where it still is.
"""

import base64
import hashlib
import time
from typing import Any, Literal, NamedTuple

import structlog
from prometheus_client import Counter
from pydantic import Field

from flts.common.messages import Message
from flts.common.publisher import Publisher

# In bytes of the message. JSON writes a control character as six: the letter stays far below the 1 MiB that Kafka's
# brokers admit by default (message.max.bytes).
_LONGEST_PAYLOAD = 16 * 1024
_LONGEST_ERROR = 4 * 1024

DEAD_LETTERS = Counter("dead_letters_total", "Messages given up by this process, by dead letter topic", ["topic"])
LOST_LETTERS = Counter(
    "dead_letters_lost_total", "Dead letters that could not be written, by dead letter topic", ["topic"]
)


class Origin(NamedTuple):
    """Where a message came from."""

    topic: str
    partition: int
    offset: int


class DeadLetter(Message):
    """Envelope on the `DLQ-*` topics; upstream's fields, then ours."""

    operation: str
    status: Literal["Failure"] = "Failure"
    error: str
    payload: Any = None
    """The message as text, in base64 where it is not UTF-8; its beginning where it is longer than 16 KiB."""
    timestamp: float = Field(default_factory=time.time)
    """Seconds since 1970."""
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    """Where the message came from."""
    size: int | None = None
    """Bytes of the whole message."""
    digest: str | None = None
    """SHA-256 of the whole message, in hex."""
    encoding: Literal["utf-8", "base64"] | None = None
    truncated: bool | None = None


def letter_of(payload: bytes, error: BaseException, origin: Origin) -> DeadLetter:
    """The dead letter of a message."""
    beginning = payload[:_LONGEST_PAYLOAD]
    try:
        payload.decode()
        # Only the cut can have made the end of the beginning invalid.
        text, encoding = beginning.decode(errors="ignore"), "utf-8"
    except UnicodeDecodeError:
        # Base64 makes four characters of three bytes.
        beginning = payload[: _LONGEST_PAYLOAD * 3 // 4]
        text, encoding = base64.b64encode(beginning).decode(), "base64"
    return DeadLetter(
        operation="claim",
        error=shortened(error),
        payload=text,
        **origin._asdict(),
        size=len(payload),
        digest=hashlib.sha256(payload).hexdigest(),
        encoding=encoding,
        truncated=len(beginning) < len(payload),
    )


def shortened(error: BaseException) -> str:
    """Text of an error that fits into a letter and a log line, and that UTF-8 can express."""
    text = str(error) or repr(error)
    text = text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}…"
    return text.encode(errors="replace").decode()


def publish_dead_letter(publisher: Publisher, topic: str, letter: DeadLetter) -> None:
    """Publish a dead letter, and log and count it. Never raises: a failure is only logged and counted."""
    logger = structlog.get_logger()
    what = letter.model_dump(include={"operation", "error", "size", "digest"}, exclude_none=True)
    what |= {"origin": f"{letter.topic}[{letter.partition}]@{letter.offset}"} if letter.topic else {}
    try:
        publisher.publish(topic, None, letter)
    except Exception as problem:
        LOST_LETTERS.labels(topic).inc()
        logger.error("dead_letter_not_sent", topic=topic, problem=shortened(problem), **what)
        return
    DEAD_LETTERS.labels(topic).inc()
    logger.error("dead_letter", topic=topic, **what)
