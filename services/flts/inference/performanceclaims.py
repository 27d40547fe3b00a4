"""Takes claims on `inference-data`, beside the API: each claim goes to one replica of the consumer group."""

import threading

import structlog

from flts.common.consuming import ClaimLoop, group_consumer
from flts.common.lostbrokers import broker_watch
from flts.common.publisher import KafkaPublisher
from flts.common.storage import ObjectStore
from flts.inference.inservice import Models
from flts.inference.performance import PerformanceWorker
from flts.inference.pointers import Pointers
from flts.inference.settings import InferenceSettings

_RESTART_SECONDS = 5.0
_LEAVE_SECONDS = 2.0


class PerformanceClaims:
    """Works on claims in a thread of its own, which nothing but a stop ends."""

    def __init__(self, settings: InferenceSettings, models: Models, pointers: Pointers, store: ObjectStore) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._publisher = KafkaPublisher(settings, f"inference-{settings.pod_name}")
        self._worker = PerformanceWorker(settings, models, pointers, store, self._publisher, self._stop)
        self._thread = threading.Thread(target=self._work, name="performance", daemon=True)

    def start(self) -> None:
        """Begin to take claims."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the consumer group, so that another replica gets an unfinished claim at once."""
        self._stop.set()
        self._thread.join(_LEAVE_SECONDS)

    def _work(self) -> None:
        settings = self._settings
        while not self._stop.is_set():
            try:
                consumer = group_consumer(settings, settings.consumer_group_id, settings.topic_inference_data)
                ClaimLoop(
                    consumer,
                    self._worker.handle,
                    self._publisher,
                    settings.topic_dlq_performance_eval,
                    self._stop,
                    max_retries=settings.failure_max_retries,
                    watch=broker_watch(settings, consumer),
                ).run()
            except Exception as error:
                # Forecasts continue without it, so the process does not end; and nobody else would start it again.
                structlog.get_logger().error("claims_interrupted", error=str(error), next_try_seconds=_RESTART_SECONDS)
                self._stop.wait(_RESTART_SECONDS)
