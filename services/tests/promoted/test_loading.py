"""Models are loaded when someone asks for their series, and make room for others."""

import threading

import pytest
from serving_models import (
    BUCKET,
    KEYS,
    promote,
)

from flts.forecasting.refusals import NoModel
from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.promoted import PromotedModels
from promoted.source import served


def test_only_the_preferred_series_is_loaded_before_it_is_asked_for(models, store, source, promoted):
    for name in ("c", "b", "a"):
        promote(store, f"run-{name}", name)
    promoted.refresh()
    assert source.loads == ["run-a"]
    assert models.load("b").version.run_id == "run-b"
    promote(store, "new-b", "b")
    promote(store, "new-c", "c")
    promoted.refresh()
    # A promotion of a series that nobody asked for costs nothing until someone does.
    assert source.loads == ["run-a", "run-b", "new-b"]
    assert models.load("c").version.run_id == "new-c"


def test_the_least_recently_used_model_makes_room(store, source):
    models = Models(default_series="a", most_in_memory=2)
    promoted = PromotedModels(models, Pointers(store, BUCKET, KEYS), source)
    for name in "abc":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    models.load("b")
    models.load("c")
    assert set(models.in_memory) == {"a", "c"}
    assert models.load("b").version.run_id == "run-b"
    assert set(models.in_memory) == {"a", "b"}


def test_one_series_bad_model_does_not_keep_the_others_from_being_followed(models, store, promoted):
    promote(store, "run-a", "a")
    promote(store, "run-b", "b")
    promoted.refresh()
    models.load("b")
    bad = promote(store, "bad", "a", step=0.2)
    store.put(BUCKET, bad.model.key, b"junk")
    promote(store, "good", "b")
    promoted.refresh()
    assert (served(models, "a"), served(models, "b")) == ("run-a", "good")


def test_many_callers_for_one_series_share_a_load(models, store, source, promoted):
    for name in "ab":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    callers = [threading.Thread(target=models.load, args=("b",)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert source.loads == ["run-a", "run-b"]


def test_a_series_that_cannot_be_loaded_is_not_tried_for_each_request(models, store, source, promoted):
    promote(store, "run-a", "a")
    bad = promote(store, "run-b", "b", step=0.2)
    promoted.refresh()
    store.put(BUCKET, bad.model.key, b"junk")
    for _ in range(5):
        with pytest.raises(NoModel, match="the promotion names"):
            models.load("b")
    assert source.loads.count("run-b") == 1
