"""What the claim loop needs of Kafka's client, so that tests can stand in for it."""

from typing import Protocol

from confluent_kafka import Message as KafkaMessage
from confluent_kafka import TopicPartition


class MessageConsumer(Protocol):
    """The part of confluent_kafka.Consumer that the loop uses."""

    def poll(self, timeout: float) -> KafkaMessage | None:
        """Next message or event."""

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> object:
        """Commit offsets with their metadata."""

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        """What the group committed for the partitions."""

    def assignment(self) -> list:
        """Partitions that belong to this consumer now."""

    def pause(self, partitions: list) -> None:
        """Fetch nothing from the partitions."""

    def resume(self, partitions: list) -> None:
        """Fetch from the partitions again."""

    def close(self) -> None:
        """Leave the group."""
