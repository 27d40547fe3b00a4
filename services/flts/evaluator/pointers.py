"""The promotion pointers in the object store and their history, which is also the memory of what was decided.

A decision is written in this order: model and spec, pointers, message, history. Each step may be repeated with the
same content, so a decision that was interrupted after its pointer is completed later; once the history holds it, it is
never taken again. Each object is written at once: S3 shows the old or the new one, never a part.
"""

import re
from datetime import datetime

import structlog

from flts.common.messages import Promotion
from flts.common.promotions import LARGEST_POINTER_BYTES, UPSTREAM_POINTER, PromotionKeys
from flts.common.storage import ObjectMissing, ObjectStore, put_json

_DECISION = re.compile(r"/(?:promotion|kept)-([^/]+Z)\.json$")


class PromotionStore:
    """Pointers of one pipeline. `scope` is the identifier or `global`.

    `unnamed`: the pipeline has no identifier, so readers of upstream look for its pointer without a scope as well.
    `default_series`: whose promotions upstream's pointer names; empty: those of the only series.
    """

    def __init__(self, store: ObjectStore, bucket: str, scope: str, *, unnamed: bool, default_series: str = "") -> None:
        self._store = store
        self._bucket = bucket
        self._keys = PromotionKeys(scope)
        self._unnamed = unnamed
        self._default_series = default_series
        self._has_several = False

    def current(self, series: str) -> Promotion | None:
        """The promotion that is served for a series; None where the pointer names none that can be read.

        A series that has no pointer yet takes over upstream's where that one is from before series had names.
        """
        found = self._read(self._keys.current(series), series)
        if found is not None or not series or not self._is_alone(series):
            return found
        return self._read(self._keys.upstream, "")

    def names(self) -> list[str]:
        """Series that have a pointer."""
        keys = self._store.keys(self._bucket, self._keys.all_series)
        return [name for name in map(self._keys.series_of, keys) if name]

    def all(self) -> list[Promotion]:
        """What is served for each series."""
        found = [self._read(self._keys.current(name), name) for name in self.names() or [""]]
        return [promotion for promotion in found if promotion is not None]

    def latest_of(self, config_hash: str) -> Promotion | None:
        """The last decision about a config hash that was completed: what was promoted, or what was not."""
        found = [
            Promotion.model_validate_json(self._store.get(self._bucket, keys[-1]).body)
            for keys in (
                self._store.keys(self._bucket, self._keys.history(config_hash)),
                self._store.keys(self._bucket, self._keys.kept(config_hash)),
            )
            if keys
        ]
        return max(found, key=lambda decided: decided.timestamp, default=None)

    def point_to(self, promotion: Promotion) -> None:
        """Write the pointer of the series, after what it named before; also upstream's where that is about it."""
        series = promotion.series
        before = self.current(series)
        if before is not None and before.run_id != promotion.run_id:
            self._put(self._keys.previous(series), before.model_copy(update={"series": series}))
        self._put(self._keys.current(series), promotion)
        if self._is_upstreams(series):
            if series:
                self._put(self._keys.upstream, promotion)
            if self._unnamed:
                self._put(UPSTREAM_POINTER, promotion)

    def remember(self, promotion: Promotion) -> None:
        """Write the history entry that completes the promotion."""
        self._put(self._history_key(promotion), promotion)

    def remembers(self, promotion: Promotion) -> bool:
        """Whether the promotion was completed."""
        return self._store.etag(self._bucket, self._history_key(promotion)) is not None

    def remember_kept(self, rejected: Promotion) -> None:
        """Write that a claim's best run was not promoted, so that this is not decided again."""
        self._put(f"{self._keys.kept(rejected.config_hash)}{_stamp(rejected)}.json", rejected)

    def last_decision(self) -> float:
        """When a claim was last decided, in seconds since 1970; 0 where none was."""
        stamps = [
            found[1] for found in map(_DECISION.search, self._store.keys(self._bucket, f"{self._keys.scope}/")) if found
        ]
        if not stamps:
            return 0.0
        day, _, time = max(stamps).partition("T")
        return datetime.fromisoformat(f"{day}T{time.replace('-', ':')}").timestamp()

    def offer(self, run: Promotion) -> None:
        """Write down a run that was compared, so that a canary can serve it."""
        self._put(self._keys.run(run.run_id), run)

    def _is_upstreams(self, series: str) -> bool:
        return series in ("", self._default_series) or self._is_alone(series)

    def _is_alone(self, series: str) -> bool:
        """Whether no other series has a pointer."""
        # Pointers are never deleted, so thousands of them are not listed for each promotion.
        self._has_several = self._has_several or not set(self.names()) <= {series}
        return not self._has_several

    def _history_key(self, promotion: Promotion) -> str:
        return f"{self._keys.history(promotion.config_hash)}{_stamp(promotion)}.json"

    def _read(self, key: str, series: str) -> Promotion | None:
        try:
            body = self._store.get(self._bucket, key, largest=LARGEST_POINTER_BYTES).body
            return self._keys.checked(Promotion.model_validate_json(body), series)
        except ObjectMissing:
            return None
        except ValueError as error:
            # Not ours. The next decision replaces it; refusing to decide would leave it there for ever.
            structlog.get_logger().error("pointer_unreadable", key=key, error=str(error))
            return None

    def _put(self, key: str, promotion: Promotion) -> None:
        put_json(self._store, self._bucket, key, promotion.model_dump(exclude_none=True))


def _stamp(promotion: Promotion) -> str:
    return promotion.timestamp.replace(":", "-")
