"""A model type that never reports: when it is noticed, what is shown, and that it never leads to a second promotion."""

import pytest
from evaluator import pointer, run_of, success
from prometheus_client import REGISTRY

TYPES = "GRU,LSTM"
LIMIT = 100


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def waiting(make, clock):
    """A restarted worker that waits this long for the second type."""
    return lambda **options: make(TYPES, now=clock, type_timeout_seconds=LIMIT, **options)


def metric(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


def test_waiting_is_shown_and_ends_with_the_promotion(waiting, clock, runs):
    runs.add(run_of("GRU", end=1000_000))
    worker = waiting()
    worker.handle(success("GRU"))
    clock.seconds += 40
    worker.check_waiting()
    assert metric("evaluator_claims_waiting") == 1
    assert metric("evaluator_claims_timed_out") == 0
    assert metric("evaluator_oldest_waiting_claim_seconds") == 40
    runs.add(run_of("LSTM", end=1040_000))
    worker.handle(success("LSTM"))
    assert metric("evaluator_claims_waiting") == 0
    assert metric("evaluator_oldest_waiting_claim_seconds") == 0


def test_overdue_is_noticed_without_a_message_counted_once_and_not_promoted(waiting, clock, store, runs):
    before = metric("evaluator_type_timeouts_total", missing_type="LSTM") or 0
    runs.add(run_of("GRU", end=1000_000))
    worker = waiting()
    worker.handle(success("GRU"))
    clock.seconds += LIMIT + 1
    worker.check_waiting()
    worker.check_waiting()
    assert metric("evaluator_claims_timed_out") == 1
    assert metric("evaluator_type_timeouts_total", missing_type="LSTM") == before + 1
    assert store.writes == []


def test_the_time_counts_on_over_a_restart(waiting, clock, store, publisher, runs):
    runs.add(run_of("GRU", end=1000_000))
    waiting(promote_incomplete=True).handle(success("GRU"))
    clock.seconds += LIMIT + 1
    # Nothing is delivered again: the event was committed.
    waiting(promote_incomplete=True).check_waiting()
    assert pointer(store)["runs"] == {"GRU": "run-GRU"}
    assert len(publisher.on("model-selected")) == 1


def test_a_claim_that_became_complete_while_nobody_looked_is_decided_on_start(waiting, store, runs):
    runs.add(run_of("GRU", end=1000_000, rmse=2))
    runs.add(run_of("LSTM", end=1001_000, rmse=1))
    waiting().check_waiting()
    assert pointer(store)["model_type"] == "LSTM"


def test_a_late_type_after_the_promotion_of_the_best_so_far_changes_nothing(waiting, clock, store, publisher, runs):
    runs.add(run_of("GRU", end=1000_000, rmse=5))
    worker = waiting(promote_incomplete=True)
    worker.handle(success("GRU"))
    clock.seconds += LIMIT + 1
    worker.check_waiting()
    runs.add(run_of("LSTM", end=1200_000, rmse=1))
    worker.handle(success("LSTM"))
    worker.handle(success("GRU"))
    restarted = waiting(promote_incomplete=True)
    restarted.check_waiting()
    restarted.handle(success("LSTM"))
    assert pointer(store)["run_id"] == "run-GRU"
    assert len(publisher.on("model-selected")) == 1
    assert len(store.keys("model-promotion", "global/hash/")) == 1


def test_the_best_of_what_is_there_is_promoted(make, clock, store, runs):
    runs.add(run_of("GRU", end=1000_000, rmse=5))
    runs.add(run_of("LSTM", end=1001_000, rmse=4))
    worker = make("GRU,LSTM,PROPHET", now=clock, type_timeout_seconds=LIMIT, promote_incomplete=True)
    worker.handle(success("GRU"))
    clock.seconds += LIMIT
    worker.check_waiting()
    # The limit itself is still in time; counted from the first run, not from the second.
    assert store.writes == []
    clock.seconds += 1
    worker.check_waiting()
    assert pointer(store)["model_type"] == "LSTM"


def test_an_overdue_claim_does_not_take_the_place_of_a_newer_ones_model(waiting, clock, store, runs):
    runs.add(run_of("GRU", "old", end=1000_000), config_hash="old")
    runs.add(run_of("GRU", "new", end=1010_000), config_hash="new")
    runs.add(run_of("LSTM", "new-lstm", end=1020_000, rmse=9), config_hash="new")
    worker = waiting(promote_incomplete=True)
    worker.check_waiting()
    worker.handle(success("GRU", "old"))
    worker.handle(success("LSTM", "new"))
    clock.seconds += LIMIT + 1
    worker.check_waiting()
    assert pointer(store)["run_id"] == "new"
    assert store.keys("model-promotion", "global/old/") == []
    assert metric("evaluator_claims_waiting") == 0


def test_a_claim_trained_while_an_older_one_was_decided_still_waits(waiting, clock, store, runs):
    runs.add(run_of("GRU", "old", end=1000_000), config_hash="old")
    runs.add(run_of("GRU", "new", end=1010_000), config_hash="new")
    runs.add(run_of("LSTM", "old-lstm", end=1020_000, rmse=9), config_hash="old")
    waiting().handle(success("LSTM", "old"))
    restarted = waiting(promote_incomplete=True)
    restarted.check_waiting()
    assert metric("evaluator_claims_waiting") == 1
    clock.seconds += LIMIT + 11
    restarted.check_waiting()
    assert pointer(store)["run_id"] == "new"


def test_overdue_without_any_score_is_an_error_and_no_promotion(waiting, clock, store, runs):
    before = metric("evaluator_decisions_total", outcome="no_score")
    runs.add(run_of("GRU", end=1000_000, mse=None))
    worker = waiting(promote_incomplete=True)
    worker.handle(success("GRU"))
    clock.seconds += LIMIT + 1
    worker.check_waiting()
    worker.check_waiting()
    assert metric("evaluator_decisions_total", outcome="no_score") == before + 1
    assert store.writes == []


def test_a_run_without_a_score_loses_against_one_that_has(waiting, store, runs):
    runs.add(run_of("GRU", end=1, rmse=float("nan")))
    runs.add(run_of("LSTM", end=2, rmse=1e9))
    waiting().handle(success("LSTM"))
    assert pointer(store)["model_type"] == "LSTM"


def test_the_promoted_model_is_shown_also_after_a_restart(waiting, clock, runs):
    runs.add(run_of("GRU", end=1000_000, rmse=2, mae=10, mse=100))
    runs.add(run_of("LSTM", end=1000_000, rmse=99))
    waiting().handle(success("LSTM"))
    clock.seconds += 50
    waiting().check_waiting()
    assert metric("evaluator_last_promotion_score", model_type="GRU") == 24
    assert metric("evaluator_last_promotion_score", model_type="LSTM") is None
    assert metric("evaluator_last_promotion_timestamp_seconds") == 1000
