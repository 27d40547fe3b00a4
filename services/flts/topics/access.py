"""Separates brokers that refuse this client from brokers that are not there yet: waiting helps only with the second."""

import time

from confluent_kafka import KafkaError, KafkaException

from flts.common.kafka import KafkaSettings

# Brokers that are being restarted with another password refuse it for some seconds.
_PATIENCE_SECONDS = 20.0

_REMEDIES = {
    KafkaError._AUTHENTICATION: (
        "they refuse the credentials: compare the Secret kafka-admin with what the brokers were started with "
        "(kubectl rollout restart statefulset/kafka), or flts:kafka.external.existingSecret with the user there"
    ),
    KafkaError._SSL: (
        "the TLS handshake fails: the port must be one of a listener with TLS (flts:kafka.external.protocol), and its "
        "certificate must name the host and be signed by an authority of flts:kafka.external.caSecret, or without one "
        "by an authority that this image trusts"
    ),
}

# librdkafka takes a handshake that the broker cuts off for a lost connection, and its text alone says why.
_CUT_OFF = "connecting to a PLAINTEXT broker listener"


class AccessRefused(Exception):
    """The brokers answer and admit nobody with these settings; the text names brokers, reason and fix."""


class AccessWatch:
    """What the client reports of its connections, as its `error_cb`."""

    def __init__(self, kafka: KafkaSettings, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._kafka = kafka
        self._patience = patience_seconds
        self._first: float | None = None
        self._refusal: KafkaError | None = None
        self._remedy = ""

    def note(self, error: KafkaError) -> None:
        """Remember a refusal; what else goes wrong with a connection is waited out."""
        code = KafkaError._SSL if _CUT_OFF in error.str() else error.code()
        if code in _REMEDIES:
            self._refusal, self._remedy = error, _REMEDIES[code]
            self._first = time.monotonic() if self._first is None else self._first

    def refuse(self, cause: KafkaException) -> None:
        """Raise AccessRefused where the brokers have refused for a while."""
        if self._refusal is None or self._first is None or time.monotonic() - self._first < self._patience:
            return
        kafka = self._kafka
        raise AccessRefused(
            f"Kafka at {kafka.kafka_bootstrap_servers} ({kafka.kafka_security_protocol}): "
            f"{self._remedy}. The client says: {self._refusal.str()}"
        ) from cause
