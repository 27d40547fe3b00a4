"""Marks of ownership as records of a compacted topic: one key for each owner, which a tombstone removes."""

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient
from pydantic import ValidationError

from flts.common.kafka import KafkaSettings, client_settings
from flts.topics.ownership import Owner, OwnershipError

_SECONDS = 30.0
_PARTITION = 0


class TopicMarks:
    """Marks in the only partition of a topic; methods raise KafkaException, and without permission OwnershipError."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic

    def read(self) -> list[Owner]:
        """See Marks.read."""
        consumer = Consumer(
            {
                **client_settings(self._kafka, "topics"),
                # The client wants one; nobody joins it and nothing is committed.
                "group.id": self._topic,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        marks: dict[str, Owner] = {}
        end = time.monotonic() + _SECONDS
        try:
            consumer.assign([TopicPartition(self._topic, _PARTITION, OFFSET_BEGINNING)])
            while time.monotonic() < end:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                if (error := message.error()) is None:
                    self._apply(message, marks)
                elif error.code() == KafkaError._PARTITION_EOF:
                    return list(marks.values())
                elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise self._failure(error)
        finally:
            consumer.close()
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"reading topic {self._topic!r}"))

    def write(self, owner: Owner) -> None:
        """See Marks.write."""
        self._send(owner, owner.model_dump_json().encode())

    def remove(self, owner: Owner) -> None:
        """See Marks.remove."""
        self._send(owner, None)

    def _send(self, owner: Owner, value: bytes | None) -> None:
        errors: list[KafkaError | None] = []
        producer = Producer(
            {
                **client_settings(self._kafka, "topics"),
                "acks": "all",
                "delivery.timeout.ms": int(_SECONDS * 1000),
            }
        )
        producer.produce(
            self._topic,
            key=str(owner).encode(),
            value=value,
            partition=_PARTITION,
            on_delivery=lambda error, _: errors.append(error),
        )
        producer.flush(_SECONDS + 5)
        for error in errors or [KafkaError(KafkaError._TIMED_OUT, f"writing to topic {self._topic!r}")]:
            if error is not None:
                raise self._failure(error)

    def _apply(self, message: KafkaMessage, marks: dict[str, Owner]) -> None:
        key = (message.key() or b"").decode(errors="replace")
        if message.value() is None:
            marks.pop(key, None)
            return
        try:
            marks.setdefault(key, Owner.model_validate_json(message.value()))
        except ValidationError as error:
            raise OwnershipError(
                f"topic {self._topic!r}: the record at offset {message.offset()} is not a mark of an owner; the topic "
                "belongs to this program: delete what else was written to it"
            ) from error

    def _failure(self, error: KafkaError) -> Exception:
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return OwnershipError(
                f"topic {self._topic!r}: {error.str()}; allow the user of flts:kafka.external.existingSecret to "
                "describe, read and write it, as the stack's other topics"
            )
        return KafkaException(error)


def connected_groups(admin: AdminClient, groups: list[str]) -> list[str]:
    """Those of the consumer groups that have members; raises KafkaException."""
    members = {}
    for group, future in admin.describe_consumer_groups(groups, request_timeout=_SECONDS).items():
        try:
            members[group] = future.result().members
        except KafkaException as error:
            # Brokers of Kafka 4 say so of a group that nobody has joined yet.
            if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
                raise
    return [group for group in groups if members.get(group)]
