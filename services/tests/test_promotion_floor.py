"""Runs that are no better than the baselines or the champion: what of them is promoted, and how it is marked."""

import pytest
from evaluator import BUCKET, metric, pointer, run_of, series_pointer, success


@pytest.mark.parametrize(("floor", "promoted"), [("none", True), ("baseline", False), ("champion", False)])
def test_a_run_that_does_not_beat_repeating_the_last_value_is_promoted_only_without_a_floor(
    make, store, publisher, runs, floor, promoted
):
    before = metric("evaluator_decisions_total", outcome="below_floor")
    runs.add(run_of(run_id="good", end=1, rmse=1, baseline=2), generation=1)
    runs.add(run_of(run_id="bad", end=2, rmse=2, baseline=2), generation=2)
    worker = make(promotion_floor=floor)
    worker.handle(success(generation=1))
    worker.handle(success(generation=2))
    assert series_pointer(store, "site")["run_id"] == ("bad" if promoted else "good")
    assert len(publisher.sent) == 1 + promoted
    assert metric("evaluator_decisions_total", outcome="below_floor") == before + (not promoted)


@pytest.mark.parametrize(("seasonal", "promoted"), [(1.5, False), (2.5, True), (float("nan"), True)])
def test_a_run_that_does_not_beat_the_season_before_is_not_promoted_either(make, store, runs, seasonal, promoted):
    runs.add(run_of(run_id="good", end=1, rmse=1, baseline=3), generation=1)
    run = run_of(run_id="second", end=2, rmse=2, baseline=3)
    runs.add(run._replace(metrics=run.metrics | {"seasonal_rmse": seasonal}), generation=2)
    worker = make()
    worker.handle(success(generation=1))
    worker.handle(success(generation=2))
    assert series_pointer(store, "site")["run_id"] == ("second" if promoted else "good")


def test_what_was_kept_is_not_decided_again_and_is_in_the_history(make, store, publisher, runs):
    runs.add(run_of(run_id="good", end=1, rmse=1, baseline=2), generation=1)
    runs.add(run_of(run_id="bad", end=2, rmse=3, baseline=2), generation=2)
    make().handle(success(generation=1))
    make().handle(success(generation=2))
    (kept,) = store.keys(BUCKET, "global/hash/kept-")
    assert (pointer(store, kept)["run_id"], pointer(store, kept)["below_floor"]) == ("bad", True)
    writes = len(store.writes)
    make().handle(success(generation=2))
    make().check_waiting()
    assert len(store.writes) == writes
    runs.add(run_of(run_id="better", end=3, rmse=1, baseline=2), generation=3)
    make().handle(success(generation=3))
    assert series_pointer(store, "site")["run_id"] == "better"


def test_the_first_model_of_a_series_is_promoted_and_marked(make, store, publisher, runs):
    before = metric("evaluator_decisions_total", outcome="first_below_floor")
    runs.add(run_of(rmse=3, baseline=2))
    make().handle(success())
    assert series_pointer(store, "site")["below_floor"] is True
    assert publisher.on("model-selected")[0]["below_floor"] is True
    assert metric("evaluator_decisions_total", outcome="first_below_floor") == before + 1


def test_a_model_above_the_floor_is_not_marked(make, store, runs):
    runs.add(run_of(rmse=1, baseline=2))
    make().handle(success())
    promoted = series_pointer(store, "site")
    assert (promoted["below_floor"], promoted["baseline_rmse"]) == (False, 2)


@pytest.mark.parametrize(
    ("rows", "rmse", "promoted"),
    [("same", 0.9, True), ("same", 1.0, False), ("same", 1.1, False), ("other", 1.1, True), ("", 1.1, True)],
)
def test_the_champion_is_compared_on_the_same_held_out_rows_only(make, store, runs, rows, rmse, promoted):
    runs.add(run_of(run_id="champion", end=1, rmse=1, baseline=2, held_out_sha256="same"), generation=1)
    runs.add(run_of(run_id="challenger", end=2, rmse=rmse, baseline=2, held_out_sha256=rows), generation=2)
    worker = make(promotion_floor="champion")
    worker.handle(success(generation=1))
    worker.handle(success(generation=2))
    assert (series_pointer(store, "site")["run_id"] == "challenger") is promoted


def test_when_a_claim_was_last_decided_is_known_after_a_restart(make, runs):
    runs.add(run_of(run_id="good", end=1, rmse=1, baseline=2), generation=1)
    runs.add(run_of(run_id="bad", end=2, rmse=3, baseline=2), generation=2)
    make(now=lambda: 1000.0).handle(success(generation=1))
    make(now=lambda: 2000.0).handle(success(generation=2))
    make().check_waiting()
    assert metric("evaluator_last_decision_timestamp_seconds") == 2000
    assert metric("evaluator_last_promotion_timestamp_seconds") == 1000
