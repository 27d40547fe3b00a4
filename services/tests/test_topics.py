"""Declared topics: what is planned, and that it is carried out by name."""

import json
from concurrent.futures import Future

import pytest

from flts.topics.applying import carry_out
from flts.topics.declaration import DeclarationError, Topic, read_declaration
from flts.topics.planning import ExistingTopic, PlanError, plan


def topic(name="a", partitions=1, replicas=1, **config):
    return Topic(name=name, partitions=partitions, replicationFactor=replicas, config=config)


class FakeAdmin:
    def __init__(self):
        self.calls = []

    def _done(self, call, subjects):
        future = Future()
        future.set_result(None)
        self.calls.append((call, subjects))
        return dict.fromkeys((str(subject) for subject in subjects), future)

    def create_topics(self, new, request_timeout):
        return self._done("create", [(item.topic, item.num_partitions, item.config) for item in new])

    def create_partitions(self, more, request_timeout):
        return self._done("grow", [(item.topic, item.new_total_count) for item in more])

    def incremental_alter_configs(self, changes, request_timeout):
        settings = [(item.name, [(e.name, e.value) for e in item.incremental_configs]) for item in changes]
        return self._done("alter", settings)


# Promise: topics-exist-without-hand
def test_creates_grows_and_alters():
    declared = [topic("new", 3), topic("small", 2), topic("other", **{"retention.ms": "5"}), topic("same")]
    existing = {
        "small": ExistingTopic(1, 1, {}),
        "other": ExistingTopic(1, 1, {"retention.ms": "9", "cleanup.policy": "delete"}),
        "same": ExistingTopic(1, 1, {"retention.ms": "9"}),
        "foreign": ExistingTopic(9, 1, {}),
    }
    admin = FakeAdmin()
    carry_out(admin, plan(declared, existing))
    assert admin.calls == [
        ("create", [("new", 3, {})]),
        ("grow", [("small", 2)]),
        ("alter", [("other", [("retention.ms", "5")])]),
    ]


def test_nothing_to_do():
    admin = FakeAdmin()
    carry_out(admin, plan([topic("a", **{"retention.ms": "5"})], {"a": ExistingTopic(1, 1, {"retention.ms": "5"})}))
    assert admin.calls == []


def test_impossible_changes_are_reported_together():
    existing = {"a": ExistingTopic(3, 1, {}), "b": ExistingTopic(1, 1, {})}
    with pytest.raises(PlanError) as caught:
        plan([topic("a", 1), topic("b", 1, 3)], existing)
    text = str(caught.value)
    assert "topic 'a' has 3 partitions and cannot shrink to 1" in text
    assert "topic 'b' has replication factor 1" in text


def test_file(tmp_path):
    path = tmp_path / "topics.json"
    path.write_text(
        json.dumps([{"name": "a", "partitions": 1, "replicationFactor": 1, "config": {"retention.ms": 604800000}}])
    )
    assert read_declaration(path) == [topic("a", **{"retention.ms": "604800000"})]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "JSON"),
        ('[{"name": "a b", "partitions": 0}]', "0.partitions"),
        ('[{"name":"a","partitions":1,"replicationFactor":1,"retention":1}]', "0.retention"),
        (
            '[{"name":"a","partitions":1,"replicationFactor":1},{"name":"a","partitions":1,"replicationFactor":1}]',
            "twice",
        ),
    ],
)
def test_wrong_files(tmp_path, content, words):
    path = tmp_path / "topics.json"
    path.write_text(content)
    with pytest.raises(DeclarationError, match=words):
        read_declaration(path)
