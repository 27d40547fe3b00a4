"""Attempts at a claim are counted in the group, whatever ends the process."""

import threading

import pytest
from confluent_kafka import KafkaError, KafkaException
from consumers import FakeConsumer, FakeGroup, run

from flts.common.consuming import ClaimLoop
from flts.common.health import Heartbeat
from flts.common.shutdown import StopRequested


class Killed(BaseException):
    """Ends the process where it is, as the kernel does for lack of memory."""


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
