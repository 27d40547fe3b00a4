"""Counts how often a configuration was processed, also over a restore of older data."""

from flts.common.storage import ObjectStore, put_json


class Generations:
    """The largest generation of a configuration is the name of an object, which a restore of an older one leaves alone.

    meta.json, which a restore puts back, would count again from what it was; the history of promotions and messages
    would then hold two different generations of one number.
    """

    def __init__(self, store: ObjectStore, bucket: str, prefix: str) -> None:
        self._store = store
        self._bucket = bucket
        self._prefix = f"{prefix}/generations/"

    def after(self, known: int) -> int:
        """The next one, after one that is known and all that were ever used."""
        return max(known, *self._used(), 0) + 1

    def use(self, generation: int) -> None:
        """Write that a generation is used; before anyone can hear of it."""
        put_json(self._store, self._bucket, f"{self._prefix}{generation}.json", {})
        for smaller in self._used():
            if smaller < generation:
                self._store.delete(self._bucket, f"{self._prefix}{smaller}.json")

    def _used(self) -> list[int]:
        names = [key.removeprefix(self._prefix) for key in self._store.keys(self._bucket, self._prefix)]
        numbers = [name.removesuffix(".json") for name in names]
        return [int(number) for number in numbers if number.isdecimal()]
