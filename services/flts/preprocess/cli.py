"""`python main.py` runs once and ends with 0 or 1; `python main.py serve` idles with /healthz for kubectl exec."""

import time

import structlog

from flts.common.health import health_app, serve_in_background
from flts.common.messages import DeadLetter
from flts.common.publisher import KafkaPublisher, Publisher, publish_dead_letter
from flts.common.service import start_service
from flts.common.shutdown import stop_on_signals
from flts.common.storage import ObjectStore, S3Store
from flts.preprocess.csvfile import CsvError
from flts.preprocess.job import PreprocessJob
from flts.preprocess.settings import PreprocessSettings


def main(arguments: list[str]) -> int:
    """Run once, or serve; returns the exit status."""
    settings = start_service("preprocess", PreprocessSettings, arguments, known=("serve",))
    if arguments:
        return serve(settings)
    publisher = KafkaPublisher(settings.kafka_bootstrap_servers, "preprocess")
    return run_once(settings, S3Store(), publisher)


def serve(settings: PreprocessSettings) -> int:
    """Answer /healthz until a stop is requested, so that the Deployment has a pod to exec into."""
    stop = stop_on_signals()
    server = serve_in_background(health_app("preprocess", alive=lambda: True), settings.health_port)
    stop.wait()
    server.should_exit = True
    return 0


def run_once(settings: PreprocessSettings, store: ObjectStore, publisher: Publisher) -> int:
    """Run the job; any failure is one error line and one dead letter."""
    logger = structlog.get_logger()
    started = time.monotonic()
    logger.info("process_start", train=settings.train_object, test=settings.test_object or None)
    try:
        outcome = PreprocessJob(settings, store, publisher).run()
    except Exception as error:
        expected = isinstance(error, CsvError)
        logger.error("failure", error=str(error) or repr(error), exc_info=not expected)
        _bury(settings, publisher, error)
        return 1
    logger.info("success", outcome=outcome, elapsed_seconds=round(time.monotonic() - started, 2))
    return 0


def _bury(settings: PreprocessSettings, publisher: Publisher, error: Exception) -> None:
    letter = DeadLetter(
        operation="preprocess",
        error=str(error) or repr(error),
        payload={
            "bucket": settings.input_bucket,
            "train_file": settings.train_object,
            "test_file": settings.test_object,
            "identifier": settings.identifier,
        },
    )
    try:
        publish_dead_letter(publisher, settings.topic_dlq_preprocess, letter)
    except Exception as problem:
        structlog.get_logger().warning("dead_letter_not_sent", error=str(problem))
