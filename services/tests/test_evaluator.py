"""The evaluator: scores, when it decides, and that nothing makes it decide twice."""

import math

import pytest
from evaluator import pointer, run_of, success

from flts.common.consuming import Refused
from flts.evaluator.scoring import best, one_per_type
from flts.evaluator.settings import EvaluatorSettings


# Promise: evaluator-scores-promotes-best
def test_score_is_upstreams():
    assert run_of(rmse=2, mae=10, mse=100).score == pytest.approx(24)


def test_best_with_ties_and_missing_metrics():
    late, early = run_of("GRU", "late", end=9), run_of("LSTM", "early", end=3)
    assert best([early, late]).run_id == "late"
    assert best([run_of(rmse=None), run_of("LSTM", rmse=99)]).model_type == "LSTM"
    assert best([run_of(mse=math.nan), run_of(mae=math.inf)]) is None


def test_earliest_run_of_a_type_counts():
    assert one_per_type([run_of(run_id="b", end=5), run_of(run_id="a", end=4)])["GRU"].run_id == "a"


# Promise: evaluator-scores-promotes-best
def test_promotes_with_pointers_history_and_message(make, store, publisher, runs):
    runs.add(run_of(rmse=2, mae=10, mse=100))
    make().handle(success())
    promotion = pointer(store)
    assert promotion == pointer(store, "current.json")
    assert (promotion["run_id"], promotion["model_uri"]) == ("run-GRU", "runs:/run-GRU/GRU")
    assert (promotion["rmse"], promotion["score"]) == (2, 24)
    assert promotion["timestamp"].endswith("Z")
    assert publisher.sent == [("model-selected", "site", promotion)]
    assert promotion["series"] == "site"
    (history,) = store.keys("model-promotion", "global/hash/")
    assert history == f"global/hash/promotion-{promotion['timestamp'].replace(':', '-')}.json"
    assert pointer(store, history) == promotion


def test_identifier_has_its_own_pointer_and_others_are_ignored(make, store, publisher, runs):
    runs.add(run_of(), identifier="a")
    runs.add(run_of(), identifier="b")
    worker = make(identifier="a")
    worker.handle(success(identifier="b"))
    assert store.writes == []
    worker.handle(success(identifier="a"))
    assert store.keys("model-promotion", "current") == []
    assert pointer(store, "a/current.json")["identifier"] == "a"


# Promise: evaluator-waits-all-model
def test_waits_for_all_types_also_across_a_restart(make, store, publisher, runs):
    types = "GRU,LSTM,PROPHET"
    for kind, score in (("LSTM", 3.0), ("GRU", 2.0), ("PROPHET", 1.0)):
        assert store.writes == []
        runs.add(run_of(kind, rmse=score))
        make(types).handle(success(kind))
    assert pointer(store)["model_type"] == "PROPHET"
    assert pointer(store)["runs"] == {"GRU": "run-GRU", "LSTM": "run-LSTM", "PROPHET": "run-PROPHET"}
    assert len(publisher.sent) == 1


def test_repeated_events_and_repeated_trainings_do_not_promote_again(make, store, publisher, runs):
    runs.add(run_of())
    worker = make()
    worker.handle(success())
    worker.handle(success())
    runs.add(run_of(run_id="second", end=7, rmse=0.1))
    worker.handle(success())
    make().handle(success())
    assert len(publisher.sent) == 1
    assert len(store.keys("model-promotion", "global/hash/")) == 1


def test_a_late_event_of_an_old_generation_changes_nothing(make, store, publisher, runs):
    runs.add(run_of(run_id="old"), generation=1)
    runs.add(run_of(run_id="new"), generation=2)
    worker = make()
    worker.handle(success(generation=2))
    worker.handle(success(generation=1))
    assert pointer(store)["run_id"] == "new"
    assert len(publisher.sent) == 1


# Promise: services-decoupled-claim-checks
def test_replay_of_everything_leaves_the_newest_config_promoted(make, store, publisher, runs):
    runs.add(run_of(run_id="first"), config_hash="one")
    runs.add(run_of(run_id="second"), config_hash="two")
    events = [success(config_hash="one"), success(config_hash="two")]
    for event in events + events:
        make().handle(event)
    assert pointer(store)["run_id"] == "second"
    assert len(publisher.sent) == 2


@pytest.mark.parametrize("where", ["global/current", "model-selected", "/promotion-"])
def test_killed_in_the_middle_of_a_decision(make, store, publisher, runs, where):
    runs.add(run_of())
    store.fail_on = where
    publisher.fail_on = where
    with pytest.raises(ConnectionError):
        make().handle(success())
    store.fail_on = publisher.fail_on = None
    make().handle(success())
    (history,) = store.keys("model-promotion", "global/hash/")
    assert pointer(store, history) == pointer(store)
    assert {message["timestamp"] for message in publisher.on("model-selected")} == {pointer(store)["timestamp"]}


@pytest.mark.parametrize("where", ["current.json", "model-selected", "/promotion-"])
def test_an_interrupted_decision_is_completed_on_start_before_another_one(make, store, publisher, runs, where):
    runs.add(run_of(run_id="first", end=1), config_hash="one")
    runs.add(run_of(run_id="second", end=2), config_hash="two")
    store.fail_on = publisher.fail_on = where
    with pytest.raises(ConnectionError):
        make().handle(success(config_hash="one"))
    store.fail_on = publisher.fail_on = None
    restarted = make()
    restarted.check_waiting()
    restarted.handle(success(config_hash="two"))
    restarted.handle(success(config_hash="one"))
    assert [len(store.keys("model-promotion", f"global/{name}/")) for name in ("one", "two")] == [1, 1]
    assert pointer(store)["run_id"] == "second"


def test_a_pointer_that_is_no_pointer_is_replaced(make, store, runs):
    store.put("model-promotion", "global/current.json", b"--boundary\r\nContent-Disposition: form-data")
    runs.add(run_of())
    make().handle(success())
    assert pointer(store)["run_id"] == "run-GRU"


def test_bad_messages_and_runs_without_metrics_are_refused(make, store, runs):
    with pytest.raises(Refused, match="not a training event"):
        make().handle(b"{")
    runs.add(run_of(mse=None))
    with pytest.raises(Refused, match="nothing was promoted"):
        make().handle(success())
    assert store.writes == []


def test_running_events_are_not_decisions(make, store, runs):
    runs.add(run_of())
    make().handle(success(status="RUNNING"))
    assert store.writes == []


def test_unknown_types_are_a_settings_error():
    with pytest.raises(ValueError, match="allowed: GRU, LSTM, PROPHET"):
        EvaluatorSettings(expected_model_types="GRU,CNN")
