"""Keeps the promoted model in service: reads the pointer, loads what it names, refuses what does not work."""

import time
from typing import Protocol

import structlog
from pydantic import ValidationError

from flts.common.messages import Promotion
from flts.common.storage import ObjectMissing, ObjectStore
from flts.inference import metrics
from flts.inference.inservice import ModelInService
from flts.inference.model import BadModel, ModelVersion, ServingModel


class ModelSource(Protocol):
    """Where models come from."""

    def load(self, version: ModelVersion, threads: int) -> ServingModel:
        """Download and check a model; BadModel where it must not be served."""


class PromotedModel:
    """Follows the promotion pointer of a scope."""

    def __init__(
        self,
        in_service: ModelInService,
        store: ObjectStore,
        source: ModelSource,
        bucket: str,
        scope: str,
        threads: int = 1,
    ) -> None:
        self._in_service = in_service
        self._store = store
        self._source = source
        self._bucket = bucket
        self._key = f"{scope}/current.json"
        self._threads = threads
        self._seen: str | None = None

    def refresh(self) -> bool:
        """Read the pointer and follow it; returns whether the model in service changed. Raises where a server fails."""
        try:
            stored = self._store.get(self._bucket, self._key)
        except ObjectMissing:
            return False
        if stored.etag == self._seen:
            return False
        served = self._in_service.version
        try:
            version = version_of(Promotion.model_validate_json(stored.body))
            if served is None or served.run_id != version.run_id:
                started = time.perf_counter()
                model = self._source.load(version, self._threads)
                self._in_service.serve(model, time.perf_counter() - started)
        except (ValidationError, BadModel) as error:
            metrics.MODELS_REFUSED.inc()
            structlog.get_logger().error("model_refused", error=str(error), kept=served.run_id if served else None)
        # Also of a bad model, so that it is refused once and not every few seconds.
        self._seen = stored.etag
        return self._in_service.version != served


def version_of(promotion: Promotion) -> ModelVersion:
    """The model that a promotion names."""
    return ModelVersion(promotion.run_id, promotion.model_type, promotion.config_hash, promotion.generation)
