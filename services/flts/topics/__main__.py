"""`python -m flts.topics <file.json>`: make Kafka have the declared topics; running it again changes nothing."""

import sys
from pathlib import Path

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from flts.common.kafka import client_settings
from flts.common.logs import configure_logs
from flts.common.settings import ServiceSettings, load_settings_or_exit
from flts.topics.applying import carry_out, existing_topics
from flts.topics.declaration import DeclarationError, Topic, read_declaration
from flts.topics.planning import Plan, PlanError, plan

# The Job is created together with Kafka, which takes its time to elect a controller.
_PATIENCE_SECONDS = 180


def main(arguments: list[str]) -> int:
    """Declare the topics of a file; returns the exit status."""
    if len(arguments) != 1:
        print("usage: python -m flts.topics <file.json>", file=sys.stderr)
        return 1
    settings = load_settings_or_exit(ServiceSettings)
    configure_logs("topics", settings.log_level)
    logger = structlog.get_logger()
    try:
        declared = read_declaration(Path(arguments[0]))
        admin = AdminClient(client_settings(settings.kafka_bootstrap_servers, "topics"))
        steps = declare(admin, declared)
    except (DeclarationError, PlanError, KafkaException, RuntimeError) as error:
        logger.error("failure", error=str(error))
        return 1
    logger.info(
        "topics_declared",
        created=[topic.name for topic in steps.create],
        grown=[topic.name for topic in steps.grow],
        altered=sorted(steps.alter),
        total=len(declared),
    )
    return 0


def declare(admin: AdminClient, declared: list[Topic], patience_seconds: float = _PATIENCE_SECONDS) -> Plan:
    """Bring Kafka to the declaration, waiting for it to come up; returns what was done."""
    attempts = Retrying(
        retry=retry_if_exception_type(KafkaException),
        stop=stop_after_delay(patience_seconds),
        wait=wait_exponential(multiplier=0.5, max=5),
        reraise=True,
        before_sleep=lambda state: structlog.get_logger().info(
            "waiting_for_kafka", elapsed_seconds=round(state.seconds_since_start or 0, 1)
        ),
    )
    for attempt in attempts:
        with attempt:
            steps = plan(declared, existing_topics(admin, declared))
            carry_out(admin, steps)
    return steps


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
