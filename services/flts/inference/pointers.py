"""Reads the promotion pointers of all series."""

from typing import NamedTuple, Protocol

from flts.common.messages import Promotion
from flts.common.promotions import LARGEST_POINTER_BYTES, PromotionKeys
from flts.common.storage import ObjectMissing, ObjectStore, ObjectTooLarge
from flts.forecasting.model import BadModel


class Pointer(NamedTuple):
    """What a pointer names, and the ETag of the object that says so."""

    promotion: Promotion
    etag: str


class PointerSource(Protocol):
    """Which model each series is to be served with."""

    def etags(self) -> dict[str, str]:
        """ETag of the pointer of each series; the series from before 0.2.0 has no name."""

    def read(self, series: str) -> Pointer | None:
        """The pointer of a series; None where it is not there any more; BadModel where it is not one of ours."""

    def previous(self, series: str) -> Promotion | None:
        """What was promoted before; None where nothing was; BadModel where it is not one of ours."""


class Pointers:
    """The pointers that the evaluator of a pipeline writes."""

    def __init__(self, store: ObjectStore, bucket: str, keys: PromotionKeys) -> None:
        self._store = store
        self._bucket = bucket
        self._keys = keys

    def etags(self) -> dict[str, str]:
        """See PointerSource.etags."""
        listed = self._store.etags(self._bucket, self._keys.all_series)
        named = {name: etag for key, etag in listed.items() if (name := self._keys.series_of(key))}
        if named:
            return named
        etag = self._store.etag(self._bucket, self._keys.upstream)
        return {} if etag is None else {"": etag}

    def read(self, series: str) -> Pointer | None:
        """See PointerSource.read."""
        return self.at(self._keys.current(series), series)

    def previous(self, series: str) -> Promotion | None:
        """See PointerSource.previous."""
        found = self.at(self._keys.previous(series), series)
        return found and found.promotion

    def run(self, run_id: str) -> Pointer | None:
        """A run that was compared, whether promoted or not."""
        return self.at(self._keys.run(run_id), "")

    def was_kept(self, config_hash: str, generation: int) -> bool:
        """Whether the evaluator decided about a claim, or a later one, to keep what is served."""
        keys = self._store.keys(self._bucket, self._keys.kept(config_hash))
        found = self.at(keys[-1], "") if keys else None
        return found is not None and found.promotion.generation >= generation

    def at(self, key: str, series: str) -> Pointer | None:
        """What an object says; None where there is none; BadModel where it is not about this pipeline and series."""
        try:
            stored = self._store.get(self._bucket, key, largest=LARGEST_POINTER_BYTES)
            promotion = self._keys.checked(Promotion.model_validate_json(stored.body), series)
        except ObjectMissing:
            return None
        except (ValueError, ObjectTooLarge) as error:
            raise BadModel(f"{key} is not a promotion of this pipeline: {error}") from error
        return Pointer(promotion, stored.etag)
