"""Notices a consumer that never reaches its brokers again.

A broker that has just started answers for a moment with its topics and no broker. librdkafka 2.10 and later then
forgets the brokers that it knew. It may keep no connection and open none (confluentinc/librdkafka#5301): the group
continues without this member, and nothing is logged. Only a new client helps.
"""

import time
from collections.abc import Callable
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from flts.common.kafka import KafkaSettings, client_settings

# Longer than a rebalance takes; a member that is idle because others have all partitions is asked as often.
_PATIENCE_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


class BrokersLost(RuntimeError):
    """This consumer reaches no broker, while a new client does."""


class MetadataClient(Protocol):
    """The part of a confluent_kafka client that asks the brokers what there is."""

    def list_topics(self, *, timeout: float) -> object:
        """Ask; raises KafkaException without an answer in time."""


class WatchedConsumer(MetadataClient, Protocol):
    """A consumer that is a member of a group."""

    def assignment(self) -> list:
        """Partitions that belong to this consumer now."""


class BrokerWatch:
    """Asks, now and then, whether a consumer without partitions still reaches its brokers.

    `new_client` makes another client of the same brokers. Where neither gets an answer, the brokers are unavailable,
    and waiting is right.
    """

    def __init__(
        self,
        consumer: WatchedConsumer,
        new_client: Callable[[], MetadataClient],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._consumer = consumer
        self._new_client = new_client
        self._patience = patience_seconds
        self._well = time.monotonic()

    def check(self) -> None:
        """Raise BrokersLost where only a new client gets an answer.

        Takes 15 seconds at most, and none for a consumer with partitions.
        """
        consumer = self._consumer
        if consumer.assignment():
            self._well = time.monotonic()
        if time.monotonic() - self._well < self._patience:
            return
        # Once more after the new client: the brokers may have come back in between.
        if not brokers_answer(consumer) and brokers_answer(self._new_client()) and not brokers_answer(consumer):
            raise BrokersLost("this consumer reaches no broker any more, while a new client does")
        self._well = time.monotonic()


def broker_watch(kafka: KafkaSettings, consumer: WatchedConsumer) -> BrokerWatch:
    """A watch over a consumer of these brokers."""
    return BrokerWatch(consumer, lambda: AdminClient(client_settings(kafka, "broker-watch")))


def brokers_answer(client: MetadataClient, seconds: float = _ANSWER_SECONDS) -> bool:
    """Whether a broker answers a client within so many seconds."""
    try:
        client.list_topics(timeout=seconds)
    except KafkaException:
        return False
    return True
