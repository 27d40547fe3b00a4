"""`python main.py`: consume training events and promote until SIGTERM."""

import structlog

from flts.common.consuming import ClaimLoop, Periodic, group_consumer
from flts.common.health import Heartbeat, health_app, serve_in_background
from flts.common.lostbrokers import broker_watch
from flts.common.promotions import PromotionKeys
from flts.common.publisher import KafkaPublisher
from flts.common.service import start_service
from flts.common.shutdown import stop_on_signals
from flts.common.storage import S3Store
from flts.evaluator.artifacts import ArtifactCopies, MlflowFiles
from flts.evaluator.pointers import PromotionStore
from flts.evaluator.registry import MlflowRegistry, Registrations
from flts.evaluator.settings import EvaluatorSettings
from flts.evaluator.tracking import MlflowRuns
from flts.evaluator.worker import EvaluatorWorker

_KAFKA_PING_SECONDS = 3
_CHECK_SECONDS = 10.0


def main(arguments: list[str]) -> int:
    """Run the evaluator; returns the exit status."""
    settings = start_service("evaluator", EvaluatorSettings, arguments)
    stop = stop_on_signals()
    publisher = KafkaPublisher(settings, settings.consumer_group_id)
    runs = MlflowRuns(settings.mlflow_tracking_uri)
    store = S3Store()
    pointers = PromotionStore(
        store,
        settings.promotion_bucket,
        settings.promotion_scope,
        unnamed=not settings.identifier,
        default_series=settings.default_series,
    )
    copies = ArtifactCopies(
        MlflowFiles(settings.mlflow_tracking_uri),
        store,
        settings.promotion_bucket,
        PromotionKeys(settings.promotion_scope),
    )
    registry = MlflowRegistry(settings.mlflow_tracking_uri, store, settings.promotion_bucket)
    worker = EvaluatorWorker(settings, runs, pointers, copies, publisher, Registrations(registry))
    heartbeat = Heartbeat()

    def ready() -> dict[str, bool]:
        return {"kafka": publisher.answers(_KAFKA_PING_SECONDS), "mlflow": runs.answers()}

    server = serve_in_background(health_app("evaluator", heartbeat.alive, ready), settings.health_port)
    consumer = group_consumer(settings, settings.consumer_group_id, settings.topic_model_training)
    loop = ClaimLoop(
        consumer,
        worker.handle,
        publisher,
        settings.topic_dlq_model_selected,
        stop,
        max_retries=settings.failure_max_retries,
        heartbeat=heartbeat,
        periodic=Periodic(worker.check_waiting, _CHECK_SECONDS),
        watch=broker_watch(settings, consumer),
    )
    structlog.get_logger().info("consuming", topic=settings.topic_model_training, group=settings.consumer_group_id)
    loop.run()
    server.should_exit = True
    return 0
