"""A consumer that has lost its brokers for good ends; one that waits for a reason continues."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from flts.common.lostbrokers import BrokersLost, BrokerWatch


class Client:
    """Gives the answers of a list, and from then on the last one."""

    def __init__(self, *answers, partitions=()):
        self.answers = list(answers)
        self.partitions = list(partitions)
        self.asked = 0

    def assignment(self):
        return self.partitions

    def list_topics(self, *, timeout):
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def check(consumer, other, patience=0.0):
    BrokerWatch(consumer, lambda: other, patience).check()


def test_a_consumer_that_alone_gets_no_answer_is_lost():
    with pytest.raises(BrokersLost):
        check(Client(False), Client(True))


@pytest.mark.parametrize(
    ("consumer", "other"),
    [
        pytest.param(Client(True), Client(True), id="idle beside members that have all partitions"),
        pytest.param(Client(False), Client(False), id="the brokers are unavailable"),
        pytest.param(Client(False, True), Client(True), id="the brokers came back meanwhile"),
    ],
)
def test_a_consumer_that_waits_with_reason_goes_on(consumer, other):
    check(consumer, other)


def test_a_consumer_with_partitions_or_within_its_patience_is_not_asked():
    for consumer, patience in ((Client(False, partitions=[0]), 0.001), (Client(False), 60.0)):
        check(consumer, Client(True), patience)
        assert consumer.asked == 0
