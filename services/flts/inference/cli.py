"""`python main.py`: serve predictions until SIGTERM."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from flts.common.logs import configure_logs
from flts.common.settings import load_settings_or_exit
from flts.common.storage import S3Store
from flts.inference.announcements import Announcements
from flts.inference.api import inference_app
from flts.inference.artifacts import MlflowArtifacts
from flts.inference.predictionlog import PredictionLog
from flts.inference.promoted import PromotedModel
from flts.inference.settings import InferenceSettings

# Requests under way at SIGTERM get this long; the pod's grace period must be longer.
_GRACE_SECONDS = 20
_KEEP_ALIVE_SECONDS = 60


def main(arguments: list[str]) -> int:
    """Run the API; returns the exit status."""
    if arguments:
        print(f"unknown arguments {arguments}: inference takes none")
        return 1
    settings = load_settings_or_exit(InferenceSettings)
    configure_logs("inference", settings.log_level)
    structlog.get_logger().info("serving", port=settings.health_port, scope=settings.promotion_scope)
    uvicorn.run(
        build_app(settings),
        host="0.0.0.0",
        port=settings.health_port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return 0


def build_app(settings: InferenceSettings) -> FastAPI:
    """The app with everything that runs beside it."""
    store = S3Store()
    promoted = PromotedModel(
        store,
        MlflowArtifacts(settings.mlflow_tracking_uri),
        settings.promotion_bucket,
        settings.promotion_scope,
        poll_seconds=settings.pointer_poll_seconds,
        threads=settings.onnx_threads,
    )
    announcements = Announcements(
        settings.kafka_bootstrap_servers,
        f"inference-{settings.pod_name}",
        settings.topic_model_selected,
        promoted.wake,
    )
    log = PredictionLog(
        store,
        settings.inference_log_bucket,
        settings.data_scope,
        settings.pod_name,
        flush_seconds=settings.log_flush_seconds,
        queue_size=settings.log_queue_size,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        promoted.start()
        announcements.start()
        log.start()
        yield
        announcements.stop()
        promoted.stop()
        log.stop()

    return inference_app(
        promoted,
        settings.data_scope,
        (lambda line: None) if settings.inference_disable_log_upload else log.add,
        max_concurrency=settings.predict_max_concurrency,
        lifespan=lifespan,
    )
