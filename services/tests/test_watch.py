"""The threads that keep the model up to date: woken by a promotion, patient with outages."""

import queue
from types import SimpleNamespace

import pytest
from serving_models import make_model

from flts.common.kafka import KafkaSettings
from flts.inference import announcements
from flts.inference.announcements import Announcements
from flts.inference.cli import followers
from flts.inference.inservice import Models
from flts.inference.performanceclaims import PerformanceClaims
from flts.inference.settings import InferenceSettings
from flts.inference.watch import Watch

SECONDS = 10


@pytest.fixture
def in_service():
    in_service = Models()
    in_service.serve(make_model(), 0.0)
    return in_service


def test_looks_at_once_and_when_woken(in_service):
    looks = queue.Queue()
    watch = Watch(lambda: looks.put("look"), in_service, poll_seconds=3600)
    watch.start()
    looks.get(timeout=SECONDS)
    watch.wake()
    looks.get(timeout=SECONDS)
    watch.stop()


def test_goes_on_after_an_error(in_service):
    looks = queue.Queue()

    def fail():
        looks.put("look")
        raise ConnectionError("the object store restarts")

    watch = Watch(fail, in_service, poll_seconds=0.05)
    watch.start()
    looks.get(timeout=SECONDS)
    watch.wake()
    looks.get(timeout=SECONDS)
    watch.stop()


def test_what_a_promotion_message_says_is_not_used(monkeypatch):
    """Whatever is on the topic, forged or not, the reader of the pointers is woken and gets no content."""
    woken = queue.Queue()

    class Message:
        def error(self):
            return None

        def value(self):
            raise AssertionError("the message was read")

        key = headers = value

    class OneMessage:
        def __init__(self, settings):
            self.messages = [Message()]

        def list_topics(self, topic, timeout):
            return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions={0: None})})

        def assign(self, partitions):
            pass

        def poll(self, seconds):
            return self.messages.pop() if self.messages else None

        def close(self):
            pass

    monkeypatch.setattr(announcements, "Consumer", OneMessage)
    listener = Announcements(KafkaSettings(), "test", "batch-forecasting", "model-selected", lambda: woken.put("look"))
    listener.start()
    # At the start, because something may have been said before, and for the message.
    assert [woken.get(timeout=SECONDS) for _ in range(2)] == ["look", "look"]
    listener.stop()


@pytest.mark.parametrize(
    ("pinned", "kinds"), [("", [Watch, Announcements, PerformanceClaims]), ("0123456789abcdef", [Watch])]
)
def test_a_pinned_replica_takes_no_claims_from_the_others(store, in_service, pinned, kinds):
    settings = InferenceSettings(pinned_run_id=pinned, kafka_bootstrap_servers="127.0.0.1:1")
    assert [type(follower) for follower in followers(settings, store, in_service)] == kinds
