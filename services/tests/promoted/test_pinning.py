"""A pinned run is served in place of what is promoted."""

import pytest
from serving_models import (
    BUCKET,
    KEYS,
    copied_promotion,
    promote,
)

from flts.inference.pinned import PinnedRun
from flts.inference.pointers import Pointers
from flts.inference.promoted import PromotedModels


def test_a_pinned_run_is_served_in_place_of_its_series_promotion(models, store, source):
    pinned = PromotedModels(models, PinnedRun(Pointers(store, BUCKET, KEYS), "canary"), source)
    promote(store, "one", "site")
    promote(store, "other", "elsewhere")
    pinned.refresh()
    assert models.names == ()
    store.put(BUCKET, KEYS.run("canary"), copied_promotion(store, "canary", series="site").to_bytes())
    pinned.refresh()
    promote(store, "two", "site")
    pinned.refresh()
    assert models.load("site").version.run_id == "canary"
    assert models.load("elsewhere").version.run_id == "other"


@pytest.mark.parametrize("file", ["model", "spec"])
def test_a_pinned_run_that_was_changed_is_not_replaced_by_another(models, store, source, file):
    pinned = PromotedModels(models, PinnedRun(Pointers(store, BUCKET, KEYS), "canary"), source)
    promote(store, "one", "site")
    promote(store, "two", "site")
    canary = copied_promotion(store, "canary", series="site", step=0.3)
    store.put(BUCKET, KEYS.run("canary"), canary.to_bytes())
    store.put(BUCKET, getattr(canary, file).key, b"junk")
    pinned.refresh()
    assert models.current is None
