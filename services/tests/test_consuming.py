"""The claim loop: commit after the effect, keep on a stop, retry, wait out outages, bury what is hopeless."""

import threading

import pytest
from prometheus_client import REGISTRY

from flts.common.consuming import ClaimLoop, Periodic, Refused
from flts.common.shutdown import StopRequested


class FakeMessage:
    def __init__(self, value: bytes):
        self._value = value

    def value(self):
        return self._value

    def error(self):
        return None


class FakeConsumer:
    """Gives its messages while not paused, and asks the loop to stop when all are done."""

    def __init__(self, values, stop):
        self._waiting = [FakeMessage(value) for value in values]
        self._stop = stop
        self.paused = False
        self.polls_while_paused = 0
        self.committed = []
        self.closed = False

    def poll(self, timeout):
        if self.paused:
            self.polls_while_paused += 1
            threading.Event().wait(0.01)
            return None
        if self._waiting:
            return self._waiting.pop(0)
        self._stop.set()
        return None

    def commit(self, message, asynchronous):
        assert asynchronous is False
        self.committed.append(message.value())

    def assignment(self):
        return ["partition"]

    def pause(self, partitions):
        self.paused = True

    def resume(self, partitions):
        self.paused = False

    def close(self):
        self.closed = True


def run(values, handler, publisher, stop, **options):
    consumer = FakeConsumer(values, stop)
    ClaimLoop(consumer, handler, publisher, "DLQ", stop, first_pause_seconds=0.01, **options).run()
    assert consumer.closed
    return consumer


def test_polls_on_while_the_handler_works_and_commits_after(publisher, stop):
    seen = []

    def handler(payload):
        threading.Event().wait(0.1)
        seen.append(payload)

    consumer = run([b"1", b"2"], handler, publisher, stop)
    assert seen == consumer.committed == [b"1", b"2"]
    assert consumer.polls_while_paused > 4


def test_a_stopped_claim_is_not_committed(publisher, stop):
    def handler(payload):
        stop.set()
        raise StopRequested

    assert run([b"1"], handler, publisher, stop).committed == []
    assert publisher.sent == []


def test_a_stop_between_retries_keeps_the_claim(publisher, stop):
    def handler(payload):
        stop.set()
        raise ValueError("again")

    assert run([b"1"], handler, publisher, stop).committed == []


def test_retries_then_dead_letter_then_commit(publisher, stop):
    calls = []
    before = REGISTRY.get_sample_value("dead_letters_total", {"topic": "DLQ"}) or 0

    def handler(payload):
        calls.append(payload)
        raise ValueError("always")

    consumer = run([b"bad"], handler, publisher, stop, max_retries=2)
    assert len(calls) == 3
    assert consumer.committed == [b"bad"]
    (letter,) = publisher.on("DLQ")
    assert REGISTRY.get_sample_value("dead_letters_total", {"topic": "DLQ"}) == before + 1
    assert (letter["error"], letter["payload"], letter["status"]) == ("always", "bad", "Failure")


def test_hopeless_messages_are_not_retried(publisher, stop):
    calls = []

    def handler(payload):
        calls.append(payload)
        raise Refused("not JSON")

    assert run([b"\xff"], handler, publisher, stop).committed == [b"\xff"]
    assert len(calls) == 1
    assert publisher.on("DLQ")[0]["payload"] == "\ufffd"


def test_outages_are_waited_out(publisher, stop):
    calls = []

    def handler(payload):
        calls.append(payload)
        if len(calls) < 5:
            raise RuntimeError("wrapped") from ConnectionRefusedError("store restarts")

    assert run([b"1"], handler, publisher, stop, max_retries=0).committed == [b"1"]
    assert publisher.sent == []


def test_without_a_dead_letter_there_is_no_commit(publisher, stop):
    def handler(payload):
        raise Refused("no")

    publisher.fail_on = "DLQ"
    consumer = FakeConsumer([b"1"], stop)
    with pytest.raises(ConnectionError):
        ClaimLoop(consumer, handler, publisher, "DLQ", stop).run()
    assert consumer.committed == []
    assert consumer.closed


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
    assert consumer.committed == [b"1", b"2"]
    assert len(tries) > 1
