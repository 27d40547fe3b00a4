"""A consumer and its group without brokers: what the tests of the claim loop share."""

import threading

from confluent_kafka import TopicPartition

from flts.common.consuming import ClaimLoop

TOPIC = "claims"


class FakeMessage:
    def __init__(self, value: bytes | None, offset: int):
        self._value = value
        self._offset = offset

    def topic(self):
        return TOPIC

    def partition(self):
        return 0

    def offset(self):
        return self._offset

    def value(self):
        return self._value

    def error(self):
        return None


class FakeGroup:
    """A topic of one partition with what a group committed for it: what is left when a consumer dies."""

    def __init__(self, values):
        self.values = list(values)
        self.offset = 0
        self.metadata = ""

    @property
    def done(self):
        return self.values[: self.offset]


class FakeConsumer:
    """Gives the group's messages while not paused, and asks the loop to stop when all are done."""

    def __init__(self, group, stop):
        self.group = group if isinstance(group, FakeGroup) else FakeGroup(group)
        self._next = self.group.offset
        self._stop = stop
        self.paused = False
        self.polls_while_paused = 0
        self.closed = False

    def poll(self, timeout):
        if self.paused:
            self.polls_while_paused += 1
            threading.Event().wait(0.01)
            return None
        if self._next < len(self.group.values):
            self._next += 1
            return FakeMessage(self.group.values[self._next - 1], self._next - 1)
        self._stop.set()
        return None

    def commit(self, offsets, asynchronous):
        assert asynchronous is False
        (where,) = offsets
        assert (where.topic, where.partition) == (TOPIC, 0)
        self.group.offset, self.group.metadata = where.offset, where.metadata or ""

    def committed(self, partitions, timeout):
        (where,) = partitions
        assert (where.topic, where.partition) == (TOPIC, 0)
        return [TopicPartition(TOPIC, 0, self.group.offset, self.group.metadata)]

    @property
    def done(self):
        return self.group.done

    def assignment(self):
        return [TopicPartition(TOPIC, 0)]

    def pause(self, partitions):
        self.paused = True

    def resume(self, partitions):
        self.paused = False

    def close(self):
        self.closed = True


def run(group, handler, publisher, stop, **options):
    consumer = FakeConsumer(group, stop)
    ClaimLoop(consumer, handler, publisher, "DLQ", stop, first_pause_seconds=0.01, **options).run()
    assert consumer.closed
    return consumer
