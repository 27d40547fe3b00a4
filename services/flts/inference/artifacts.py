"""Reads a promoted model from the promotion bucket: the very bytes that the promotion names by SHA-256."""

import hashlib

from pydantic import ValidationError

from flts.common.messages import LARGEST_ARTIFACT_BYTES, Promotion, StoredArtifact
from flts.common.promotions import MODEL_FILE, SERVING_FILE, PromotionKeys
from flts.common.serving import ServingSpec
from flts.common.storage import ObjectMissing, ObjectStore, ObjectTooLarge
from flts.forecasting.model import BadModel, ServingModel, version_of


class NotCopied(BadModel):
    """The promotion is from before 0.2.0 and names no objects; the evaluator completes it when it starts."""


class PromotedArtifacts:
    """Models of promotions of one pipeline."""

    def __init__(self, store: ObjectStore, bucket: str, keys: PromotionKeys) -> None:
        self._store = store
        self._bucket = bucket
        self._keys = keys

    def load(self, promotion: Promotion, threads: int) -> ServingModel:
        """Download and check a model; raises BadModel where it must not be served, and what the store raises."""
        if promotion.model is None or promotion.spec is None:
            raise NotCopied(
                f"the promotion of run {promotion.run_id} is from before 0.2.0 and names no objects; "
                "waiting for the evaluator, which completes it when it starts"
            )
        spec_bytes = self._read(promotion.spec, SERVING_FILE)
        try:
            spec = ServingSpec.model_validate_json(spec_bytes)
        except ValidationError as error:
            raise BadModel(f"{SERVING_FILE} is wrong: {error}") from error
        if spec.identifier != promotion.identifier:
            raise BadModel(f"{SERVING_FILE} is of the pipeline {spec.identifier!r}, not of {promotion.identifier!r}")
        return ServingModel(version_of(promotion), spec, self._read(promotion.model, MODEL_FILE), threads)

    def _read(self, stored: StoredArtifact, file: str) -> bytes:
        if not self._keys.is_artifact(stored, file):
            raise BadModel(f"{file} is said to be at {stored.key!r}, which is not where its SHA-256 puts it")
        try:
            content = self._store.get(self._bucket, stored.key, largest=LARGEST_ARTIFACT_BYTES).body
        except (ObjectMissing, ObjectTooLarge) as error:
            raise BadModel(str(error)) from error
        found = hashlib.sha256(content).hexdigest()
        if (found, len(content)) != (stored.sha256, stored.size):
            raise BadModel(
                f"{stored.key} has {len(content)} bytes of SHA-256 {found}; "
                f"the promotion names {stored.size} of {stored.sha256}"
            )
        return content
