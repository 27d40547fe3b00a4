"""`python main.py`: consume claims and train until SIGTERM."""

import structlog

from flts.common.consuming import ClaimLoop
from flts.common.health import Heartbeat, health_app, serve_in_background
from flts.common.lostbrokers import broker_watch
from flts.common.publisher import KafkaPublisher
from flts.common.service import start_service
from flts.common.sharing import Sharing
from flts.common.shutdown import stop_on_signals
from flts.common.storage import S3Store
from flts.training.renewal import Renewal, replace_process
from flts.training.settings import TrainingSettings


def main(arguments: list[str]) -> int:
    """Run the trainer; returns the exit status."""
    settings = start_service("trainer", TrainingSettings, arguments)
    if settings.require_gpu:
        from flts.training import devices

        # Before the probe is answered, so that no rollout counts the pod as ready.
        devices.check_gpu()
    stop = stop_on_signals()
    # The probe must be answered while MLflow and the model's framework load, which takes seconds.
    heartbeat = Heartbeat()
    server = serve_in_background(health_app("trainer", heartbeat.alive), settings.health_port)
    from flts.training import families
    from flts.training.tracking import MlflowTracker
    from flts.training.worker import TrainingWorker

    # Now rather than at the first claim: an image that cannot train is to fail at once.
    families.load(settings.model_type)
    publisher = KafkaPublisher(settings, settings.consumer_group_id)
    worker = TrainingWorker(settings, S3Store(), MlflowTracker(settings), publisher, stop)
    renewal = Renewal(worker.handle, stop, settings.process_growth_mebibytes)
    sharing = Sharing(
        settings, settings.consumer_group_id, settings.topic_training_data, settings.training_deadline_seconds
    )
    loop = ClaimLoop(
        sharing.consumer,
        renewal.handle,
        publisher,
        settings.topic_dlq_model_training,
        stop,
        max_retries=settings.failure_max_retries,
        deadline_seconds=settings.training_deadline_seconds,
        heartbeat=heartbeat,
        watch=broker_watch(settings, sharing.consumer),
    )
    structlog.get_logger().info("consuming", topic=settings.topic_training_data, group=settings.consumer_group_id)
    sharing.run(loop)
    server.should_exit = True
    if renewal.due:
        structlog.get_logger().info("process_restarted", grown_mebibytes=settings.process_growth_mebibytes)
        replace_process()
    return 0
