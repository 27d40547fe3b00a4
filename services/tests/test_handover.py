"""A partition moves between claims: what is done is committed, and its next owner begins what is not."""

import threading

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from consumers import TOPIC, FakeConsumer, FakeMessage

from flts.common.consuming import ClaimLoop, Refused


class MovingConsumer(FakeConsumer):
    """Says to the loop, in a poll while it works, that its partition goes to another member."""

    loop = None
    asked = True

    def poll(self, timeout):
        if self.paused and self.loop is not None:
            loop, self.loop = self.loop, None
            (loop.release if self.asked else loop.lose)(self, [TopicPartition(TOPIC, 0)])
            self.moved_at = self.group.offset
            self._stop.set()
        return super().poll(timeout)


def run_while_moving(handler, publisher, stop, asked=True, **options):
    consumer = MovingConsumer([b"1", b"2"], stop)
    consumer.asked = asked
    loop = ClaimLoop(consumer, handler, publisher, "DLQ", stop, first_pause_seconds=0.01, **options)
    consumer.loop = loop
    loop.run()
    return consumer


# Promise: adding-trainer-moves-work
def test_a_partition_is_handed_over_when_its_claim_is_done_and_committed(publisher, stop):
    ended = []

    def handler(payload):
        threading.Event().wait(0.2)
        ended.append(payload)

    consumer = run_while_moving(handler, publisher, stop)
    assert ended == [b"1"]
    assert consumer.moved_at == consumer.group.offset == 1


class RefusingConsumer(MovingConsumer):
    """Refuses the offset after the first message once, as brokers do in the middle of a rebalance."""

    refused = 0

    def commit(self, offsets, asynchronous):
        if not self.refused and offsets[0].offset == 1:
            self.refused += 1
            raise KafkaException(KafkaError(KafkaError.REBALANCE_IN_PROGRESS))
        super().commit(offsets, asynchronous)


def test_a_commit_that_a_rebalance_refuses_is_made_again(publisher, stop):
    consumer = RefusingConsumer([b"1"], stop)
    ClaimLoop(consumer, lambda payload: None, publisher, "DLQ", stop).run()
    assert (consumer.refused, consumer.group.offset) == (1, 1)


def test_a_commit_that_a_rebalance_refused_is_made_before_the_partition_is_handed_over(publisher, stop):
    consumer = RefusingConsumer([b"1"], stop)
    loop = ClaimLoop(consumer, lambda payload: None, publisher, "DLQ", stop)
    loop._done.commit(FakeMessage(b"1", 0))
    assert (consumer.refused, consumer.group.offset) == (1, 0)
    loop.release(consumer, [TopicPartition(TOPIC, 0)])
    assert consumer.group.offset == 1


def test_a_commit_that_was_refused_is_given_up_with_a_partition_that_was_lost(publisher, stop):
    consumer = RefusingConsumer([b"1"], stop)
    loop = ClaimLoop(consumer, lambda payload: None, publisher, "DLQ", stop)
    loop._done.commit(FakeMessage(b"1", 0))
    loop.lose(consumer, [TopicPartition(TOPIC, 0)])
    loop._done.commit()
    assert consumer.group.offset == 0


def test_a_claim_that_fails_while_its_partition_moves_is_its_next_owners(publisher, stop):
    for error in (RuntimeError("broken"), Refused("hopeless")):
        stop.clear()

        def handler(payload, error=error):
            threading.Event().wait(0.1)
            raise error

        consumer = run_while_moving(handler, publisher, stop, max_retries=0)
        assert consumer.group.offset == 0
        assert publisher.sent == []


def test_a_partition_that_was_lost_is_not_committed_by_who_had_it(publisher, stop):
    consumer = run_while_moving(lambda _: threading.Event().wait(0.1), publisher, stop, asked=False)
    assert consumer.group.offset == 0
