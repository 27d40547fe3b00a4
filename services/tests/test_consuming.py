"""The claim loop: commit after the effect, keep on a stop, retry, wait out outages, bury what is hopeless."""

import base64
import hashlib
import threading

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from prometheus_client import REGISTRY

from flts.common.consuming import ClaimLoop, Periodic, Refused
from flts.common.health import Heartbeat
from flts.common.shutdown import StopRequested

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


# Promise: services-decoupled-claim-checks
def test_polls_on_while_the_handler_works_and_commits_after(publisher, stop):
    seen = []

    def handler(payload):
        threading.Event().wait(0.1)
        seen.append(payload)

    consumer = run([b"1", b"2"], handler, publisher, stop)
    assert seen == consumer.done == [b"1", b"2"]
    assert consumer.polls_while_paused > 4


def test_a_stopped_claim_is_not_committed(publisher, stop):
    def handler(payload):
        stop.set()
        raise StopRequested

    assert run([b"1"], handler, publisher, stop).done == []
    assert publisher.sent == []


def test_a_stop_between_retries_keeps_the_claim(publisher, stop):
    def handler(payload):
        stop.set()
        raise ValueError("again")

    assert run([b"1"], handler, publisher, stop).done == []


def test_retries_then_dead_letter_then_commit(publisher, stop):
    calls = []
    before = REGISTRY.get_sample_value("dead_letters_total", {"topic": "DLQ"}) or 0

    def handler(payload):
        calls.append(payload)
        raise ValueError("always")

    consumer = run([b"bad"], handler, publisher, stop, max_retries=2)
    assert len(calls) == 3
    assert consumer.done == [b"bad"]
    (letter,) = publisher.on("DLQ")
    assert REGISTRY.get_sample_value("dead_letters_total", {"topic": "DLQ"}) == before + 1
    assert (letter["error"], letter["payload"], letter["status"]) == ("always", "bad", "Failure")


def test_hopeless_messages_are_not_retried(publisher, stop):
    calls = []

    def handler(payload):
        calls.append(payload)
        raise Refused("not JSON")

    assert run([b"\xff"], handler, publisher, stop).done == [b"\xff"]
    assert len(calls) == 1
    assert publisher.on("DLQ")[0]["payload"] == "/w=="


def test_outages_are_waited_out(publisher, stop):
    calls = []

    def handler(payload):
        calls.append(payload)
        if len(calls) < 5:
            raise RuntimeError("wrapped") from ConnectionRefusedError("store restarts")

    assert run([b"1"], handler, publisher, stop, max_retries=0).done == [b"1"]
    assert publisher.sent == []


def test_periodic_work_is_done_before_the_first_message_and_never_beside_one(publisher, stop):
    done = []

    def handler(payload):
        done.append(payload)
        threading.Event().wait(0.05)
        done.append(payload)

    run([b"1", b"2"], handler, publisher, stop, periodic=Periodic(lambda: done.append("periodic"), 0.02))
    assert done[:3] == ["periodic", b"1", b"1"]
    assert done[3:6] == ["periodic", b"2", b"2"]


def test_periodic_work_that_fails_is_done_again_and_holds_no_message_up(publisher, stop):
    tries = []

    def fails():
        tries.append(1)
        raise ValueError("not now")

    consumer = run([b"1", b"2"], lambda payload: None, publisher, stop, periodic=Periodic(fails, 0.0))
    assert consumer.done == [b"1", b"2"]
    assert len(tries) > 1


class Killed(BaseException):
    """Ends the process where it is, as the kernel does for lack of memory."""


def refuse(payload):
    raise Refused("no")


@pytest.mark.parametrize(
    ("payload", "kept", "encoding"),
    [
        (b"\xff" * 400_000, base64.b64encode(b"\xff" * 12_288).decode(), "base64"),
        (b"\x00" * 900_000, "\x00" * 16_384, "utf-8"),
        ("ä".encode() * 20_000 + b"x", "ä" * 8_192, "utf-8"),
        (b"x" + "ä".encode() * 20_000, "x" + "ä" * 8_191, "utf-8"),
        (b"short", "short", "utf-8"),
        (b"", "", "utf-8"),
        (None, "", "utf-8"),
    ],
    ids=["no text", "control characters", "text", "text cut within a character", "short", "empty", "tombstone"],
)
def test_a_dead_letter_is_small_whatever_the_message_was_and_says_which_it_was(
    publisher, stop, payload, kept, encoding
):
    run([payload], refuse, publisher, stop)
    (letter,) = publisher.on("DLQ")
    whole = payload or b""
    assert (letter["payload"], letter["encoding"], letter["truncated"]) == (kept, encoding, len(whole) > 16_384)
    assert (letter["size"], letter["digest"]) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert (letter["topic"], letter["partition"], letter["offset"]) == (TOPIC, 0, 0)
    assert len(str(letter)) < 128 * 1024


def test_the_error_in_a_dead_letter_is_short_and_valid_text(publisher, stop):
    def handler(payload):
        raise Refused("\ud800" * 100_000)

    run([b"x"], handler, publisher, stop)
    assert publisher.on("DLQ")[0]["error"] == "?" * 4096 + "…"


@pytest.mark.parametrize(
    "problem",
    [ConnectionError("Kafka is gone"), KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)), ValueError()],
)
def test_a_dead_letter_that_cannot_be_written_is_counted_and_holds_no_message_up(publisher, stop, problem):
    def fails(topic, key, message):
        raise problem

    publisher.publish = fails
    before = REGISTRY.get_sample_value("dead_letters_lost_total", {"topic": "DLQ"}) or 0
    assert run([b"1", b"2"], refuse, publisher, stop).done == [b"1", b"2"]
    assert REGISTRY.get_sample_value("dead_letters_lost_total", {"topic": "DLQ"}) == before + 2


def test_a_message_that_kills_the_process_becomes_a_dead_letter_after_as_many_tries_as_one_that_fails(publisher):
    group = FakeGroup([b"kills", b"next"])
    calls = []

    def handler(payload):
        calls.append(payload)
        if payload == b"kills":
            raise Killed

    for _ in range(3):
        with pytest.raises(Killed):
            run(group, handler, publisher, threading.Event(), max_retries=2)
    assert publisher.sent == []
    assert run(group, handler, publisher, threading.Event(), max_retries=2).done == [b"kills", b"next"]
    assert calls == [b"kills"] * 3 + [b"next"]
    (letter,) = publisher.on("DLQ")
    assert letter["error"] == "the process ended 3 times over this message"


def test_failures_and_kills_count_together(publisher):
    group = FakeGroup([b"1"])
    ends = iter([ValueError("once"), Killed(), ValueError("again")])

    def handler(payload):
        raise next(ends)

    with pytest.raises(Killed):
        run(group, handler, publisher, threading.Event(), max_retries=2)
    assert run(group, handler, publisher, threading.Event(), max_retries=2).done == [b"1"]
    assert publisher.on("DLQ")[0]["error"] == "again"


def test_stops_and_outages_do_not_count_as_tries(publisher):
    group = FakeGroup([b"1"])
    for _ in range(5):
        stop = threading.Event()

        def handler(payload, stop=stop):
            stop.set()
            raise StopRequested

        assert run(group, handler, publisher, stop, max_retries=0).done == []
    for _ in range(5):
        stop = threading.Event()

        def unavailable(payload, stop=stop):
            stop.set()
            raise ConnectionRefusedError

        assert run(group, unavailable, publisher, stop, max_retries=0).done == []
    assert run(group, lambda payload: None, publisher, threading.Event(), max_retries=0).done == [b"1"]
    assert publisher.sent == []


def test_a_count_is_of_the_message_that_was_tried_and_not_of_the_next(publisher):
    group = FakeGroup([b"1", b"2"])

    def kills_at(which):
        def handler(payload):
            if payload == which:
                raise Killed

        return handler

    for which in (b"1", b"2"):
        with pytest.raises(Killed):
            run(group, kills_at(which), publisher, threading.Event(), max_retries=1)
    assert run(group, lambda payload: None, publisher, threading.Event(), max_retries=1).done == [b"1", b"2"]
    assert publisher.sent == []


@pytest.mark.parametrize("metadata", ["", "attempts=", "attempts=-1", "attempts=99999999999", "attempts=²", "other"])
def test_metadata_that_is_not_a_count_counts_as_none(publisher, stop, metadata):
    group = FakeGroup([b"1"])
    group.metadata = metadata
    assert run(group, lambda payload: None, publisher, stop, max_retries=0).done == [b"1"]
    assert publisher.sent == []


def test_brokers_that_keep_no_count_do_not_keep_the_work_from_being_done(publisher, stop, monkeypatch):
    def unavailable(*arguments, **options):
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    consumer = FakeConsumer([b"1"], stop)
    consumer.committed = unavailable
    done = []
    ClaimLoop(consumer, done.append, publisher, "DLQ", stop).run()
    assert done == [b"1"]


def test_the_offset_of_a_partition_that_another_member_has_is_left_alone(publisher, stop):
    group = FakeGroup([b"1"])
    consumer = FakeConsumer(group, stop)
    consumer.assignment = list
    notes = []
    commit = consumer.commit
    consumer.commit = lambda offsets, asynchronous: (notes.append(offsets[0].metadata), commit(offsets, asynchronous))
    ClaimLoop(consumer, lambda payload: None, publisher, "DLQ", stop).run()
    assert notes == [None]


def test_work_that_takes_longer_than_its_deadline_loses_the_heartbeat_and_counts_as_a_try(publisher, stop):
    group = FakeGroup([b"hangs"])
    heartbeat = Heartbeat(limit_seconds=0.2)
    alive = []

    def handler(payload):
        threading.Event().wait(0.1)
        alive.append(heartbeat.alive())
        threading.Event().wait(0.9)
        alive.append(heartbeat.alive())
        # As the kubelet asks, since nothing answers for the process.
        stop.set()
        raise StopRequested

    assert run(group, handler, publisher, stop, heartbeat=heartbeat, deadline_seconds=0.3, max_retries=0).done == []
    assert alive == [True, False]
    run(group, handler, publisher, threading.Event(), max_retries=0)
    assert publisher.on("DLQ")[0]["error"] == "the process ended 1 times over this message"
