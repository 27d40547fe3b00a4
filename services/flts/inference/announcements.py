"""Hears of promotions on Kafka.

Every replica reads all partitions itself, outside any consumer group: a group would hand each promotion to one replica
only (upstream's fault 38). The message only wakes the reader of the pointer, so a lost or repeated one does no harm.
"""

import threading
from collections.abc import Callable

import structlog
from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from flts.common.kafka import KafkaSettings, client_settings

_POLL_SECONDS = 1.0
_RETRY_SECONDS = 5.0


class Announcements:
    """Calls `on_promotion` for every message on the topic, from a thread of its own."""

    def __init__(
        self, kafka: KafkaSettings, client_id: str, group: str, topic: str, on_promotion: Callable[[], None]
    ) -> None:
        self._settings = {
            **client_settings(kafka, client_id),
            # librdkafka demands one, and asks who coordinates it, so the user must be admitted to it; nothing joins or
            # commits.
            "group.id": group,
            "enable.auto.commit": False,
        }
        self._topic = topic
        self._on_promotion = on_promotion
        self._stop = threading.Event()
        self._logger = structlog.get_logger()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="announcements", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def _listen(self) -> None:
        while not self._stop.is_set():
            consumer = Consumer(self._settings)
            try:
                self._follow(consumer)
            except KafkaException as error:
                self._logger.warning("announcements_interrupted", error=str(error), next_try_seconds=_RETRY_SECONDS)
                self._stop.wait(_RETRY_SECONDS)
            finally:
                consumer.close()

    def _follow(self, consumer: Consumer) -> None:
        topic = consumer.list_topics(self._topic, timeout=_RETRY_SECONDS).topics[self._topic]
        if topic.error is not None:
            raise KafkaException(topic.error)
        consumer.assign([TopicPartition(self._topic, number, OFFSET_END) for number in topic.partitions])
        # What was said before this moment is in the pointer.
        self._on_promotion()
        while not self._stop.is_set():
            message = consumer.poll(_POLL_SECONDS)
            if message is None:
                continue
            if message.error() is not None:
                raise KafkaException(message.error())
            self._on_promotion()
