"""Consumer lag as metrics, asked of Kafka at each scrape.

A consumer that is gone cannot say how far it is behind, which is when it matters: so nobody asks the consumers.
Metric and label names are those of kafka_exporter, which dashboards in the world are written for.
"""

from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_LABELS = ["consumergroup", "topic", "partition"]


class LagCollector(Collector):
    """Lag of every group that has committed.

    `new_client` makes a client. A failed scrape is followed by one with another client, since a client may have lost
    its brokers for good (flts.common.lostbrokers). `timeout_seconds`: longest wait for one answer of Kafka; a scrape
    needs three.
    """

    def __init__(self, new_client: Callable[[], AdminClient], timeout_seconds: float = 3.0) -> None:
        self._new_client = new_client
        self._client: AdminClient | None = None
        self._timeout = timeout_seconds

    def describe(self) -> Iterable[Metric]:
        """Nothing: else registering would ask Kafka, which need not be there yet."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask Kafka; raises KafkaException when it does not answer, so that the scrape fails and is seen."""
        self._client = client = self._client or self._new_client()
        try:
            committed = self._committed(client)
            places = {(place.topic, place.partition) for places in committed.values() for place in places}
            ends = self._ends(client, places)
        except KafkaException:
            self._client = None
            raise
        lag = GaugeMetricFamily("kafka_consumergroup_lag", "Messages that a group has not committed", labels=_LABELS)
        for group, places in committed.items():
            for place in places:
                end = ends[place.topic, place.partition]
                lag.add_metric([group, place.topic, str(place.partition)], max(0, end - place.offset))
        yield lag

    def _committed(self, client: AdminClient) -> dict[str, list[TopicPartition]]:
        groups = client.list_consumer_groups(request_timeout=self._timeout).result()
        committed = {}
        for group in sorted(listing.group_id for listing in groups.valid):
            # The client takes one group a call.
            request = [ConsumerGroupTopicPartitions(group)]
            answer = client.list_consumer_group_offsets(request, request_timeout=self._timeout)[group].result()
            committed[group] = [place for place in answer.topic_partitions if place.offset >= 0]
        return committed

    def _ends(self, client: AdminClient, partitions: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
        if not partitions:
            return {}
        latest = {TopicPartition(topic, partition): OffsetSpec.latest() for topic, partition in sorted(partitions)}
        answers = client.list_offsets(latest, request_timeout=self._timeout)
        return {(place.topic, place.partition): future.result().offset for place, future in answers.items()}
