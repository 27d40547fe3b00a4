"""`python main.py` makes one pass and ends with 0 or 1; `python main.py serve` watches the bucket."""

import argparse

import structlog

from flts.common.health import Heartbeat, health_app, serve_in_background
from flts.common.publisher import KafkaPublisher, Publisher
from flts.common.service import start_service
from flts.common.shutdown import stop_on_signals
from flts.common.storage import ObjectStore, S3Store
from flts.preprocess.job import Action
from flts.preprocess.passing import Pass, Selection
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.watching import Watcher


def main(arguments: list[str]) -> int:
    """Make one pass, or watch; returns the exit status."""
    chosen = parse(arguments)
    settings = start_service("preprocess", PreprocessSettings, [])
    publisher = KafkaPublisher(settings, "preprocess")
    if chosen.command == "serve":
        return serve(settings, S3Store(), publisher)
    selection = Selection(chosen.series, Action(reprocess=chosen.reprocess, resend=chosen.resend))
    return run_pass(settings, S3Store(), publisher, selection)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line; ends the process with status 2 and usage on a mistake."""
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Turns the CSVs in the bucket into Parquet and announces them: one pass, or serve.",
        epilog="Options that shape the data are environment variables: SCALER, TARGET_COLUMN and so on.",
    )
    parser.add_argument("command", nargs="?", choices=["serve"], help="watch the bucket until stopped")
    parser.add_argument("--series", metavar="NAME", help="process this series only, also if it was rejected")
    parser.add_argument("--reprocess", action="store_true", help="process and train again even where nothing changed")
    parser.add_argument(
        "--resend", action="store_true", help="publish the claims again, for a Kafka that lost its messages"
    )
    chosen = parser.parse_args(arguments)
    if chosen.command and (chosen.series is not None or chosen.reprocess or chosen.resend):
        parser.error("serve takes no options: run a second process for one pass")
    return chosen


def serve(settings: PreprocessSettings, store: ObjectStore, publisher: Publisher) -> int:
    """Watch the bucket until a stop is requested; a series that is being processed is finished first."""
    stop = stop_on_signals()
    heartbeat = Heartbeat()
    server = serve_in_background(health_app("preprocess", alive=heartbeat.alive), settings.health_port)
    structlog.get_logger().info(
        "watching",
        bucket=settings.input_bucket,
        prefix=settings.input_prefix,
        poll_seconds=settings.dataset_poll_seconds,
    )
    Watcher(settings, store, SeriesProcessor(settings, store, publisher), stop, heartbeat).run()
    server.should_exit = True
    return 0


def run_pass(
    settings: PreprocessSettings, store: ObjectStore, publisher: Publisher, selection: Selection | None = None
) -> int:
    """Make one pass; an unavailable server is one error line."""
    logger = structlog.get_logger()
    logger.info("process_start", bucket=settings.input_bucket, prefix=settings.input_prefix)
    try:
        return Pass(settings, store, SeriesProcessor(settings, store, publisher)).run(selection or Selection())
    except Exception as error:
        logger.error("failure", error=str(error) or repr(error), exc_info=True)
        return 1
