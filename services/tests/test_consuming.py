"""The claim loop: commit after the effect, keep on a stop, retry, wait out outages, bury what is hopeless."""

import base64
import hashlib
import threading

import pytest
from confluent_kafka import KafkaError, KafkaException
from consumers import TOPIC, run
from prometheus_client import REGISTRY

from flts.common.consuming import Periodic, Refused
from flts.common.shutdown import StopRequested


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
