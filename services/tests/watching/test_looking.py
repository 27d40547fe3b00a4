"""What a look through the bucket processes, what it costs, and when the next one comes."""

import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from conftest import MemoryStore

from flts.preprocess.cli import serve
from flts.preprocess.confighash import config_hash
from flts.preprocess.job import PreprocessJob
from watching.bucket import SETTINGS, claims, metric, upload, watcher_of


def test_each_series_is_processed_once_and_again_when_it_changes(store, publisher, look, short_csv):
    upload(store, "b.csv", short_csv)
    upload(store, "a.csv", short_csv)
    assert look()
    assert claims(publisher) == [("a", 1), ("b", 1)]
    assert [key for topic, key, _ in publisher.sent if topic == "training-data"] == ["a", "b"]
    assert look()
    upload(store, "b.csv", short_csv[:-200].rpartition(b"\n")[0])
    upload(store, "c.csv", short_csv)
    assert look()
    assert claims(publisher) == [("a", 1), ("b", 1), ("b", 2), ("c", 1)]
    assert metric("preprocess_series") == 3


def test_the_config_hash_of_a_series_is_upstreams_for_its_files(store, publisher, look, short_csv, later_csv):
    upload(store, "PobleSec.csv", short_csv)
    upload(store, "PobleSec_test.csv", later_csv)
    assert look()
    (claim,) = publisher.on("training-data")
    # The golden vector of upstream.md §9 for its defaults.
    assert claim["config_hash"] == "6ce79cfae0029f0499e5ca7a14f996ee0fe8c7d4f2a4bbf2fe78d3ae6b155ea9"
    alone = SETTINGS.of_series("PobleSec.csv", "")
    MemoryStore.delete(store, "dataset", "team-a/PobleSec_test.csv")
    assert look()
    assert publisher.on("training-data")[1]["config_hash"] == config_hash(alone)


def test_ten_thousand_unchanged_keys_cost_ten_listing_requests_a_look(store, publisher, look, monkeypatch):
    for number in range(10_000):
        upload(store, f"site-{number}.csv", b"%d" % number)
    monkeypatch.setattr(PreprocessJob, "run", lambda self, action: "skipped")
    assert look()
    store.requests.clear()
    assert look()
    assert store.requests == {"list": 10}


def test_an_unchanged_series_is_not_downloaded_after_a_restart(store, publisher, stop, look, short_csv):
    upload(store, "a.csv", short_csv)
    upload(store, "b.csv", b"time,y\n")
    assert look()
    publisher.sent.clear()
    store.requests.clear()
    read = []
    get = store.get
    store.get = lambda bucket, key, etag=None: (read.append((bucket, key)), get(bucket, key, etag))[1]
    with ThreadPoolExecutor(max_workers=1) as executor:
        assert watcher_of(SETTINGS, store, publisher, stop).look(executor)
    assert publisher.sent == []
    assert [key for bucket, key in read if bucket == "dataset"] == ["team-a/b.rejected.json"]
    assert store.requests["put"] == 0


def test_a_listing_that_takes_long_is_repeated_less_often(store, publisher, stop):
    watcher = watcher_of(SETTINGS, store, publisher, stop)
    watcher._listing_seconds = 3.0
    assert watcher._pause(True) == 60.0
    watcher._listing_seconds = 0.1
    assert watcher._pause(True) == SETTINGS.dataset_poll_seconds == 15.0


def test_failed_looks_are_repeated_after_a_growing_pause(store, publisher, stop):
    watcher = watcher_of(SETTINGS, store, publisher, stop)
    assert [watcher._pause(False) for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert watcher._pause(True) == 15
    assert watcher._pause(False) == 2


def test_a_file_that_is_replaced_while_it_is_read_is_processed_with_the_new_rows(
    store, publisher, look, short_csv, sample_csv
):
    upload(store, "a.csv", short_csv)
    get = store.get

    def replaced(bucket, key, etag=None):
        if key == "team-a/a.csv":
            upload(store, "a.csv", sample_csv)
        return get(bucket, key, etag)

    store.get = replaced
    assert look()
    assert publisher.sent == []
    store.get = get
    assert look()
    (claim,) = publisher.on("training-data")
    assert claim["size"] == len(store.get("processed-data", claim["object"]).body)
    assert claims(publisher) == [("a", 1)]


def test_a_deleted_file_deletes_nothing_and_the_same_file_again_is_not_announced_again(
    store, publisher, look, short_csv
):
    upload(store, "a.csv", short_csv)
    assert look()
    MemoryStore.delete(store, "dataset", "team-a/a.csv")
    before = dict(store.objects)
    assert look()
    assert store.objects == before
    upload(store, "a.csv", short_csv)
    assert look()
    assert claims(publisher) == [("a", 1)]


def test_serve_watches_and_answers_until_it_is_stopped(store, publisher, short_csv, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stop = threading.Event()
    monkeypatch.setattr("flts.preprocess.cli.stop_on_signals", lambda: stop)
    quick = SETTINGS.model_copy(update={"dataset_poll_seconds": 0.05, "health_port": port})
    upload(store, "a.csv", short_csv)

    def read(path):
        end = time.monotonic() + 20
        while True:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.05)

    with ThreadPoolExecutor(max_workers=1) as executor:
        served = executor.submit(serve, quick, store, publisher)
        try:
            assert '"ok"' in read("/healthz")
            end = time.monotonic() + 20
            while not claims(publisher):
                assert time.monotonic() < end
                time.sleep(0.05)
            shown = read("/metrics")
        finally:
            stop.set()
        assert served.result(timeout=20) == 0
    assert claims(publisher) == [("a", 1)]
    for name in (
        "preprocess_outcomes_total",
        "preprocess_series_rejected",
        "preprocess_last_success_timestamp_seconds",
    ):
        assert name in shown
    # Other tests in this process have metrics of their own.
    assert not [line for line in shown.splitlines() if line.startswith("preprocess_") and 'series="a"' in line]
