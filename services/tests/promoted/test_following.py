"""Which models are in service: the promoted ones, if they work, else those before."""

import itertools

import pytest
from serving_models import (
    BUCKET,
    KEYS,
    make_promotion,
    promote,
)

from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.promoted import PromotedModels
from promoted.source import served


# Promise: inference-loads-was-promoted
@pytest.mark.parametrize("series", ["", "site"])
def test_follows_the_pointer_once_per_change(models, store, source, promoted, series):
    assert promoted.refresh() is False
    assert models.version is None
    promote(store, "one", series)
    assert promoted.refresh() is True
    assert promoted.refresh() is False
    promote(store, "two", series)
    assert promoted.refresh() is True
    assert source.loads == ["one", "two"]
    assert models.version.run_id == "two"


def test_a_pointer_that_is_missing_at_first_is_followed_once_it_is_there(models, store, promoted):
    promote(store, "one", "site")
    key = KEYS.current("site")
    body = store.objects.pop((BUCKET, key))
    promoted.refresh()
    assert models.current is None
    store.put(BUCKET, key, body)
    promoted.refresh()
    assert served(models, "site") == "one"


def test_objects_that_are_missing_at_first_are_asked_for_again(models, store, source, promoted, clock):
    promotion = promote(store, "one", "site")
    body = store.objects.pop((BUCKET, promotion.model.key))
    for _ in range(3):
        promoted.refresh()
    # Not in each look: a pause comes between.
    assert source.loads == ["one"]
    store.put(BUCKET, promotion.model.key, body)
    clock.seconds += 5
    promoted.refresh()
    assert served(models, "site") == "one"


def test_the_pauses_between_attempts_grow_and_differ_between_pods(store, source, clock):
    promotion = promote(store, "one", "site")
    del store.objects[BUCKET, promotion.spec.key]
    waited = []
    for _ in range(5):
        clock.seconds = 0
        follower = PromotedModels(Models(), Pointers(store, BUCKET, KEYS), source, now=clock)
        attempts = []
        while len(attempts) < 4:
            before = len(source.loads)
            follower.refresh()
            attempts += [clock.seconds] * (len(source.loads) - before)
            clock.seconds += 0.1
        gaps = [later - earlier for earlier, later in itertools.pairwise(attempts)]
        assert gaps[2] > gaps[0] >= 1
        waited.append(gaps[0])
    assert len({round(gap, 1) for gap in waited}) > 1


def test_an_outage_is_tried_again_at_once_when_it_is_over(models, store, source, promoted):
    promote(store, "one")
    source.outage = ConnectionError("the object store restarts")
    with pytest.raises(ConnectionError):
        promoted.refresh()
    source.outage = None
    assert promoted.refresh() is True
    assert models.version.run_id == "one"


def test_a_bad_model_is_refused_and_the_old_one_stays(models, store, promoted):
    promote(store, "one")
    promoted.refresh()
    promotion = promote(store, "two", step=0.2)
    store.put(BUCKET, promotion.model.key, b"junk")
    promoted.refresh()
    assert models.version.run_id == "one"


@pytest.mark.parametrize("broken", ["pointer", "model", "spec", "missing"])
def test_a_new_pod_serves_the_previous_promotion_until_the_newest_works(store, source, models, promoted, clock, broken):
    promote(store, "one", "site")
    promotion = promote(store, "two", "site", step=0.2)
    pointer = KEYS.current("site")
    key = {"pointer": pointer, "model": promotion.model.key, "spec": promotion.spec.key}.get(
        broken, promotion.model.key
    )
    right = store.objects[BUCKET, key]
    if broken == "missing":
        del store.objects[BUCKET, key]
    else:
        store.put(BUCKET, key, b"junk")
    promoted.refresh()
    assert served(models, "site") == "one"
    store.put(BUCKET, key, right)
    clock.seconds += 5
    promoted.refresh()
    assert served(models, "site") == "two"


def test_a_pointer_from_before_digests_is_waited_for(models, store, promoted):
    store.put(BUCKET, KEYS.upstream, make_promotion("old").to_bytes())
    promoted.refresh()
    assert models.current is None
    # What the evaluator does when it starts.
    promote(store, "old")
    promoted.refresh()
    assert models.version.run_id == "old"


def test_a_pointer_that_only_gained_facts_loads_nothing_again(models, store, source, promoted):
    promote(store, "one", "site")
    promoted.refresh()
    promote(store, "one", "site", below_floor=True)
    assert promoted.refresh() is False
    assert source.loads == ["one"]
    assert models.in_memory["site"].promotion.below_floor is True


def test_a_lost_pointer_removes_no_model(models, store, promoted):
    promote(store, "one", "site")
    promoted.refresh()
    del store.objects[BUCKET, KEYS.current("site")]
    promoted.refresh()
    assert (models.names, served(models, "site")) == (("site",), "one")


def test_the_unnamed_series_keeps_answering_while_it_gets_its_name(models, store, promoted):
    promote(store, "one")
    promoted.refresh()
    promote(store, "one", "site")
    models.know(["site"])
    assert models.current.version.run_id == "one"
    promoted.refresh()
    assert (models.names, models.version.run_id) == (("site",), "one")
