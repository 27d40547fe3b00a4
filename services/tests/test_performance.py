"""Claims on inference-data: the served model's errors on the held-out rows, reported once a claim."""

import json

import numpy as np
import pytest
from performance_worker import worker_over
from serving_models import BUCKET, KEYS, ROWS, in_service_with, make_model, make_promotion, make_spec

from flts.common.consuming import Refused
from flts.common.frames import FeatureFrame, write_frame
from flts.common.messages import DataClaim
from flts.common.shutdown import StopRequested
from flts.forecasting.model import ServingModel
from flts.inference.inservice import Models
from flts.inference.performance import PerformanceWorker

KEY = "default/hash/test.parquet"


@pytest.fixture
def claim(store):
    """Ten held-out rows whose target rises by 2 a row; the model forecasts a rise by 1."""
    transform = make_spec(b"").transform
    raw = np.column_stack([100 + 2.0 * np.arange(10), np.ones(10)])
    times = np.datetime64("2024-01-01T00:00", "ns") + np.arange(10) * np.timedelta64(120, "s")
    frame = FeatureFrame(times, transform.apply(raw, times), transform, "hash", "{}")
    etag = store.put("processed-data", KEY, write_frame(frame))
    return DataClaim(bucket="processed-data", object=KEY, size=1, etag=etag, config_hash="hash", generation=1)


def worker(store, publisher, stop, model: ServingModel | None, **settings) -> PerformanceWorker:
    return worker_over(in_service_with(model), store, publisher, stop, **settings)


def test_reports_the_errors_in_raw_units(store, publisher, stop, claim):
    worker(store, publisher, stop, make_model()).handle(claim.to_bytes())
    (report,) = publisher.on("performance-eval")
    assert {name: report[name] for name in ("operation", "status", "run_id", "model_type", "config_hash", "rows")} == {
        "operation": "Inference",
        "status": "SUCCESS",
        "run_id": "run-1",
        "model_type": "GRU",
        "config_hash": "hash",
        "rows": 10 - ROWS,
    }
    assert [report[name] for name in ("rmse", "mae", "mse")] == [pytest.approx(1, abs=1e-4)] * 3
    line = json.loads(store.get(report["log_bucket"], report["log_object_key"]).body)
    assert line["metrics"]["rows_predicted"] == 10 - ROWS
    assert line["samples"][0] == {
        "step": 0,
        "ts": "2024-01-01T00:06:00Z",
        "pred": pytest.approx(105, abs=1e-3),
        "actual": pytest.approx(106, abs=1e-3),
        "abs_err": pytest.approx(1, abs=1e-3),
    }


@pytest.mark.parametrize("learnt", [True, False])
def test_errors_on_rows_that_the_model_has_learnt_from_are_marked(store, publisher, stop, claim, learnt):
    model = make_model()
    model.spec = model.spec.model_copy(update={"learnt_held_out": learnt})
    worker(store, publisher, stop, model).handle(claim.to_bytes())
    (report,) = publisher.on("performance-eval")
    line = json.loads(store.get(report["log_bucket"], report["log_object_key"]).body)
    assert (report["in_sample"], line["metrics"]["in_sample"]) == (learnt, learnt)


def test_a_claim_delivered_twice_leaves_one_log_object(store, publisher, stop, claim):
    handler = worker(store, publisher, stop, make_model())
    handler.handle(claim.to_bytes())
    handler.handle(claim.to_bytes())
    assert len(store.keys("inference-logs", "default/")) == 1


def test_waits_for_the_model_of_the_data(store, publisher, claim):
    in_service = Models()

    class Stop:
        """Time passes: the promotion comes while the worker waits."""

        def wait(self, seconds):
            if in_service.current is None:
                in_service.serve(make_model(), 0.0)
            return False

    worker_over(in_service, store, publisher, Stop()).handle(claim.to_bytes())
    assert len(publisher.on("performance-eval")) == 1


def test_a_model_that_never_comes_is_a_dead_letter(store, publisher, stop, claim):
    with pytest.raises(Refused, match="PERFORMANCE_WAIT_SECONDS"):
        worker(store, publisher, stop, None, performance_wait_seconds=1e-6).handle(claim.to_bytes())


@pytest.mark.parametrize("kept", [1, 2])
def test_a_claim_whose_model_is_not_promoted_is_left_alone(store, publisher, stop, claim, kept):
    decided = make_promotion("worse", generation=kept, below_floor=True)
    store.put(BUCKET, f"{KEYS.kept('hash')}2024-01-01T00-00-00Z.json", decided.to_bytes())
    worker(store, publisher, stop, None).handle(claim.to_bytes())
    assert publisher.sent == []


def test_a_claim_of_a_series_is_about_that_series_model(store, publisher, stop, claim):
    models = Models()
    for series, step in (("one", 0.1), ("two", 0.3)):
        models.serve(make_model(f"run-of-{series}", step=step), 0.0, series)
    worker_over(models, store, publisher, stop).handle(claim.model_copy(update={"series": "two"}).to_bytes())
    (report,) = publisher.on("performance-eval")
    assert (report["run_id"], report["mae"]) == ("run-of-two", pytest.approx(1, abs=1e-4))


def test_a_stop_leaves_the_claim_to_another_replica(store, publisher, stop, claim):
    stop.set()
    with pytest.raises(StopRequested):
        worker(store, publisher, stop, None).handle(claim.to_bytes())
    assert publisher.sent == []


@pytest.mark.parametrize("changes", [{"etag": "older"}, {"identifier": "other"}])
def test_outdated_and_foreign_claims_are_left_alone(store, publisher, stop, claim, changes):
    worker(store, publisher, stop, make_model()).handle(claim.model_copy(update=changes).to_bytes())
    assert publisher.sent == []


def test_a_claim_older_than_the_model_is_left_alone(store, publisher, stop, claim):
    model = make_model()
    model.version = model.version._replace(generation=2)
    worker(store, publisher, stop, model).handle(claim.to_bytes())
    assert publisher.sent == []


@pytest.mark.parametrize("payload", [b"junk", b"{}"])
def test_what_is_no_claim_is_refused(store, publisher, stop, payload):
    with pytest.raises(Refused, match="not a claim"):
        worker(store, publisher, stop, make_model()).handle(payload)


def test_a_missing_or_foreign_object_is_refused(store, publisher, stop, claim):
    handler = worker(store, publisher, stop, make_model())
    store.put("processed-data", "junk", b"junk")
    for name in ("missing", "junk"):
        etag = store.etag("processed-data", name) or "x"
        with pytest.raises(Refused):
            handler.handle(claim.model_copy(update={"object": name, "etag": etag}).to_bytes())
