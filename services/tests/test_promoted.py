"""Which models are in service: the promoted ones, if they work, else those before; nothing that was tampered with."""

import itertools
import json
import threading

import pytest
from serving_models import (
    BUCKET,
    KEYS,
    ROWS,
    copied_promotion,
    last_plus,
    make_promotion,
    make_spec,
    make_version,
    promote,
    stored,
)

from flts.common.messages import LARGEST_ARTIFACT_BYTES
from flts.common.promotions import LARGEST_POINTER_BYTES
from flts.common.serving import SelfCheck
from flts.forecasting.model import BadModel, ServingModel
from flts.forecasting.refusals import NoModel
from flts.inference.artifacts import PromotedArtifacts
from flts.inference.inservice import Models
from flts.inference.pinned import PinnedRun
from flts.inference.pointers import Pointers
from flts.inference.predictionlog import PredictionLog
from flts.inference.promoted import PromotedModels


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class Source(PromotedArtifacts):
    """Counts what is loaded; `outage` is raised in place of the next loads."""

    def __init__(self, store):
        super().__init__(store, BUCKET, KEYS)
        self.loads = []
        self.outage = None

    def load(self, promotion, threads):
        self.loads.append(promotion.run_id)
        if self.outage:
            raise self.outage
        return super().load(promotion, threads)


@pytest.fixture
def source(store):
    return Source(store)


@pytest.fixture
def models():
    return Models()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def promoted(models, store, source, clock):
    return PromotedModels(models, Pointers(store, BUCKET, KEYS), source, now=clock)


def served(models, series=""):
    return models.in_memory[series].model.version.run_id if series in models.in_memory else None


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


TAMPERED_POINTERS = {
    "no JSON": lambda body: b"--boundary {}",
    "a run that leads elsewhere": lambda body: body.replace(b'"run-1"', b'"../x"'),
    "a path in the model's key": lambda body: body.replace(b"global/models/", b"global/models/../models/"),
    "another bucket's object": lambda body: body.replace(b"global/models/", b"mlflow/0/"),
    "another scope's object": lambda body: body.replace(b"global/models/", b"team-a/models/"),
    "another pipeline": lambda body: body.replace(b'"identifier":""', b'"identifier":"team-a"'),
    "another series": lambda body: body.replace(b'"series":"site"', b'"series":"other"'),
    "a series that leads elsewhere": lambda body: body.replace(b'"series":"site"', b'"series":"../site"'),
    "a size over the limit": lambda body: body.replace(b'"size":', b'"size":%d' % LARGEST_ARTIFACT_BYTES),
    "a digest that is none": lambda body: body.replace(b'"sha256":"', b'"sha256":"zz'),
    "a pointer over the limit": lambda body: body + b" " * LARGEST_POINTER_BYTES,
}


@pytest.mark.parametrize("change", TAMPERED_POINTERS.values(), ids=TAMPERED_POINTERS)
def test_a_tampered_pointer_is_refused(models, store, promoted, change):
    body = promote(store, series="site").to_bytes()
    changed = change(body)
    assert changed != body
    store.put(BUCKET, KEYS.current("site"), changed)
    promoted.refresh()
    assert models.current is None


def test_digests_that_do_not_belong_to_the_content_are_refused(models, store, source, promoted):
    promotion = promote(store, series="site")
    for changes in ({"sha256": "0" * 64}, {"size": 1}):
        wrong = promotion.model_copy(update={"model": promotion.model.model_copy(update=changes)})
        with pytest.raises(BadModel):
            source.load(wrong, 1)


@pytest.mark.parametrize("file", ["model", "spec"])
def test_an_object_that_was_changed_after_the_promotion_is_refused(models, store, promoted, file):
    promotion = promote(store, series="site")
    key = getattr(promotion, file).key
    # As long as the original, which has other bytes.
    store.put(BUCKET, key, bytes(reversed(store.get(BUCKET, key).body)))
    promoted.refresh()
    assert models.current is None


def test_an_object_over_the_limit_is_not_read(store, source):
    promotion = promote(store)
    store.put(BUCKET, promotion.model.key, b"x" * (LARGEST_ARTIFACT_BYTES + 1))
    with pytest.raises(BadModel, match="at most"):
        source.load(promotion, 1)


def test_a_spec_of_another_pipeline_is_refused(store, source):
    content = last_plus(0.1, 1, 2)
    spec = make_spec(content, identifier="team-a").model_dump_json().encode()
    promotion = copied_promotion(store, spec=stored(store, spec, "serving.json"))
    with pytest.raises(BadModel, match="of the pipeline 'team-a'"):
        source.load(promotion, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_sha256": "0"}, "SHA-256"),
        ({"config_hash": "other"}, "the run was to be"),
        ({"model_type": "LSTM"}, "the run was to be"),
        ({"features": ["b", "a"]}, "another order"),
        ({"self_check": SelfCheck(window=[[1.0, 1.0]] * ROWS, expected=[5.0])}, "answers its self-check"),
        ({"self_check": SelfCheck(window=[[1.0]] * ROWS, expected=[1.1])}, "shape"),
        ({"output_seq_len": 2}, "expects 1 rows of a model of 2"),
    ],
)
def test_models_that_must_not_be_served(changes, words):
    content = last_plus(0.1, 1, 2)
    with pytest.raises(BadModel, match=words):
        ServingModel(make_version(), make_spec(content, **changes), content)


def test_bytes_that_are_no_model():
    with pytest.raises(BadModel, match="does not load"):
        ServingModel(make_version(), make_spec(b"junk"), b"junk")


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


def test_only_the_preferred_series_is_loaded_before_it_is_asked_for(models, store, source, promoted):
    for name in ("c", "b", "a"):
        promote(store, f"run-{name}", name)
    promoted.refresh()
    assert source.loads == ["run-a"]
    assert models.load("b").version.run_id == "run-b"
    promote(store, "new-b", "b")
    promote(store, "new-c", "c")
    promoted.refresh()
    # A promotion of a series that nobody asked for costs nothing until somebody does.
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


def test_log_lines_become_new_objects(store):
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=3)
    log.start()
    for number in range(5):
        log.add({"number": number})
    log.flush()
    log.add({"number": 9})
    log.stop()
    keys = store.keys("inference-logs", "default/")
    assert len(keys) == len(set(store.writes)) == 2
    lines = [json.loads(line) for key in store.writes for line in store.get("inference-logs", key).body.splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2, 9]


def test_a_log_that_cannot_be_written_is_dropped(store):
    store.fail_on = "default"
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=3)
    log.add({"number": 1})
    log.flush()
    assert store.objects == {}
