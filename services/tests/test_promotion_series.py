"""Promotions of several series, over restores and updates: each is decided on its own, and names are kept."""

import json

import pytest
from evaluator import BUCKET, pointer, run_of, series_pointer, success
from serving_models import KEYS, last_plus, make_spec

from flts.common.messages import Promotion
from flts.inference.artifacts import PromotedArtifacts
from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.promoted import PromotedModels

UPSTREAMS = ("global/current.json", "current.json")


def old_pointer(store, run_id="old", config_hash="hash", **changes):
    """What an evaluator of 0.1.0 left."""
    promotion = {
        "identifier": "",
        "config_hash": config_hash,
        "generation": 1,
        "run_id": run_id,
        "model_type": "GRU",
        "experiment": "Default",
        "model_uri": f"runs:/{run_id}/GRU",
        "rmse": 1.0,
        "mae": 1.0,
        "mse": 1.0,
        "score": 1.0,
        "timestamp": "2024-01-01T00:00:00.000000Z",
        "weights": {"rmse": 0.5, "mae": 0.3, "mse": 0.2},
        "runs": {"GRU": run_id, "LSTM": "loser"},
    } | changes
    body = json.dumps(promotion).encode()
    for key in (*UPSTREAMS, f"global/{config_hash}/promotion-2024-01-01T00-00-00.000000Z.json"):
        store.put(BUCKET, key, body)
    store.writes.clear()


def test_each_series_has_its_pointer_and_message(make, store, publisher, runs):
    for name in ("a", "b"):
        runs.add(run_of(run_id=f"run-{name}"), config_hash=name, series=name)
        make().handle(success(config_hash=name, series=name))
    assert [series_pointer(store, name)["run_id"] for name in ("a", "b")] == ["run-a", "run-b"]
    assert [(key, message["series"]) for _, key, message in publisher.sent] == [("a", "a"), ("b", "b")]


def test_upstreams_pointers_are_of_the_only_series_and_not_of_a_second_one(make, store, runs):
    runs.add(run_of(run_id="one"), config_hash="a", series="a")
    make().handle(success(config_hash="a", series="a"))
    assert [pointer(store, key)["run_id"] for key in UPSTREAMS] == ["one", "one"]
    runs.add(run_of(run_id="two"), config_hash="b", series="b")
    make().handle(success(config_hash="b", series="b"))
    assert [pointer(store, key)["run_id"] for key in UPSTREAMS] == ["one", "one"]


def test_a_series_that_comes_second_does_not_take_over_the_first_ones_model(make, store, runs):
    runs.add(run_of(run_id="one", rmse=1, baseline=2), config_hash="a", series="a")
    runs.add(run_of(run_id="two", rmse=3, baseline=2), config_hash="b", series="b")
    worker = make()
    worker.handle(success(config_hash="a", series="a"))
    worker.handle(success(config_hash="b", series="b"))
    # It is the first of its series, whatever others have.
    assert series_pointer(store, "b")["below_floor"] is True
    assert store.etag(BUCKET, "global/series/b/previous.json") is None


def test_upstreams_pointers_follow_the_default_series(make, store, runs):
    for name in ("a", "b", "c"):
        runs.add(run_of(run_id=f"run-{name}"), config_hash=name, series=name)
        make(default_series="b").handle(success(config_hash=name, series=name))
    assert [pointer(store, key)["run_id"] for key in UPSTREAMS] == ["run-b", "run-b"]


def test_the_previous_promotion_of_a_series_is_kept_beside_its_pointer(make, store, runs):
    for generation in (1, 2):
        runs.add(run_of(run_id=f"run-{generation}", end=generation), generation=generation)
        make().handle(success(generation=generation))
    assert pointer(store, "global/series/site/previous.json")["run_id"] == "run-1"
    assert series_pointer(store, "site")["run_id"] == "run-2"


@pytest.mark.parametrize("where", ["/current.json", "model-selected", "/promotion-"])
def test_a_repeated_decision_does_not_become_its_own_previous_promotion(make, store, publisher, runs, where):
    runs.add(run_of(run_id="one", end=1), generation=1)
    make().handle(success(generation=1))
    runs.add(run_of(run_id="two", end=2), generation=2)
    store.fail_on = publisher.fail_on = where
    with pytest.raises(ConnectionError):
        make().handle(success(generation=2))
    store.fail_on = publisher.fail_on = None
    make().handle(success(generation=2))
    assert pointer(store, "global/series/site/previous.json")["run_id"] == "one"
    assert series_pointer(store, "site")["run_id"] == "two"


def test_a_start_finds_undecided_claims_of_every_series(make, store, runs):
    runs.add(run_of(run_id="a", end=50), config_hash="a", series="a")
    make().handle(success(config_hash="a", series="a"))
    # Older than what is served for a, but of another series.
    runs.add(run_of(run_id="b", end=10), config_hash="b", series="b")
    make().check_waiting()
    assert series_pointer(store, "b")["run_id"] == "b"


def test_a_start_leaves_claims_alone_that_a_newer_one_of_their_series_superseded(make, store, runs):
    runs.add(run_of(run_id="new", end=50), config_hash="new")
    make().handle(success(config_hash="new"))
    runs.add(run_of(run_id="old", end=10), config_hash="old")
    make().check_waiting()
    assert series_pointer(store, "site")["run_id"] == "new"


def test_a_claim_that_fails_holds_up_no_other_at_the_start(make, store, runs, monkeypatch):
    for name in ("a", "b"):
        runs.add(run_of(run_id=f"run-{name}"), config_hash=name, series=name)
    read = runs.read

    def failing(run_id, path):
        if run_id == "run-a":
            raise RuntimeError("MLflow answers something strange")
        return read(run_id, path)

    monkeypatch.setattr(runs, "read", failing)
    make().check_waiting()
    assert series_pointer(store, "b")["run_id"] == "run-b"


def test_an_outage_at_the_start_is_waited_out_with_nothing_left_out(make, store, runs, monkeypatch):
    runs.add(run_of())
    worker = make()
    monkeypatch.setattr(store, "fail_on", "/models/")
    with pytest.raises(ConnectionError):
        worker.check_waiting()
    monkeypatch.setattr(store, "fail_on", None)
    worker.check_waiting()
    assert series_pointer(store, "site")["run_id"] == "run-GRU"


def test_after_a_restore_a_generation_below_one_that_was_lost_is_promoted(make, store, publisher, runs):
    for generation in (3, 4, 5):
        runs.add(run_of(run_id=f"run-{generation}", end=generation), generation=generation)
        make().handle(success(generation=generation))
        if generation == 3:
            snapshot = dict(store.objects)
    # A restore puts back what was there; what came later stays in the bucket, and is gone from MLflow.
    store.objects |= snapshot
    runs.lose("run-4")
    runs.lose("run-5")
    restarted = make()
    restarted.check_waiting()
    assert series_pointer(store, "site")["run_id"] == "run-3"
    runs.add(run_of(run_id="reprocessed", end=9), generation=4)
    restarted.handle(success(generation=4))
    assert series_pointer(store, "site")["run_id"] == "reprocessed"
    # From now on this is what was decided, whatever the history holds from before.
    sent = len(publisher.sent)
    make().handle(success(generation=4))
    make().check_waiting()
    assert len(publisher.sent) == sent


def test_a_pointer_of_0_1_0_gets_its_models_digests_and_is_served_as_before(make, store, publisher, runs):
    for run_id, kind in (("old", "GRU"), ("loser", "LSTM")):
        runs.add(run_of(kind, run_id, model_sha256="", spec_sha256=""), series="")
    old_pointer(store)
    make().check_waiting()
    for key in (*UPSTREAMS, "global/hash/promotion-2024-01-01T00-00-00.000000Z.json"):
        migrated = Promotion.model_validate(pointer(store, key))
        assert (migrated.run_id, store.get(BUCKET, migrated.model.key).body) == ("old", b"model of old")
    assert pointer(store, "global/runs/loser.json")["model_type"] == "LSTM"
    assert publisher.sent == []
    writes = len(store.writes)
    make().check_waiting()
    assert len(store.writes) == writes


def test_inference_serves_what_0_1_0_promoted_once_the_evaluator_started_and_keeps_it_under_its_name(make, store, runs):
    content = last_plus(0.1, 1, 2)
    runs.add(run_of("GRU", "old", model_sha256="", spec_sha256=""), series="")
    runs.files["old", "GRU/model.onnx"] = content
    runs.files["old", "GRU/serving.json"] = make_spec(content).model_dump_json().encode()
    old_pointer(store)
    models = Models()
    inference = PromotedModels(models, Pointers(store, BUCKET, KEYS), PromotedArtifacts(store, BUCKET, KEYS))
    inference.refresh()
    assert models.current is None
    evaluator = make()
    evaluator.check_waiting()
    inference.refresh()
    assert (models.names, models.version.run_id) == (("",), "old")
    # Preprocess announces the data again, the trainers their runs; nobody trains.
    evaluator.handle(success(series="site"))
    inference.refresh()
    assert (models.names, models.version.run_id) == (("site",), "old")


def test_a_pointer_of_0_1_0_whose_run_is_gone_or_damaged_stays_and_does_not_stop_the_evaluator(make, store, runs):
    old_pointer(store)
    runs.add(run_of(run_id="new", end=2e12), config_hash="new", series="site")
    make().check_waiting()
    assert series_pointer(store, "site")["run_id"] == "new"


def test_a_promotion_of_0_1_0_gets_the_name_of_its_series_when_its_claim_is_announced_again(
    make, store, publisher, runs
):
    runs.add(run_of("GRU", "old", model_sha256="", spec_sha256=""), series="")
    old_pointer(store)
    worker = make()
    worker.check_waiting()
    worker.handle(success(series="site"))
    assert series_pointer(store, "site")["series"] == "site"
    assert pointer(store)["series"] == "site"
    assert publisher.sent == []
    # A second file is a series of its own: it does not take the place of the first.
    runs.add(run_of(run_id="other", end=2e12), config_hash="other", series="other")
    worker.handle(success(config_hash="other", series="other"))
    assert (series_pointer(store, "site")["run_id"], pointer(store)["run_id"]) == ("old", "old")
