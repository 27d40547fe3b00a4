"""`python main.py`: consume claims and train until SIGTERM."""

import os

import structlog

from flts.common.consuming import ClaimLoop, group_consumer
from flts.common.health import Heartbeat, health_app, serve_in_background
from flts.common.logs import configure_logs
from flts.common.publisher import KafkaPublisher
from flts.common.settings import load_settings_or_exit
from flts.common.shutdown import stop_on_signals
from flts.common.storage import S3Store
from flts.training.settings import TrainingSettings

# Patience with a restarting MLflow: about a minute within a call; ClaimLoop waits out longer outages.
_MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    # It would print lines that are not JSON.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def main(arguments: list[str]) -> int:
    """Run the trainer; returns the exit status."""
    if arguments:
        print(f"unknown arguments {arguments}: the trainer takes none")
        return 1
    settings = load_settings_or_exit(TrainingSettings)
    configure_logs("trainer", settings.log_level, model_type=settings.model_type)
    for name, value in _MLFLOW_DEFAULTS.items():
        os.environ.setdefault(name, value)
    stop = stop_on_signals()
    # The probe must be answered while Keras and MLflow load, which takes seconds.
    heartbeat = Heartbeat()
    server = serve_in_background(health_app("trainer", heartbeat.alive), settings.health_port)
    from flts.training.tracking import MlflowTracker
    from flts.training.worker import TrainingWorker

    publisher = KafkaPublisher(settings.kafka_bootstrap_servers, settings.consumer_group_id)
    worker = TrainingWorker(settings, S3Store(), MlflowTracker(settings), publisher, stop)
    loop = ClaimLoop(
        group_consumer(settings.kafka_bootstrap_servers, settings.consumer_group_id, settings.topic_training_data),
        worker.handle,
        publisher,
        settings.topic_dlq_model_training,
        stop,
        max_retries=settings.failure_max_retries,
        heartbeat=heartbeat,
    )
    structlog.get_logger().info("consuming", topic=settings.topic_training_data, group=settings.consumer_group_id)
    loop.run()
    server.should_exit = True
    return 0
