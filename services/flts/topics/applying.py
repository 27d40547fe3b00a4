"""Reads topics from Kafka and carries out a plan."""

from collections.abc import Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from flts.topics.declaration import Topic
from flts.topics.planning import ExistingTopic, Plan

_SECONDS = 30.0


def existing_topics(admin: AdminClient, declared: list[Topic]) -> dict[str, ExistingTopic]:
    """Those of the declared topics that Kafka has."""
    found = admin.list_topics(timeout=_SECONDS).topics
    names = [topic.name for topic in declared if topic.name in found and found[topic.name].error is None]
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    configs = admin.describe_configs(resources, request_timeout=_SECONDS) if resources else {}
    existing = {}
    for resource, future in configs.items():
        partitions = found[resource.name].partitions
        existing[resource.name] = ExistingTopic(
            partitions=len(partitions),
            replication_factor=len(partitions[0].replicas),
            config={name: entry.value for name, entry in future.result().items()},
        )
    return existing


def carry_out(admin: AdminClient, steps: Plan) -> None:
    """Create, grow and alter; raises KafkaException with the topic's name."""
    if steps.create:
        new = [
            NewTopic(topic.name, topic.partitions, topic.replication_factor, config=topic.config)
            for topic in steps.create
        ]
        # Another run may have created it since the plan was made: that is what was wanted.
        _finish(admin.create_topics(new, request_timeout=_SECONDS), fine=KafkaError.TOPIC_ALREADY_EXISTS)
    if steps.grow:
        more = [NewPartitions(topic.name, topic.partitions) for topic in steps.grow]
        _finish(admin.create_partitions(more, request_timeout=_SECONDS))
    if steps.alter:
        changes = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[
                    ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                    for key, value in config.items()
                ],
            )
            for name, config in steps.alter.items()
        ]
        _finish(admin.incremental_alter_configs(changes, request_timeout=_SECONDS))


def _finish(futures: Mapping[object, "Future[None]"], fine: int | None = None) -> None:
    for subject, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            if fine is not None and error.args[0].code() == fine:
                continue
            raise RuntimeError(f"topic {getattr(subject, 'name', subject)!r}: {error.args[0].str()}") from error
