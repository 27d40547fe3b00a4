"""`python -m flts.topics <topics.json> [<users.json> [<ownership.json>]]`: make Kafka have what is declared.

Again changes nothing. Ends with 1 where another try may help, and with 2 where none does.
"""

import sys
from functools import partial
from pathlib import Path

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from flts.common.kafka import KafkaSettings, client_settings
from flts.common.logs import configure_logs
from flts.common.settings import ServiceSettings, load_settings_or_exit
from flts.topics.access import AccessRefused, AccessWatch
from flts.topics.applying import carry_out, existing_topics
from flts.topics.declaration import DeclarationError, Topic, read_declaration
from flts.topics.marks import TopicMarks, connected_groups
from flts.topics.ownership import Ownership, OwnershipError, read_ownership
from flts.topics.planning import Plan, PlanError, plan
from flts.topics.users import User, read_users, set_users

# The Job is created together with Kafka, which takes its time to elect a controller.
_PATIENCE_SECONDS = 180

# For whoever runs it manually: the Job is repeated in any case.
_HOPELESS = 2


def main(arguments: list[str]) -> int:
    """Declare the topics and users of the files; returns the exit status."""
    if len(arguments) not in (1, 2, 3):
        print("usage: python -m flts.topics <topics.json> [<users.json> [<ownership.json>]]", file=sys.stderr)
        return 1
    settings = load_settings_or_exit(ServiceSettings)
    configure_logs("topics", settings.log_level)
    logger = structlog.get_logger()
    try:
        declared = read_declaration(Path(arguments[0]))
        users = read_users(Path(arguments[1])) if len(arguments) > 1 else []
        watch = AccessWatch(settings)
        admin = AdminClient({**client_settings(settings, "topics"), "error_cb": watch.note})
        ownership = _ownership(Path(arguments[2]), declared, settings, admin) if len(arguments) > 2 else None
        steps = declare(admin, declared, users, ownership, watch=watch)
    except (DeclarationError, OwnershipError, PlanError) as error:
        logger.error("failure", error=str(error))
        return _HOPELESS
    except (AccessRefused, KafkaException, RuntimeError) as error:
        logger.error("failure", error=str(error))
        return 1
    logger.info(
        "topics_declared",
        created=[topic.name for topic in steps.create],
        grown=[topic.name for topic in steps.grow],
        altered=sorted(steps.alter),
        total=len(declared),
        users=[user.name for user in users],
    )
    return 0


def _ownership(path: Path, declared: list[Topic], kafka: KafkaSettings, admin: AdminClient) -> Ownership:
    declaration = read_ownership(path)
    marks = TopicMarks(kafka, declaration.topic.name)
    return Ownership(declaration, declared, marks, partial(connected_groups, admin))


def declare(
    admin: AdminClient,
    declared: list[Topic],
    users: list[User],
    ownership: Ownership | None = None,
    patience_seconds: float = _PATIENCE_SECONDS,
    watch: AccessWatch | None = None,
) -> Plan:
    """Bring Kafka to the declaration, waiting for it to come up; returns what was done to topics.

    With `ownership` nothing is changed where the topics are another stack's.
    """

    def report(error: KafkaException) -> None:
        if watch is not None:
            # The client hands over what it knows of its connections only when it is asked.
            admin.poll(0)
            watch.refuse(error)
        structlog.get_logger().info("waiting_for_kafka", error=str(error))

    attempts = Retrying(
        retry=retry_if_exception_type(KafkaException),
        stop=stop_after_delay(patience_seconds),
        wait=wait_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    for attempt in attempts:
        with attempt:
            try:
                existing = existing_topics(admin, [*declared, *([ownership.topic] if ownership else [])])
                if ownership and ownership.topic.name in existing:
                    ownership.check()
                steps = plan(declared, existing)
                if ownership:
                    carry_out(admin, plan([ownership.topic], existing))
                    ownership.claim()
                carry_out(admin, steps)
                set_users(admin, users)
            except KafkaException as error:
                report(error)
                raise
    return steps


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
