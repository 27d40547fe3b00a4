"""`python main.py`: serve predictions until SIGTERM."""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from fastapi import FastAPI

from flts.common.service import start_service
from flts.common.storage import ObjectStore, S3Store
from flts.inference.announcements import Announcements
from flts.inference.api import inference_app
from flts.inference.artifacts import MlflowArtifacts
from flts.inference.inservice import ModelInService
from flts.inference.performanceclaims import PerformanceClaims
from flts.inference.pinned import PinnedModel
from flts.inference.predictionlog import PredictionLog
from flts.inference.predictor import Predictor
from flts.inference.promoted import PromotedModel
from flts.inference.server import DrainingServer
from flts.inference.settings import InferenceSettings
from flts.inference.watch import Watch

# Requests under way when the port closes get this long; the pod's grace period must be longer than this, the drain
# and the last upload of the prediction log (10 s) together.
_GRACE_SECONDS = 20


class Companion(Protocol):
    """Something that works beside the API."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def main(arguments: list[str]) -> int:
    """Run the API; returns the exit status."""
    settings = start_service("inference", InferenceSettings, arguments)
    leaving = threading.Event()
    structlog.get_logger().info(
        "serving",
        port=settings.health_port,
        scope=settings.promotion_scope,
        pinned_run_id=settings.pinned_run_id or None,
    )
    app = build_app(settings, leaving)
    # What was imported stays: collecting garbage among it would stop all requests for tens of milliseconds, every few
    # thousand of them.
    gc.collect()
    gc.freeze()
    DrainingServer(
        app,
        settings.health_port,
        leaving,
        drain_seconds=settings.drain_seconds,
        grace_seconds=_GRACE_SECONDS,
    ).run()
    return 0


def build_app(settings: InferenceSettings, leaving: threading.Event) -> FastAPI:
    """The app with everything that works beside it."""
    store = S3Store()
    in_service = ModelInService()
    log = PredictionLog(
        store,
        settings.inference_log_bucket,
        settings.data_scope,
        settings.pod_name,
        flush_seconds=settings.log_flush_seconds,
        queue_size=settings.log_queue_size,
    )
    companions: list[Companion] = [log, *followers(settings, store, in_service)]
    predictor = Predictor(
        in_service,
        settings.data_scope,
        (lambda line: None) if settings.inference_disable_log_upload else log.add,
        largest_batch=settings.predict_max_batch,
        most_waiting=settings.predict_max_waiting,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for companion in companions:
            companion.start()
        yield
        for companion in reversed(companions):
            companion.stop()

    return inference_app(
        in_service,
        predictor,
        largest_body_bytes=settings.predict_max_body_bytes,
        leaving=leaving.is_set,
        lifespan=lifespan,
    )


def followers(settings: InferenceSettings, store: ObjectStore, in_service: ModelInService) -> list[Companion]:
    """What keeps the model up to date. A pinned replica hears of nothing, and takes no claims from the others."""
    source = MlflowArtifacts(settings.mlflow_tracking_uri)
    if settings.pinned_run_id:
        pinned = PinnedModel(in_service, source, settings.pinned_run_id, settings.onnx_threads)
        return [Watch(pinned.refresh, in_service, settings.pointer_poll_seconds)]
    promoted = PromotedModel(
        in_service, store, source, settings.promotion_bucket, settings.promotion_scope, settings.onnx_threads
    )
    watch = Watch(promoted.refresh, in_service, settings.pointer_poll_seconds)
    announcements = Announcements(
        settings.kafka_bootstrap_servers,
        f"inference-{settings.pod_name}",
        settings.topic_model_selected,
        watch.wake,
    )
    return [watch, announcements, PerformanceClaims(settings, in_service, store)]
