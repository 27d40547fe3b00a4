"""Requests for many series: which model each gets, and that none waits for another's."""

import asyncio
import threading
import time

import pytest
from prometheus_client import REGISTRY
from serving_models import BUCKET, KEYS, make_model, make_promotion, make_version, promote

from flts.forecasting.refusals import NoModel, SeriesRequired, UnknownSeries
from flts.inference import metrics
from flts.inference.artifacts import PromotedArtifacts
from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.promoted import PromotedModels

SECONDS = 10


class SlowSource(PromotedArtifacts):
    """Loads of the named runs wait until they are let go."""

    def __init__(self, store, *slow):
        super().__init__(store, BUCKET, KEYS)
        self.slow = set(slow)
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.loads = []

    def load(self, promotion, threads):
        self.loads.append(promotion.run_id)
        if promotion.run_id in self.slow:
            self.begun.set()
            assert self.let_go.wait(SECONDS)
        return super().load(promotion, threads)


def following(store, source, **options):
    models = Models(**options)
    return models, PromotedModels(models, Pointers(store, BUCKET, KEYS), source)


def run_of(model):
    return model.version.run_id


def test_a_series_is_asked_for_by_name(store):
    models, promoted = following(store, SlowSource(store))
    for name in "ab":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    assert [run_of(asyncio.run(models.get(name))) for name in "ab"] == ["run-a", "run-b"]


@pytest.mark.parametrize("series", [None, ""])
def test_the_only_series_answers_requests_that_name_none(store, series):
    models, promoted = following(store, SlowSource(store))
    promote(store, "run-a", "a")
    promoted.refresh()
    assert run_of(asyncio.run(models.get(series))) == "run-a"


def test_the_default_series_answers_requests_that_name_none(store):
    models, promoted = following(store, SlowSource(store), default_series="b")
    for name in "ab":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    assert run_of(asyncio.run(models.get(None))) == "run-b"


def test_without_a_default_a_request_has_to_name_one_of_several(store):
    models, promoted = following(store, SlowSource(store))
    for name in "ab":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    with pytest.raises(SeriesRequired, match="there are a, b"):
        models.name_of(None)


def test_an_unknown_series_is_refused_with_those_that_are_there(store):
    models, promoted = following(store, SlowSource(store))
    for number in range(30):
        promote(store, f"run-{number}", f"site-{number:02d}")
    promoted.refresh()
    with pytest.raises(UnknownSeries, match=r"no series 'other'; there are site-00, .*, site-19 and 10 more"):
        models.name_of("other")


def test_a_default_series_that_is_not_there_yet_is_no_reason_to_answer_with_another(store):
    models, promoted = following(store, SlowSource(store), default_series="later")
    promote(store, "run-a", "a")
    promoted.refresh()
    assert models.current is not None
    with pytest.raises(NoModel, match="'later' has no model yet"):
        models.name_of(None)


def test_no_series_at_all_is_no_model(store):
    models, promoted = following(store, SlowSource(store))
    promoted.refresh()
    for series in (None, "a"):
        with pytest.raises(NoModel, match="no model is in service yet"):
            models.name_of(series)


def test_a_promotion_of_one_series_delays_no_request_for_another(store):
    source = SlowSource(store, "new-a")
    models, promoted = following(store, source)
    for name in "abc":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    asyncio.run(models.get("b"))
    promote(store, "new-a", "a")
    follower = threading.Thread(target=promoted.refresh)
    follower.start()
    assert source.begun.wait(SECONDS)
    started = time.monotonic()
    # Of another series in memory, of one that is loaded first, and of the promoted one, which has its model until then.
    assert [run_of(asyncio.run(models.get(name))) for name in "bca"] == ["run-b", "run-c", "run-a"]
    assert time.monotonic() - started < SECONDS / 2
    source.let_go.set()
    follower.join()
    assert run_of(asyncio.run(models.get("a"))) == "new-a"


def test_a_load_delays_no_request_for_another_series_and_is_shared_by_its_own(store):
    source = SlowSource(store, "run-b")
    models, promoted = following(store, source)
    for name in "abc":
        promote(store, f"run-{name}", name)
    promoted.refresh()

    async def requests():
        # More than there are threads that load.
        waiting = [asyncio.ensure_future(models.get("b")) for _ in range(20)]
        others = [run_of(await asyncio.wait_for(models.get(name), SECONDS)) for name in "ac"]
        gone = waiting.pop()
        gone.cancel()
        assert not any(one.done() for one in waiting)
        source.let_go.set()
        return others, {run_of(model) for model in await asyncio.gather(*waiting)}

    assert asyncio.run(requests()) == (["run-a", "run-c"], {"run-b"})
    assert source.loads.count("run-b") == 1


def test_a_request_keeps_its_model_when_that_makes_room(store):
    models, promoted = following(store, SlowSource(store), default_series="a", most_in_memory=2)
    for name in "abcd":
        promote(store, f"run-{name}", name)
    promoted.refresh()
    before = REGISTRY.get_sample_value("inference_models_evicted_total")
    kept = asyncio.run(models.get("b"))
    for name in "cd":
        asyncio.run(models.get(name))
    assert "b" not in models.in_memory
    assert run_of(kept) == "run-b"
    assert REGISTRY.get_sample_value("inference_models_evicted_total") == before + 2
    assert REGISTRY.get_sample_value("inference_models_in_memory") == 2


def test_metrics_say_which_models_are_in_memory_and_below_the_floor():
    models = Models(most_in_memory=1)

    def info(run_id, below):
        labels = {"model_type": "GRU", "config_hash": "hash", "series": "a", "run_id": run_id, "below_floor": below}
        return REGISTRY.get_sample_value("inference_model_info", labels)

    models.serve(make_model("info-1"), 0.0, "a", make_promotion("info-1", series="a", below_floor=True))
    assert info("info-1", "true") == 1
    models.serve(make_model("info-2"), 0.0, "a", make_promotion("info-2", series="a"))
    assert (info("info-1", "true"), info("info-2", "false")) == (None, 1)


def test_a_metric_has_the_runs_of_a_hundred_models_at_most():
    few, many = metrics.VersionLabels(most=2), metrics.VersionLabels(most=2)
    versions = [make_version(f"labelled-{number}") for number in range(3)]
    for version in versions:
        metrics.OUTCOMES.labels("success", *few.labels(version, series=1)).inc()
        assert many.labels(version, series=3) == ("GRU", "")
    counted = [
        REGISTRY.get_sample_value(
            "inference_jobs_outcome_total", {"outcome": "success", "model_type": "GRU", "run_id": version.run_id}
        )
        for version in versions
    ]
    assert counted == [None, 1, 1]


def test_what_promotions_say_is_known_without_loading_their_models(store):
    source = SlowSource(store)
    models, promoted = following(store, source)
    for name in "abc":
        promote(store, f"run-{name}", name, rmse=ord(name))
    store.put(BUCKET, KEYS.current("c"), b"junk")
    promoted.refresh()
    assert source.loads == ["run-a"]
    assert [models.facts_of(name) and models.facts_of(name).rmse for name in "abc"] == [97, 98, None]
    promote(store, "new-b", "b", rmse=1)
    promoted.refresh()
    assert models.facts_of("b").version.run_id == "new-b"


def test_metrics_of_a_thousand_series_stay_few():
    models = Models()
    for number in range(300):
        models.serve(make_model("many"), 0.0, f"many-{number}")
    (info,) = [metric for metric in REGISTRY.collect() if metric.name == "inference_model_info"]
    assert len([sample for sample in info.samples if sample.labels["run_id"] == "many"]) <= 100
