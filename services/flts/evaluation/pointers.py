"""The promotion pointer in the object store and its history, which is also the memory of what was decided.

A decision is written in this order: pointers, message, history. Each step may be repeated with the same content, so
a decision that was interrupted anywhere is completed by the next delivery of its event; once the history holds it, it
is never taken again.
"""

from flts.common.messages import Promotion
from flts.common.storage import ObjectStore, get_json, put_json


class PromotionStore:
    """Pointers of one pipeline. `scope` is the identifier or `global`."""

    def __init__(self, store: ObjectStore, bucket: str, scope: str, *, unnamed: bool) -> None:
        self._store = store
        self._bucket = bucket
        self._scope = scope
        self._unnamed = unnamed

    def current(self) -> Promotion | None:
        """The promotion that the pointer names now."""
        value = get_json(self._store, self._bucket, f"{self._scope}/current.json")
        return None if value is None else Promotion.model_validate(value)

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
        stamp = promotion.timestamp.replace(":", "-")
        self._put(f"{self._scope}/{promotion.config_hash}/promotion-{stamp}.json", promotion)

    def _put(self, key: str, promotion: Promotion) -> None:
        put_json(self._store, self._bucket, key, promotion.model_dump())
