"""Lag is what was written less what was committed, for every group, whether it has members or not."""

from concurrent.futures import Future
from typing import Any, cast

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry, generate_latest

from flts.lag.collector import LagCollector


class _Answer:
    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


def _done(result: object) -> "Future[Any]":
    future: Future[Any] = Future()
    future.set_result(result)
    return future


class _Admin:
    """Kafka's answers to the three questions."""

    def __init__(self, committed: dict[str, dict[tuple[str, int], int]], ends: dict[tuple[str, int], int]) -> None:
        self._committed = committed
        self._ends = ends

    def list_consumer_groups(self, **_: float) -> "Future[Any]":
        return _done(_Answer(valid=[_Answer(group_id=group) for group in self._committed], errors=[]))

    def list_consumer_group_offsets(
        self, request: list[ConsumerGroupTopicPartitions], **_: float
    ) -> dict[str, "Future[Any]"]:
        (asked,) = request
        places = [TopicPartition(topic, number, at) for (topic, number), at in self._committed[asked.group_id].items()]
        return {asked.group_id: _done(_Answer(topic_partitions=places))}

    def list_offsets(self, asked: dict[TopicPartition, object], **_: float) -> dict[TopicPartition, "Future[Any]"]:
        return {place: _done(_Answer(offset=self._ends[place.topic, place.partition])) for place in asked}


class _Silent:
    """A client that gets no answer."""

    def list_consumer_groups(self, **_: float) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
        return future


def _registry(*clients: object) -> CollectorRegistry:
    """A registry whose collector gets these clients, one after the other."""
    registry = CollectorRegistry(auto_describe=False)
    rest = iter(clients)
    registry.register(LagCollector(lambda: cast(AdminClient, next(rest))))
    return registry


def _metrics(admin: object) -> str:
    return generate_latest(_registry(admin)).decode()


def test_reports_the_lag_of_each_group_and_partition() -> None:
    committed = {"train-gru": {("training-data", 0): 3, ("training-data", 1): 5}, "eval-promoter": {("runs", 0): 7}}
    text = _metrics(_Admin(committed, {("training-data", 0): 10, ("training-data", 1): 5, ("runs", 0): 8}))
    assert 'kafka_consumergroup_lag{consumergroup="train-gru",partition="0",topic="training-data"} 7.0' in text
    assert 'kafka_consumergroup_lag{consumergroup="train-gru",partition="1",topic="training-data"} 0.0' in text
    assert 'kafka_consumergroup_lag{consumergroup="eval-promoter",partition="0",topic="runs"} 1.0' in text


def test_leaves_out_what_was_never_committed() -> None:
    text = _metrics(_Admin({"new": {("training-data", 0): -1001}, "idle": {}}, {}))
    assert "consumergroup=" not in text


def test_fails_when_kafka_does_not_answer_and_asks_with_another_client_at_the_next_scrape() -> None:
    committed = {"train-gru": {("training-data", 0): 3}}
    answering = _Admin(committed, {("training-data", 0): 10})
    registry = _registry(_Silent(), answering)
    with pytest.raises(KafkaException):
        generate_latest(registry)
    for _ in range(2):
        assert "} 7.0" in generate_latest(registry).decode()
