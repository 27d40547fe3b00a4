"""Sends messages and knows that they arrived: a claim that was not acknowledged is an error, never a log line."""

from typing import Protocol

import structlog
from confluent_kafka import KafkaException, Producer
from confluent_kafka import Message as KafkaMessage
from prometheus_client import Counter

from flts.common.kafka import client_settings
from flts.common.messages import DeadLetter, Message

_DELIVERY_SECONDS = 60.0

DEAD_LETTERS = Counter("dead_letters_total", "Messages given up by this process, by dead letter topic", ["topic"])


class Publisher(Protocol):
    """Something that can send a message and wait until it is safe."""

    def publish(self, topic: str, key: str | None, message: Message) -> None:
        """Send and wait for the brokers' acknowledgement; raises where there is none.

        `key`: messages of one key arrive in order; an empty one counts as none.
        """


class KafkaPublisher:
    """Publisher over Kafka; every message is acknowledged by all in-sync replicas, without duplicates on retry."""

    def __init__(self, bootstrap_servers: str, client_id: str) -> None:
        self._producer = Producer(
            {
                **client_settings(bootstrap_servers, client_id),
                "acks": "all",
                "enable.idempotence": True,
                "delivery.timeout.ms": int(_DELIVERY_SECONDS * 1000),
            }
        )

    def publish(self, topic: str, key: str | None, message: Message) -> None:
        """See Publisher.publish."""
        failures: list[object] = []

        def delivered(error: object, _: KafkaMessage) -> None:
            if error is not None:
                failures.append(error)

        self._producer.produce(
            topic, key=key.encode() if key else None, value=message.to_bytes(), on_delivery=delivered
        )
        left = self._producer.flush(_DELIVERY_SECONDS + 5)
        if left:
            raise TimeoutError(f"Kafka did not acknowledge a message on {topic} in {_DELIVERY_SECONDS:.0f} s")
        if failures:
            raise KafkaException(failures[0])

    def answers(self, seconds: float) -> bool:
        """Whether a broker answers within so many seconds."""
        try:
            self._producer.list_topics(timeout=seconds)
        except KafkaException:
            return False
        return True


def publish_dead_letter(publisher: Publisher, topic: str, letter: DeadLetter) -> None:
    """Publish a dead letter and log that it happened."""
    publisher.publish(topic, None, letter)
    DEAD_LETTERS.labels(topic).inc()
    structlog.get_logger().error("dead_letter", topic=topic, operation=letter.operation, error=letter.error)
