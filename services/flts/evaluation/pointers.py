"""The promotion pointer in the object store and its history, which is also the memory of what was decided.

A decision is written in this order: pointers, message, history. Each step may be repeated with the same content, so
a decision that was interrupted after its pointer is completed later; once the history holds it, it is never taken
again. Each object is written at once: S3 shows the old or the new one, never a part.
"""

import structlog
from pydantic import ValidationError

from flts.common.messages import Promotion
from flts.common.storage import ObjectMissing, ObjectStore, put_json


class PromotionStore:
    """Pointers of one pipeline. `scope` is the identifier or `global`."""

    def __init__(self, store: ObjectStore, bucket: str, scope: str, *, unnamed: bool) -> None:
        self._store = store
        self._bucket = bucket
        self._scope = scope
        self._unnamed = unnamed

    def current(self) -> Promotion | None:
        """The promotion that the pointer names now; None where it names none that can be read."""
        key = f"{self._scope}/current.json"
        try:
            return Promotion.model_validate_json(self._store.get(self._bucket, key).body)
        except ObjectMissing:
            return None
        except ValidationError as error:
            # Not ours. The next decision replaces it; refusing to decide would leave it there for ever.
            structlog.get_logger().error("pointer_unreadable", key=key, error=str(error))
            return None

    def latest_of(self, config_hash: str) -> Promotion | None:
        """The last promotion of a config hash that was completed."""
        keys = self._store.keys(self._bucket, f"{self._scope}/{config_hash}/promotion-")
        if not keys:
            return None
        return Promotion.model_validate_json(self._store.get(self._bucket, keys[-1]).body)

    def point_to(self, promotion: Promotion) -> None:
        """Write the pointer; also the one without a scope, which older readers know, where there is no identifier."""
        keys = [f"{self._scope}/current.json"] + (["current.json"] if self._unnamed else [])
        for key in keys:
            self._put(key, promotion)

    def remember(self, promotion: Promotion) -> None:
        """Write the history entry that completes the promotion."""
        self._put(self._history_key(promotion), promotion)

    def remembers(self, promotion: Promotion) -> bool:
        """Whether the promotion was completed."""
        return self._store.etag(self._bucket, self._history_key(promotion)) is not None

    def _history_key(self, promotion: Promotion) -> str:
        stamp = promotion.timestamp.replace(":", "-")
        return f"{self._scope}/{promotion.config_hash}/promotion-{stamp}.json"

    def _put(self, key: str, promotion: Promotion) -> None:
        put_json(self._store, self._bucket, key, promotion.model_dump())
