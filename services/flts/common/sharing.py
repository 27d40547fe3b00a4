"""Work that the members of a consumer group share, of which each piece takes long."""

from confluent_kafka import Consumer

from flts.common.consuming import ClaimLoop, group_consumer
from flts.common.kafka import KafkaSettings

_MARGIN_SECONDS = 600.0
# What librdkafka admits as the longest time between two polls.
_LONGEST_SECONDS = 86_400.0


class Sharing:
    """A consumer that hands partitions over between claims, never in the middle of one.

    With cooperative rebalances a new member waits only for the partition that is being processed; the other members
    continue meanwhile. A member that hands a partition over polls again when the claim is done: the time between two
    polls may be as long as a claim may take.
    """

    def __init__(self, kafka: KafkaSettings, group: str, topic: str, deadline_seconds: float) -> None:
        self._loop: ClaimLoop | None = None
        self.consumer: Consumer = group_consumer(
            kafka,
            group,
            topic,
            {
                "partition.assignment.strategy": "cooperative-sticky",
                "max.poll.interval.ms": int(min(deadline_seconds + _MARGIN_SECONDS, _LONGEST_SECONDS) * 1000),
            },
            on_revoke=lambda *taken: self._loop and self._loop.release(*taken),
            on_lost=lambda *taken: self._loop and self._loop.lose(*taken),
        )

    def run(self, loop: ClaimLoop) -> None:
        """Run a loop over the consumer until a stop is requested."""
        self._loop = loop
        loop.run()
