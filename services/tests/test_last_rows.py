"""The last row of each series in `GET /series`: that of its newest file, asked for rarely and never waited for long."""

import threading
import time
from contextlib import contextmanager

from fastapi.testclient import TestClient
from serving_models import make_promotion

from flts.common.recent import NewestRows, newest_rows_key
from flts.inference import lastrows
from flts.inference.api import inference_app
from flts.inference.inservice import Models
from flts.inference.lastrows import LastRows
from flts.inference.newestrows import StoredRows
from flts.inference.predictor import Predictor

BUCKET = "processed-data"
TRAINED = {"ts": "2024-01-01T00:04:00", "value": 120.5}
NEWEST = {"ts": "2024-01-02T00:00:00", "value": 131.0}


def put_rows(store, name, value=131.0, moment="2024-01-02T00:00:00"):
    """A file whose last rows do not follow each other: there is a last one anyway."""
    newest = NewestRows(series=name, target="a", rows=None, last_time=moment, last_value=value)
    store.put(BUCKET, newest_rows_key("default", name), newest.model_dump_json().encode())


@contextmanager
def listing(store, *names):
    """Asks what `GET /series` says about series that were promoted, in an app that keeps running between requests."""
    models = Models()
    models.know(list(names))
    for name in names:
        models.learn(name, make_promotion(last_row_time=TRAINED["ts"], last_row_value=TRAINED["value"]))
    rows = StoredRows(store, BUCKET, "default")
    app = inference_app(models, Predictor(models, "default", lambda line: None), rows=rows)
    with TestClient(app) as client:
        yield lambda: {entry["series"]: entry for entry in client.get("/series").json()["series"]}


# Promise: series-last-row
def test_the_last_row_is_that_of_the_newest_file_and_beside_it_stands_what_the_model_has_seen(store):
    put_rows(store, "one")
    with listing(store, "one", "two") as ask:
        entries = ask()
    assert (entries["one"]["last_row"], entries["one"]["trained_until"]) == (NEWEST, TRAINED["ts"])
    assert (entries["two"]["last_row"], entries["two"]["trained_until"]) == (TRAINED, TRAINED["ts"])


def test_a_target_that_was_not_measured_in_the_last_row_is_no_value(store):
    put_rows(store, "one", value=None)
    with listing(store, "one") as ask:
        assert ask()["one"]["last_row"] == {"ts": NEWEST["ts"]}


def test_a_store_that_fails_is_asked_once_and_the_models_rows_are_listed(store, monkeypatch):
    asked = []

    def get(bucket, key, **_):
        asked.append(key)
        raise ConnectionError("refused")

    monkeypatch.setattr(store, "get", get)
    with listing(store, "one", "two") as ask:
        assert [entry["last_row"] for entry in (*ask().values(), *ask().values())] == [TRAINED] * 4
    assert len(asked) == 1


def test_one_series_whose_rows_are_unreadable_keeps_no_other_from_its_own(store):
    store.put(BUCKET, newest_rows_key("default", "one"), b"{")
    put_rows(store, "two")
    with listing(store, "one", "two") as ask:
        assert [entry["last_row"] for entry in ask().values()] == [TRAINED, NEWEST]


def test_rows_are_read_again_after_half_a_minute(store):
    now = [100.0]
    put_rows(store, "one")
    rows = LastRows(StoredRows(store, BUCKET, "default"), lambda: now[0])
    rows._read(["one"])
    put_rows(store, "one", value=140.0)
    now[0] += 29
    rows._read(["one"])
    assert rows._known["one"][1].value == 131.0
    now[0] += 1
    rows._read(["one"])
    assert rows._known["one"][1].value == 140.0


def test_a_slow_store_delays_the_list_by_a_moment_and_gets_no_second_reader(store, monkeypatch):
    monkeypatch.setattr(lastrows, "_PATIENCE_SECONDS", 0.05)
    let_go, asked = threading.Event(), []
    read = store.get

    def get(bucket, key, **options):
        asked.append(key)
        assert let_go.wait(10)
        return read(bucket, key, **options)

    monkeypatch.setattr(store, "get", get)
    put_rows(store, "one")
    with listing(store, "one") as ask:
        for _ in range(3):
            assert ask()["one"]["last_row"] == TRAINED
        assert len(asked) == 1
        let_go.set()
        deadline = time.monotonic() + 10
        while ask()["one"]["last_row"] != NEWEST:
            assert time.monotonic() < deadline
    assert len(asked) == 1


def test_rows_of_very_many_series_are_not_all_kept(store, monkeypatch):
    monkeypatch.setattr(lastrows, "_MOST_KEPT", 3)
    rows = LastRows(StoredRows(store, BUCKET, "default"))
    rows._read([f"site-{number}" for number in range(10)])
    assert list(rows._known) == ["site-7", "site-8", "site-9"]
