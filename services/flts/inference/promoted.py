"""Keeps the promoted model in service: reads the pointer, loads what it names, refuses what does not work."""

import threading
from typing import Protocol

import structlog
from pydantic import ValidationError

from flts.common.messages import Promotion
from flts.common.storage import ObjectMissing, ObjectStore
from flts.inference import metrics
from flts.inference.model import BadModel, ServingModel

_FIRST_RETRY_SECONDS = 1.0


class ModelSource(Protocol):
    """Where models come from."""

    def load(self, promotion: Promotion, threads: int) -> ServingModel:
        """Download and check a model; BadModel where it must not be served."""


class PromotedModel:
    """The model in service. Reading `current` is atomic: a request keeps the model that it began with."""

    def __init__(
        self, store: ObjectStore, source: ModelSource, bucket: str, scope: str, *, poll_seconds: float, threads: int
    ) -> None:
        self._store = store
        self._source = source
        self._bucket = bucket
        self._key = f"{scope}/current.json"
        self._poll_seconds = poll_seconds
        self._threads = threads
        self._wake = threading.Event()
        self._stopped = False
        self._seen: str | None = None
        self.current: ServingModel | None = None
        self._logger = structlog.get_logger()

    def wake(self) -> None:
        """A promotion was announced: read the pointer now."""
        self._wake.set()

    def start(self) -> None:
        """Watch the pointer from a thread of its own."""
        threading.Thread(target=self._watch, name="pointer", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._wake.set()

    def refresh(self) -> bool:
        """Read the pointer and follow it; returns whether the model in service changed. Raises where a server fails."""
        try:
            stored = self._store.get(self._bucket, self._key)
        except ObjectMissing:
            return False
        if stored.etag == self._seen:
            return False
        try:
            promotion = Promotion.model_validate_json(stored.body)
            served = self.current
            if served is not None and served.promotion.run_id == promotion.run_id:
                self._seen = stored.etag
                return False
            model = self._source.load(promotion, self._threads)
        except (ValidationError, BadModel) as error:
            # Remembered, so that a bad model is refused once and not every few seconds.
            self._seen = stored.etag
            metrics.MODELS_REFUSED.inc()
            self._logger.error("model_refused", error=str(error), kept=self.current_run_id)
            return False
        self._seen = stored.etag
        self._serve(model)
        return True

    @property
    def current_run_id(self) -> str | None:
        """Run id of the model in service."""
        return self.current.promotion.run_id if self.current else None

    def _serve(self, model: ServingModel) -> None:
        promotion = model.promotion
        self.current = model
        metrics.MODEL_INFO.clear()
        metrics.MODEL_INFO.labels(promotion.run_id, promotion.model_type, promotion.config_hash).set(1)
        metrics.MODEL_READY.set(1)
        metrics.MODEL_SWAPS.inc()
        self._logger.info(
            "model_in_service",
            run_id=promotion.run_id,
            model_type=promotion.model_type,
            config_hash=promotion.config_hash,
        )

    def _watch(self) -> None:
        pause = _FIRST_RETRY_SECONDS
        while not self._stopped:
            try:
                self.refresh()
                # Without a model every moment counts; with one, messages tell what is new.
                wait = self._poll_seconds if self.current else min(self._poll_seconds, 2.0)
                pause = _FIRST_RETRY_SECONDS
            except Exception as error:
                self._logger.warning("pointer_not_followed", error=str(error), next_try_seconds=pause)
                wait, pause = pause, min(pause * 2, self._poll_seconds)
            self._wake.wait(wait)
            self._wake.clear()
