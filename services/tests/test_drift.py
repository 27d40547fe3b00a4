"""Forecasts that people got are compared with the rows that came later."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from conftest import MemoryStore
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from flts.common.frames import read_frame
from flts.common.predictionlogs import LogReader
from flts.preprocess import metrics
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.series import list_series
from flts.preprocess.settings import PreprocessSettings

pytestmark = pytest.mark.usefixtures("own_lock", "forgotten_drift")
RUN = "0a" * 16
FIRST_ROWS = 300
TODAY = f"{datetime.now(UTC):%Y%m%d}"


@pytest.fixture
def settings():
    return PreprocessSettings(output_seq_len=2)


@pytest.fixture
def process(settings, store, publisher):
    """Processes the series `site` whose file has so many rows of the sample, as a new pod."""

    def run(csv):
        store.put("dataset", "site.csv", csv)
        (series,) = list_series(store, "dataset", "").series
        return SeriesProcessor(settings, store, publisher).handle(series)

    return run


@pytest.fixture
def rows_of(sample_csv):
    return lambda count: b"\n".join(sample_csv.splitlines()[: count + 1])


@pytest.fixture
def frames(store, process, rows_of):
    """All rows of the first 400, processed; nothing of it stays in the store."""
    process(rows_of(400))
    found = [
        read_frame(store.objects["processed-data", key])
        for part in ("train", "test")
        for bucket, key in store.objects
        if bucket == "processed-data" and key.endswith(f"{part}.parquet")
    ]
    store.objects.clear()
    return found


@pytest.fixture
def actual(frames):
    """Raw values of the target by time."""
    times = np.concatenate([frame.times for frame in frames])
    values = np.concatenate(
        [frame.transform.target_to_raw(frame.features[:, frame.transform.target_index]) for frame in frames]
    )
    return dict(zip(times.astype("datetime64[s]").astype(str).tolist(), values.tolist(), strict=True))


@pytest.fixture
def target(frames):
    return frames[0].transform.target


@pytest.fixture
def promoted(store, actual):
    """A model of the first rows serves; its RMSE on held-out rows is 10."""
    pointer = {
        "config_hash": "abc",
        "series": "site",
        "run_id": RUN,
        "model_type": "GRU",
        "experiment": "flts",
        "model_uri": f"runs:/{RUN}/GRU",
        "rmse": 10.0,
        "mae": 1.0,
        "mse": 100.0,
        "score": 1.0,
        "timestamp": "2026-01-01T00:00:00Z",
        "weights": {},
        "last_row_time": sorted(actual)[FIRST_ROWS],
    }
    store.put("model-promotion", "global/series/site/current.json", json.dumps(pointer).encode())
    return pointer


@pytest.fixture
def log(store, actual, target):
    """Logs forecasts of two rows each that are off by so much, for every row after the first ones."""

    def write(off, key=f"default/{TODAY}/000000-pod-1.jsonl", *, run_id=RUN, start=FIRST_ROWS, zone=""):
        times = sorted(actual)
        lines = [
            {
                "series": "site",
                "run_id": run_id,
                "status": "SUCCESS",
                "predictions": [{"ts": f"{time}{zone}", target: actual[time] + off} for time in times[at : at + 2]],
            }
            for at in range(start, len(times) - 1)
        ]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        store.put("inference-logs", key, gzip.compress(body) if key.endswith(".gz") else body)

    return write


def ratio():
    return REGISTRY.get_sample_value("preprocess_drift_ratio", {"series": "site"})


def drifted():
    return REGISTRY.get_sample_value("preprocess_series_drifted")


def report(store):
    return json.loads(store.get("processed-data", "default/drift/site.json").body)


def test_forecasts_that_were_as_good_as_on_held_out_rows_have_not_drifted(promoted, log, process, rows_of, store):
    log(10.0)
    process(rows_of(400))
    assert ratio() == pytest.approx(1, abs=1e-6)
    assert drifted() == 0
    assert report(store)["run_id"] == RUN
    assert report(store)["rows"] > 150


# Promise: forecasts-compared-came
def test_forecasts_that_were_far_off_have_drifted_also_after_a_restart(promoted, log, process, rows_of):
    log(-35.0)
    process(rows_of(400))
    assert ratio() == pytest.approx(3.5, abs=1e-6)
    assert drifted() == 1
    metrics.DRIFT.forget("site")
    process(rows_of(400))
    assert ratio() == pytest.approx(3.5, abs=1e-6)
    assert drifted() == 1


@pytest.mark.parametrize("key", ["default/series/site/20260101-0a0a0a0a0a0a.jsonl.gz", None])
def test_compacted_and_other_logs_are_read_and_the_newest_forecast_of_a_row_counts(
    key, promoted, log, process, rows_of
):
    log(500.0, "default/series/site/20251231-0a0a0a0a0a0a.jsonl.gz")
    log(20.0, *([key] if key else []))
    process(rows_of(400))
    assert ratio() == pytest.approx(2, abs=1e-6)


def test_times_in_utc_are_those_of_the_data(promoted, log, process, rows_of):
    log(20.0, zone="Z")
    process(rows_of(400))
    assert ratio() == pytest.approx(2, abs=1e-6)


def test_rows_that_the_model_was_trained_on_do_not_count(promoted, log, process, rows_of):
    log(1000.0, start=0)
    log(10.0, f"default/{TODAY}/000001-pod-1.jsonl")
    process(rows_of(400))
    assert ratio() == pytest.approx(1, abs=0.01)


def test_without_forecasts_of_the_served_model_nothing_is_said(promoted, log, process, rows_of, store):
    log(1000.0, run_id="0b" * 16)
    process(rows_of(400))
    assert ratio() is None
    assert drifted() == 0
    assert (report(store)["rows"], report(store)["ratio"]) == (0, None)


def test_what_was_measured_is_forgotten_when_a_later_file_has_no_forecasts(promoted, log, process, rows_of, store):
    log(-35.0)
    process(rows_of(400))
    for bucket, key in list(store.objects):
        if bucket == "inference-logs":
            store.delete(bucket, key)
    process(rows_of(410))
    assert ratio() is None
    assert drifted() == 0


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"run_id": "%s"}' % RUN.encode(), b"\xff", b"null"])
def test_lines_that_are_no_forecasts_are_passed_over(line, promoted, log, process, rows_of, store):
    log(20.0)
    store.put("inference-logs", f"default/{TODAY}/000001-pod-1.jsonl", line + b"\n")
    process(rows_of(400))
    assert ratio() == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("broken", ["inference-logs", "model-promotion", "pointer", "gzip"])
def test_processing_goes_on_where_drift_cannot_be_measured(broken, promoted, log, process, rows_of, store, publisher):
    log(20.0)
    if broken == "pointer":
        store.put("model-promotion", "global/series/site/current.json", b"{")
    elif broken == "gzip":
        store.put("inference-logs", "default/series/site/20260101-0a0a0a0a0a0a.jsonl.gz", b"no gzip")
    else:
        refused = MemoryStore.get

        def get(bucket, *arguments, **options):
            if bucket == broken:
                raise ConnectionError("refused")
            return refused(store, bucket, *arguments, **options)

        store.get = get
    with capture_logs() as logs:
        assert process(rows_of(400)).outcome == "processed"
    assert publisher.on("training-data")
    assert any(line["event"] == "drift_not_measured" for line in logs) == (broken != "pointer")


def test_only_the_worst_of_many_series_are_shown():
    shown = metrics.DriftMetrics(most=2)
    for number in range(5):
        shown.set(f"s{number}", float(number), drifted=number > 2)
    assert ratio() is None
    assert REGISTRY.get_sample_value("preprocess_drift_ratio", {"series": "s4"}) == 4
    assert REGISTRY.get_sample_value("preprocess_drift_ratio", {"series": "s2"}) is None
    assert drifted() == 2
    for number in range(5):
        shown.forget(f"s{number}")
    assert drifted() == 0


def test_logs_of_two_days_and_of_one_series_are_read(store):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for key, body in (
        (f"default/{TODAY}/000000-pod-1.jsonl", b"d\ne\n"),
        (f"default/{yesterday:%Y%m%d}/230000-pod-1.jsonl", b"c\n"),
        ("default/20200101/230000-pod-1.jsonl", b"never\n"),
        (f"default/{TODAY}/held-out-1-{RUN}.jsonl", b"report\n"),
        ("default/series/site/20200101-0a0a0a0a0a0a.jsonl.gz", gzip.compress(b"a\nb\n")),
        ("default/series/site-2/20200101-0a0a0a0a0a0a.jsonl.gz", gzip.compress(b"other\n")),
    ):
        store.put("inference-logs", key, body)
    assert [line.strip() for line in LogReader(store, "inference-logs", "default").lines_of("site")] == [
        b"e",
        b"d",
        b"c",
        b"b",
        b"a",
    ]
