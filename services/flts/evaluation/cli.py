"""`python main.py`: consume training events and promote until SIGTERM."""

import os

import structlog

from flts.common.consuming import ClaimLoop, group_consumer
from flts.common.health import Heartbeat, health_app, serve_in_background
from flts.common.logs import configure_logs
from flts.common.publisher import KafkaPublisher
from flts.common.settings import load_settings_or_exit
from flts.common.shutdown import stop_on_signals
from flts.common.storage import S3Store
from flts.evaluation.pointers import PromotionStore
from flts.evaluation.settings import EvaluationSettings
from flts.evaluation.tracking import MlflowRuns
from flts.evaluation.worker import EvaluationWorker

_KAFKA_PING_SECONDS = 3
_MLFLOW_DEFAULTS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}


def main(arguments: list[str]) -> int:
    """Run the evaluator; returns the exit status."""
    if arguments:
        print(f"unknown arguments {arguments}: the evaluator takes none")
        return 1
    settings = load_settings_or_exit(EvaluationSettings)
    configure_logs("evaluator", settings.log_level)
    for name, value in _MLFLOW_DEFAULTS.items():
        os.environ.setdefault(name, value)
    stop = stop_on_signals()
    publisher = KafkaPublisher(settings.kafka_bootstrap_servers, settings.consumer_group_id)
    runs = MlflowRuns(settings.mlflow_tracking_uri)
    pointers = PromotionStore(
        S3Store(), settings.promotion_bucket, settings.promotion_scope, unnamed=not settings.identifier
    )
    heartbeat = Heartbeat()

    def ready() -> dict[str, bool]:
        return {"kafka": publisher.answers(_KAFKA_PING_SECONDS), "mlflow": runs.answers()}

    server = serve_in_background(health_app("evaluator", heartbeat.alive, ready), settings.health_port)
    loop = ClaimLoop(
        group_consumer(settings.kafka_bootstrap_servers, settings.consumer_group_id, settings.topic_model_training),
        EvaluationWorker(settings, runs, pointers, publisher).handle,
        publisher,
        settings.topic_dlq_model_selected,
        stop,
        max_retries=settings.failure_max_retries,
        heartbeat=heartbeat,
    )
    structlog.get_logger().info("consuming", topic=settings.topic_model_training, group=settings.consumer_group_id)
    loop.run()
    server.should_exit = True
    return 0
