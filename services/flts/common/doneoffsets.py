"""Where a consumer group continues after what is done, until the brokers have it."""

import structlog
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from flts.common.attempts import OffsetStore


class DoneOffsets:
    """Offsets after done messages, one a partition.

    A commit that the brokers refuse, as they do in the middle of a rebalance, is made again: else the next owner of the
    partition would do the message once more.
    """

    def __init__(self, offsets: OffsetStore) -> None:
        self._offsets = offsets
        self._owed: dict[tuple[str, int], TopicPartition] = {}
        self._logger = structlog.get_logger()

    def forget(self, *partitions: tuple[str, int]) -> None:
        """Leave partitions out: another member has them, or a later offset of theirs was committed."""
        for place in partitions:
            self._owed.pop(place, None)

    def commit(self, message: KafkaMessage | None = None) -> None:
        """Commit that a message is done, and what is owed for partitions that are still this consumer's."""
        if self._owed:
            own = {(partition.topic, partition.partition) for partition in self._offsets.assignment()}
            self.forget(*(self._owed.keys() - own))
        if message is not None:
            after = TopicPartition(message.topic(), message.partition(), message.offset() + 1)
            self._owed[message.topic(), message.partition()] = after
        if not self._owed:
            return
        try:
            self._offsets.commit(offsets=list(self._owed.values()), asynchronous=False)
            self._owed.clear()
        except KafkaException as error:
            # The effect is idempotent and safe; at worst the message is delivered once more.
            self._logger.warning("commit_failed", error=str(error))
