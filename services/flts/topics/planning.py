"""What must be done so that Kafka has the declared topics: pure."""

from typing import NamedTuple

from flts.topics.declaration import Topic


class ExistingTopic(NamedTuple):
    """A topic as Kafka has it; `config` holds all settings, defaults included."""

    partitions: int
    replication_factor: int
    config: dict[str, str]


class Plan(NamedTuple):
    """Steps, in the order in which they are taken; all empty where nothing is to be done."""

    create: list[Topic]
    grow: list[Topic]
    alter: dict[str, dict[str, str]]
    """Topic to the settings that differ."""


class PlanError(ValueError):
    """The declaration asks for what Kafka cannot do without losing data; the text lists every such topic."""


def plan(declared: list[Topic], existing: dict[str, ExistingTopic]) -> Plan:
    """Steps from what exists to what is declared; raises PlanError. Topics that are not declared are left alone."""
    impossible: list[str] = []
    steps = Plan([], [], {})
    for topic in declared:
        now = existing.get(topic.name)
        if now is None:
            steps.create.append(topic)
            continue
        if topic.partitions < now.partitions:
            impossible.append(
                f"topic {topic.name!r} has {now.partitions} partitions and cannot shrink to {topic.partitions}; "
                f"declare {now.partitions} or more, or delete the topic with its messages first"
            )
        if topic.replication_factor != now.replication_factor:
            impossible.append(
                f"topic {topic.name!r} has replication factor {now.replication_factor} and cannot be declared with "
                f"{topic.replication_factor}; reassign its replicas with kafka-reassign-partitions.sh first"
            )
        if topic.partitions > now.partitions:
            steps.grow.append(topic)
        different = {name: value for name, value in topic.config.items() if now.config.get(name) != value}
        if different:
            steps.alter[topic.name] = different
    if impossible:
        raise PlanError("; ".join(impossible))
    return steps
