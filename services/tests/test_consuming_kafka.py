"""The claim loop with the real client against librdkafka's own mock brokers: long work and rebalances."""

import threading
import time
from collections import Counter
from functools import partial

import pytest
from confluent_kafka import KafkaException, Producer

from flts.common import attempts as attempt_memory
from flts.common import consuming
from flts.common.attempts import AttemptMemory
from flts.common.consuming import ClaimLoop, group_consumer
from flts.common.deadletters import DeadLetter
from flts.common.kafka import KafkaSettings
from flts.common.outages import is_outage
from flts.common.publisher import KafkaPublisher
from flts.common.sharing import Sharing

TOPIC = "claims"
WAIT_SECONDS = 60
# The least that brokers admit: a rebalance takes as long.
SESSION_SECONDS = 6


@pytest.fixture(scope="module")
def brokers():
    """How to reach a broker that lives inside a client."""
    host = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    broker = next(iter(host.list_topics(timeout=10).brokers.values()))
    yield KafkaSettings(kafka_bootstrap_servers=f"{broker.host}:{broker.port}")
    del host


@pytest.fixture(autouse=True)
def _quick_sessions(monkeypatch):
    monkeypatch.setattr(consuming, "_SESSION_SECONDS", SESSION_SECONDS)


@pytest.fixture
def topic(request):
    """A topic of the test's own."""
    return f"{TOPIC}-{request.node.name}"


@pytest.fixture
def publisher(brokers):
    return KafkaPublisher(brokers, "test")


def send(publisher, topic, *names):
    for name in names:
        publisher.publish(topic, None, DeadLetter(operation=name, error=""))


def name_in(payload):
    return DeadLetter.model_validate_json(payload).operation


class Recording:
    """A consumer that remembers the partitions of which the brokers refused an offset."""

    def __init__(self, consumer):
        self._consumer = consumer
        self.refused = set()

    def __getattr__(self, name):
        return getattr(self._consumer, name)

    def commit(self, offsets, asynchronous):
        try:
            return self._consumer.commit(offsets=offsets, asynchronous=asynchronous)
        except KafkaException:
            self.refused |= {offset.partition for offset in offsets}
            raise


def partitions_of(brokers, topic, count):
    """Partition of each message, by name."""
    consumer = group_consumer(brokers, f"reader-of-{topic}", topic)
    found = {}
    while len(found) < count:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            found[name_in(message.value())] = message.partition()
    consumer.close()
    return found


class Service:
    """A claim loop in a thread, as a pod runs it."""

    def __init__(self, brokers, topic, publisher, handler, *, shares=False):
        self.stop = threading.Event()
        group = f"group-{topic}"
        sharing = Sharing(brokers, group, topic, deadline_seconds=60) if shares else None
        consumer = sharing.consumer if sharing else group_consumer(brokers, group, topic)
        self.consumer = Recording(consumer)
        loop = ClaimLoop(self.consumer, handler, publisher, "DLQ", self.stop, max_retries=0)
        run = partial(sharing.run, loop) if sharing else loop.run
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def end(self):
        self.stop.set()
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()


def wait_until(condition):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def test_work_longer_than_the_limit_between_polls_keeps_its_claim(brokers, topic, publisher, monkeypatch):
    # Kafka's default is five minutes; training may take longer, and the test may not.
    limits = {"max.poll.interval.ms": SESSION_SECONDS * 1000}
    shared = consuming.client_settings
    monkeypatch.setattr(consuming, "client_settings", lambda *names: shared(*names) | limits)
    send(publisher, topic, "long", "next")
    seen = []

    def handler(payload):
        seen.append(name_in(payload))
        if name_in(payload) == "long":
            time.sleep(8)

    service = Service(brokers, topic, publisher, handler)
    wait_until(lambda: len(seen) == 2)
    service.end()
    # Once each: a member that is thought dead gets its claim again.
    assert sorted(seen) == ["long", "next"]


def test_nothing_is_lost_when_another_member_joins_and_leaves_in_the_middle_of_work(brokers, topic, publisher):
    names = [str(number) for number in range(3)]
    send(publisher, topic, *names)
    seen = Counter()
    begun = threading.Event()

    def handler(payload):
        begun.set()
        time.sleep(1)
        seen[name_in(payload)] += 1

    first = Service(brokers, topic, publisher, handler)
    assert begun.wait(WAIT_SECONDS)
    second = Service(brokers, topic, publisher, handler)
    time.sleep(2)
    second.end()
    # Partitions were paused when the rebalance took them; whoever gets them back must fetch again.
    wait_until(lambda: len(seen) == len(names))
    first.end()
    assert set(seen) == set(names)


# Promise: adding-trainer-moves-work
def test_a_member_that_is_added_takes_over_work_and_no_committed_claim_is_done_twice(brokers, topic, publisher):
    names = [f"series-{number}" for number in range(16)]
    for name in names:
        publisher.publish(topic, name, DeadLetter(operation=name, error=""))
    seen = {"first": Counter(), "second": Counter()}
    begun = threading.Event()

    def working(member):
        def handler(payload):
            begun.set()
            time.sleep(0.5)
            seen[member][name_in(payload)] += 1

        return handler

    first = Service(brokers, topic, publisher, working("first"), shares=True)
    assert begun.wait(WAIT_SECONDS)
    second = Service(brokers, topic, publisher, working("second"), shares=True)
    wait_until(lambda: len(seen["first"] | seen["second"]) == len(names))
    second.stop.set()
    first.end()
    second.end()
    # On a busy machine a rebalance may begin while the one before ends; in the middle of it brokers refuse an offset.
    partitions = partitions_of(brokers, topic, len(names))
    refused = first.consumer.refused | second.consumer.refused
    done = seen["first"] + seen["second"]
    assert set(done) == set(names)
    assert {partitions[name] for name, times in done.items() if times > 1} <= refused
    assert min(len(done) for done in seen.values()) > 0


def test_attempts_survive_the_process_with_the_metadata_of_real_offsets(brokers, topic, publisher):
    class Killed(BaseException):
        pass

    for name in ("kills", "next"):
        # Of one key: in one partition, in this order.
        publisher.publish(topic, "series", DeadLetter(operation=name, error=""))
    seen = []

    def handler(payload):
        seen.append(name_in(payload))
        if name_in(payload) == "kills":
            raise Killed

    def live():
        stop = threading.Event()
        consumer = group_consumer(brokers, f"group-{topic}", topic)
        loop = ClaimLoop(
            consumer, lambda payload: (handler(payload), stop.set()), publisher, "DLQ", stop, max_retries=1
        )
        loop.run()

    for _ in range(2):
        with pytest.raises(Killed):
            live()
    live()
    assert seen == ["kills", "kills", "next"]


def test_a_message_too_large_for_the_brokers_is_no_outage(publisher, topic):
    with pytest.raises(KafkaException) as raised:
        publisher.publish(topic, None, DeadLetter(operation="x" * 2_000_000, error=""))
    assert not is_outage(raised.value)


def test_unavailable_brokers_do_not_hold_the_loop_up_beyond_its_heartbeat(topic, monkeypatch):
    usual, quick = attempt_memory._ANSWER_SECONDS, 0.5
    monkeypatch.setattr(attempt_memory, "_ANSWER_SECONDS", quick)
    host = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    broker = next(iter(host.list_topics(timeout=10).brokers.values()))
    address = KafkaSettings(kafka_bootstrap_servers=f"{broker.host}:{broker.port}")
    send(KafkaPublisher(address, "test"), topic, "claim")
    consumer = group_consumer(address, f"group-{topic}", topic)
    while (message := consumer.poll(1)) is None:
        pass
    attempts = AttemptMemory(consumer)
    attempts.note(message, 2)
    assert attempts.made(message) == 2
    # The brokers go with their host.
    del host
    begun = time.monotonic()
    attempts.note(message, 3)
    assert attempts.made(message) == 0
    # Each of both waits 10 s at most; a heartbeat is missed after a minute.
    assert time.monotonic() - begun + usual - quick < 30
    consumer.close()
