"""Remembers in the consumer group itself how often a message was tried, so that the count survives the process."""

from typing import Protocol

import structlog
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

_PREFIX = "attempts="
_ANSWER_SECONDS = 10.0


class OffsetStore(Protocol):
    """The part of confluent_kafka.Consumer that keeps offsets."""

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> object:
        """Commit offsets with their metadata."""

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        """What the group committed for the partitions."""

    def assignment(self) -> list[TopicPartition]:
        """Partitions that belong to this consumer now."""


class AttemptMemory:
    """Attempts at the current message, as metadata of the group's offset of its partition.

    The offset committed is the message's own, so that it is delivered again as without the metadata. Where the brokers
    do not answer, the count of this process continues alone.
    """

    def __init__(self, offsets: OffsetStore) -> None:
        self._offsets = offsets
        self._logger = structlog.get_logger()

    def made(self, message: KafkaMessage) -> int:
        """Attempts that were begun and neither failed with an exception nor ended with a result."""
        where = TopicPartition(message.topic(), message.partition())
        try:
            (known,) = self._offsets.committed([where], timeout=_ANSWER_SECONDS)
        except KafkaException as error:
            self._logger.warning("attempts_unknown", error=str(error))
            return 0
        text = known.metadata or ""
        if known.error is not None or known.offset != message.offset() or not text.startswith(_PREFIX):
            return 0
        number = text.removeprefix(_PREFIX)
        return int(number) if number.isdecimal() and len(number) < 10 else 0

    def note(self, message: KafkaMessage, number: int) -> None:
        """Remember that so many attempts were begun."""
        own = {(partition.topic, partition.partition) for partition in self._offsets.assignment()}
        if (message.topic(), message.partition()) not in own:
            # A rebalance gave the partition to another member: its offset is that member's to commit.
            return
        try:
            where = TopicPartition(message.topic(), message.partition(), message.offset(), f"{_PREFIX}{number}")
            self._offsets.commit(offsets=[where], asynchronous=False)
        except KafkaException as error:
            self._logger.warning("attempts_not_recorded", error=str(error))
