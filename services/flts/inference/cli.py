"""`python main.py`: serve predictions until SIGTERM."""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from fastapi import FastAPI

from flts.common.promotions import PromotionKeys
from flts.common.service import start_service
from flts.common.storage import ObjectStore, S3Store
from flts.inference.announcements import Announcements
from flts.inference.api import inference_app
from flts.inference.artifacts import PromotedArtifacts
from flts.inference.inservice import Models
from flts.inference.newestrows import StoredRows
from flts.inference.performanceclaims import PerformanceClaims
from flts.inference.pinned import PinnedRun
from flts.inference.pointers import Pointers
from flts.inference.predictionlog import PredictionLog
from flts.inference.predictor import Predictor
from flts.inference.promoted import PromotedModels
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
        headers_seconds=settings.predict_body_seconds,
    ).run()
    return 0


def build_app(settings: InferenceSettings, leaving: threading.Event) -> FastAPI:
    """The app with everything that works beside it."""
    store = S3Store()
    models = Models(default_series=settings.default_series, most_in_memory=settings.models_in_memory)
    log = PredictionLog(
        store,
        settings.inference_log_bucket,
        settings.data_scope,
        settings.pod_name,
        flush_seconds=settings.log_flush_seconds,
        queue_size=settings.log_queue_size,
    )
    companions: list[Companion] = [log, *followers(settings, store, models)]
    predictor = Predictor(
        models,
        settings.data_scope,
        (lambda line: None) if settings.inference_disable_log_upload else log.add,
        limits=settings.limits,
        largest_batch=settings.predict_max_batch,
        irregular_passes=settings.predict_irregular_rows == "warn",
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for companion in companions:
            companion.start()
        yield
        for companion in reversed(companions):
            companion.stop()

    return inference_app(
        models,
        predictor,
        limits=settings.limits,
        page=settings.page,
        rows=StoredRows(store, settings.processed_bucket, settings.data_scope),
        leaving=leaving.is_set,
        lifespan=lifespan,
    )


def followers(settings: InferenceSettings, store: ObjectStore, models: Models) -> list[Companion]:
    """What keeps the models up to date. A pinned replica hears of nothing, and takes no claims from the others."""
    keys = PromotionKeys(settings.promotion_scope)
    pointers = Pointers(store, settings.promotion_bucket, keys)
    source = PromotedArtifacts(store, settings.promotion_bucket, keys)
    pinned = PinnedRun(pointers, settings.pinned_run_id) if settings.pinned_run_id else None
    promoted = PromotedModels(models, pinned or pointers, source, settings.onnx_threads)
    watch = Watch(promoted.refresh, models, settings.pointer_poll_seconds, settings.load_spread_seconds)
    if pinned:
        return [watch]
    announcements = Announcements(
        settings,
        f"inference-{settings.pod_name}",
        settings.consumer_group_id,
        settings.topic_model_selected,
        watch.wake,
    )
    return [watch, announcements, PerformanceClaims(settings, models, pointers, store)]
