"""Sends messages and knows that they arrived: a claim that was not acknowledged is an error, never a log line."""

from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from flts.common.kafka import KafkaSettings, client_settings
from flts.common.lostbrokers import brokers_answer
from flts.common.messages import Message

_DELIVERY_SECONDS = 60.0


class Publisher(Protocol):
    """Something that can send a message and wait until it is safe."""

    def publish(self, topic: str, key: str | None, message: Message) -> None:
        """Send and wait for the brokers' acknowledgement; raises where there is none.

        `key`: messages of one key arrive in order; an empty one counts as none.
        """


class KafkaPublisher:
    """Publisher over Kafka; every message is acknowledged by all in-sync replicas, without duplicates on retry."""

    def __init__(self, kafka: KafkaSettings, client_id: str) -> None:
        self._settings = {
            **client_settings(kafka, client_id),
            "acks": "all",
            "enable.idempotence": True,
            "delivery.timeout.ms": int(_DELIVERY_SECONDS * 1000),
        }
        self._producer = Producer(self._settings)

    def publish(self, topic: str, key: str | None, message: Message) -> None:
        """See Publisher.publish."""
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: KafkaMessage) -> None:
            if error is not None:
                failures.append(error)

        self._producer.produce(
            topic, key=key.encode() if key else None, value=message.to_bytes(), on_delivery=delivered
        )
        left = self._producer.flush(_DELIVERY_SECONDS + 5)
        # It may never send again, because of librdkafka's idempotence or for want of brokers (flts.common.lostbrokers).
        if left or (failures and (failures[0].fatal() or failures[0].code() == KafkaError._MSG_TIMED_OUT)):
            self._producer = Producer(self._settings)
        if left:
            raise TimeoutError(f"Kafka did not acknowledge a message on {topic} in {_DELIVERY_SECONDS:.0f} s")
        if failures:
            raise KafkaException(failures[0])

    def answers(self, seconds: float) -> bool:
        """Whether a broker answers within so many seconds."""
        return brokers_answer(self._producer, seconds)
