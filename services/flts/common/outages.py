"""Distinguishes an unavailable server from a fault of our own: a service waits for the first and reports the second."""

import botocore.exceptions
import urllib3.exceptions
from confluent_kafka import KafkaError, KafkaException

_UNREACHABLE = (
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.IncompleteReadError,
    urllib3.exceptions.HTTPError,
    ConnectionError,
    TimeoutError,
)

# Of Kafka's refusals those that are about the message: it would be refused again.
_OUR_MESSAGE = {
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_RECORD,
    KafkaError._INVALID_ARG,
}


def is_outage(error: BaseException) -> bool:
    """Whether the error, or one that led to it, means that a server did not answer or was not able to."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _UNREACHABLE) or _is_server_fault(seen) or _is_brokers(seen) or _is_login(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _is_brokers(error: BaseException) -> bool:
    if not isinstance(error, KafkaException):
        return False
    reason = error.args[0] if error.args else None
    return not isinstance(reason, KafkaError) or reason.code() not in _OUR_MESSAGE


def _is_login(error: BaseException) -> bool:
    """Whether MLflow did not take the password, as while one is renewed: the claim is not at fault."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status == 401 or getattr(error, "error_code", None) == "UNAUTHENTICATED"


def _is_server_fault(error: BaseException) -> bool:
    if isinstance(error, botocore.exceptions.ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return False
