"""One message at a time, at least once: the offset is committed only after the message's effect is safe.

The work runs in a thread of its own while the main thread keeps polling with the partitions paused. So the broker
sees a live consumer however long the work takes, and no rebalance takes the claim away in the middle of it. Before each
attempt its number is committed as metadata of the message's own offset: a process that dies over a message finds it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from flts.common.attempts import AttemptMemory
from flts.common.deadletters import DEAD_LETTERS, Origin, letter_of, publish_dead_letter, shortened
from flts.common.doneoffsets import DoneOffsets
from flts.common.health import Heartbeat
from flts.common.kafka import KafkaSettings, client_settings
from flts.common.lostbrokers import BrokersLost, BrokerWatch
from flts.common.messageconsumer import MessageConsumer
from flts.common.outages import is_outage
from flts.common.publisher import Publisher
from flts.common.shutdown import StopRequested

_POLL_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 60.0
# A killed consumer's partitions go to its successor after this time. Kafka's default of 45 s suits groups in which a
# rebalance stops many; here nobody else waits, and heartbeats come from a thread of librdkafka, however busy ours are.
_SESSION_SECONDS = 10

Handler = Callable[[bytes], None]


class Refused(ValueError):
    """The message can never be processed, however often it is tried."""


class Periodic(NamedTuple):
    """Work that is due without a message: before the first one, then `seconds` after it was last done."""

    task: Callable[[], None]
    seconds: float


def group_consumer(
    kafka: KafkaSettings, group: str, topic: str, more: dict[str, Any] | None = None, **callbacks: Any
) -> Consumer:
    """Consumer in a group with manual commits, beginning with the oldest message.

    `more` settings of the client, and `callbacks` of the subscription, are those of confluent_kafka.
    """
    consumer = Consumer(
        {
            **client_settings(kafka, group),
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": _SESSION_SECONDS * 1000,
            # A topic that is declared after this consumer started is found within this time.
            "topic.metadata.refresh.interval.ms": 10_000,
            # A commit waits as long for unavailable brokers; the default of 10 minutes outlasts the heartbeat.
            "coordinator.query.interval.ms": 10_000,
            **(more or {}),
        }
    )
    consumer.subscribe([topic], **callbacks)
    return consumer


class ClaimLoop:
    """Takes messages from a consumer and gives each to a handler.

    The handler returns when the effect is safe; raises Refused for a hopeless message (dead letter at once),
    StopRequested when it gave up because of a stop request (no commit). An unreachable neighbour is waited out
    without limit, because a dead letter would lose the claim for no fault of its own; any other error, and any end of
    the process over the message, is tried `max_retries` more times and then becomes a dead letter. Work that takes
    longer than `deadline_seconds` stops the heartbeat, so that the process is started again. `periodic` work never runs
    beside the handler; its errors are logged, and it is due again after its time.
    """

    def __init__(
        self,
        consumer: MessageConsumer,
        handler: Handler,
        publisher: Publisher,
        dead_letter_topic: str,
        stop: threading.Event,
        *,
        max_retries: int = 3,
        first_pause_seconds: float = 2.0,
        deadline_seconds: float = 3600.0,
        heartbeat: Heartbeat | None = None,
        periodic: Periodic | None = None,
        watch: BrokerWatch | None = None,
    ) -> None:
        self._consumer = consumer
        self._attempts = AttemptMemory(consumer)
        self._done = DoneOffsets(consumer)
        self._handler = handler
        self._publisher = publisher
        self._dead_letter_topic = dead_letter_topic
        # Shown from the start, so that the first one is seen as a rise from 0.
        DEAD_LETTERS.labels(dead_letter_topic)
        self._stop = stop
        self._max_retries = max_retries
        self._first_pause = first_pause_seconds
        self._deadline_seconds = deadline_seconds
        self._heartbeat = heartbeat or Heartbeat()
        self._periodic = periodic
        self._watch = watch
        self._periodic_due = time.monotonic()
        self._logger = structlog.get_logger()
        self._early: deque[KafkaMessage] = deque()
        self._overdue = False
        self._begun = 0.0
        self._work: Future[None] | None = None
        self._message: KafkaMessage | None = None
        self._moved = False

    def run(self) -> None:
        """Work until a stop is requested, or until `watch` raises BrokersLost."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="claim") as executor:
            try:
                while not self._stop.is_set():
                    self._heartbeat.beat()
                    if self._watch is not None:
                        self._watch.check()
                    self._work_on_periodic(executor)
                    self._done.commit()
                    message = self._next_message()
                    if message is not None and self._is_usable(message):
                        self._work_on(message, executor)
            except BrokersLost:
                # There is nobody to commit to or to leave.
                raise
            except BaseException:
                self._leave()
                raise
            self._leave()

    def _leave(self) -> None:
        self._done.commit()
        self._consumer.close()

    def release(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        """Called from within a poll, when a rebalance gives partitions to other members: ends the work on one of them.

        The current claim is finished and committed first, so that its next owner does not begin it once more.
        """
        if self._lose(partitions) and self._work is not None:
            self._logger.info("partition_moves", reason="another member takes it once the current claim is done")
            while not self._work.done():
                self._beat()
                wait([self._work], timeout=_POLL_SECONDS)
            if self._work.exception() is None and self._message is not None:
                self._done.commit(self._message)
        self._done.commit()
        self._done.forget(*map(_place, partitions))

    def lose(self, _consumer: object, partitions: list[TopicPartition]) -> None:
        """Called from within a poll, when the group gave partitions away without asking: nothing is committed."""
        self._lose(partitions)
        self._done.forget(*map(_place, partitions))

    def _lose(self, partitions: list[TopicPartition]) -> bool:
        """Forget messages of the partitions; returns whether the current one is among them."""
        gone = {*map(_place, partitions)}
        self._early = deque(one for one in self._early if (one.topic(), one.partition()) not in gone)
        message = self._message
        self._moved = self._moved or (message is not None and (message.topic(), message.partition()) in gone)
        return self._moved

    def _next_message(self) -> KafkaMessage | None:
        if self._early:
            return self._early.popleft()
        # In each round: a partition that was paused when a rebalance took it may come back paused.
        self._consumer.resume(self._consumer.assignment())
        return self._consumer.poll(_POLL_SECONDS)

    def _is_usable(self, message: KafkaMessage) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            self._logger.warning("topic_missing", error=error.str(), hint="waiting until the topic is declared")
            return False
        if error.fatal():
            raise KafkaException(error)
        self._logger.warning("kafka_error", error=error.str())
        return False

    def _work_on_periodic(self, executor: ThreadPoolExecutor) -> None:
        if self._periodic is None or time.monotonic() < self._periodic_due:
            return
        try:
            self._wait_for(executor.submit(self._periodic.task))
        except Exception as error:
            self._logger.warning("periodic_work_failed", error=shortened(error), exc_info=not is_outage(error))
        self._periodic_due = time.monotonic() + self._periodic.seconds

    def _work_on(self, message: KafkaMessage, executor: ThreadPoolExecutor) -> None:
        self._message, self._moved = message, False
        # The offset of the current message says the same, with its attempts.
        self._done.forget((message.topic(), message.partition()))
        try:
            self._process(message, executor)
        except StopRequested:
            self._logger.info("claim_not_committed", reason="stop requested before the work was done")
            return
        finally:
            self._message = self._work = None
        if not self._moved:
            self._done.commit(message)

    def _process(self, message: KafkaMessage, executor: ThreadPoolExecutor) -> None:
        # A tombstone has no value.
        payload = message.value() or b""
        failed = self._attempts.made(message)
        pause = self._first_pause
        while True:
            if failed > self._max_retries:
                return self._bury(message, payload, RuntimeError(f"the process ended {failed} times over this message"))
            self._attempts.note(message, failed + 1)
            try:
                return self._wait_for(executor.submit(self._handler, payload))
            except StopRequested:
                # Asked for, and no fault of the message, unless the stop came because the work took too long.
                if not self._overdue:
                    self._attempts.note(message, failed)
                raise
            except Refused as error:
                return None if self._moved else self._bury(message, payload, error)
            except Exception as error:
                if self._moved:
                    self._logger.warning("claim_moved", error=shortened(error), reason="its next owner tries it again")
                    return None
                outage = is_outage(error)
                failed += 0 if outage else 1
                if failed > self._max_retries:
                    return self._bury(message, payload, error)
                self._logger.warning(
                    "claim_failed",
                    error=shortened(error),
                    outage=outage,
                    attempt=failed,
                    next_try_seconds=pause,
                    exc_info=not outage,
                )
            self._attempts.note(message, failed)
            self._rest(pause)
            if self._moved:
                return None
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _wait_for(self, work: "Future[None]") -> None:
        self._begun, self._work = time.monotonic(), work
        self._overdue = False
        while not work.done():
            self._beat()
            self._turn()
        work.result()

    def _beat(self) -> None:
        """Count as alive while the work takes no longer than it may."""
        if time.monotonic() - self._begun < self._deadline_seconds:
            self._heartbeat.beat()
        elif not self._overdue:
            self._overdue = True
            self._logger.error("work_overdue", deadline_seconds=self._deadline_seconds)

    def _rest(self, seconds: float) -> None:
        """Wait between two attempts; the group still sees a live consumer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._stop.is_set():
                raise StopRequested
            self._heartbeat.beat()
            self._turn(min(_POLL_SECONDS, seconds))

    def _turn(self, seconds: float = _POLL_SECONDS) -> None:
        # Partitions that a rebalance brings during the work must be paused as well, hence in each turn.
        self._consumer.pause(self._consumer.assignment())
        early = self._consumer.poll(seconds)
        if early is not None:
            self._early.append(early)

    def _bury(self, message: KafkaMessage, payload: bytes, error: Exception) -> None:
        origin = Origin(message.topic(), message.partition(), message.offset())
        publish_dead_letter(self._publisher, self._dead_letter_topic, letter_of(payload, error, origin))


def _place(partition: TopicPartition) -> tuple[str, int]:
    return partition.topic, partition.partition
