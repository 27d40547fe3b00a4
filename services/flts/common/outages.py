"""Tells an unreachable neighbour from a fault of our own: the first is waited out, the second is reported."""

import botocore.exceptions
import urllib3.exceptions
from confluent_kafka import KafkaException

_UNREACHABLE = (
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
    urllib3.exceptions.HTTPError,
    KafkaException,
    ConnectionError,
    TimeoutError,
)


def is_outage(error: BaseException) -> bool:
    """Whether the error, or one that led to it, means that a server did not answer or was not able to."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _UNREACHABLE) or _is_server_fault(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _is_server_fault(error: BaseException) -> bool:
    if isinstance(error, botocore.exceptions.ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return False
