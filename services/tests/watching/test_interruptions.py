"""Kills, outages and other pods in the middle of the work: nothing is lost, and nothing is announced twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import MemoryPublisher

from flts.common.health import Heartbeat
from flts.common.storage import ObjectChanged
from flts.preprocess import job, watching
from flts.preprocess.cli import run_pass
from flts.preprocess.confighash import config_hash
from flts.preprocess.job import PreprocessJob
from flts.preprocess.passing import Selection
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.watching import Watcher
from watching.bucket import SETTINGS, Killed, claims, rejection, series_of, upload, watcher_of


def test_one_series_that_fails_holds_no_other_up(store, publisher, look, short_csv):
    for name in "abc":
        upload(store, f"{name}.csv", short_csv)
    replace = store.replace

    def refuses(bucket, key, body, content_type, etag):
        if f"/{config_hash(SETTINGS.of_series('b.csv', ''))}/" in key:
            raise PermissionError("no")
        return replace(bucket, key, body, content_type, etag)

    store.replace = refuses
    assert not look()
    assert claims(publisher) == [("a", 1), ("c", 1)]
    store.replace = replace
    assert look()
    assert claims(publisher) == [("a", 1), ("c", 1), ("b", 1)]


def test_an_unavailable_kafka_or_store_is_waited_out_without_a_rejection(store, publisher, look, short_csv):
    upload(store, "a.csv", short_csv)
    upload(store, "b.csv", short_csv)
    publisher.fail_on = "training-data"
    assert not look()
    assert not look()
    publisher.fail_on = None
    store.fail_on = ".parquet"
    assert not look()
    store.fail_on = None
    etags = store.children
    store.children = lambda *arguments: (_ for _ in ()).throw(ConnectionError("store is gone"))
    assert not look()
    store.children = etags
    assert look()
    assert claims(publisher) == [("a", 1), ("b", 1)]
    assert publisher.on("DLQ-preprocess") == []


@pytest.mark.parametrize("key", ["attempts.json", "quality.json", "train.parquet", "test.parquet", "meta.json"])
def test_a_kill_at_any_write_announces_the_data_once(store, publisher, stop, short_csv, key):
    upload(store, "a.csv", short_csv)
    put = store.put

    def dies(bucket, name, body, content_type):
        etag = put(bucket, name, body, content_type)
        if name.endswith(key):
            raise Killed
        return etag

    store.put = dies
    processor = SeriesProcessor(SETTINGS, store, publisher)
    with pytest.raises(Killed), ThreadPoolExecutor(max_workers=1) as executor:
        Watcher(SETTINGS, store, processor, stop, Heartbeat()).look(executor)
    store.put = put
    with ThreadPoolExecutor(max_workers=1) as executor:
        assert watcher_of(SETTINGS, store, publisher, stop).look(executor)
    assert claims(publisher) == [("a", 1)]


def test_an_input_that_kills_the_process_again_and_again_is_rejected_and_the_others_are_processed(
    store, publisher, stop, short_csv, monkeypatch
):
    upload(store, "a.csv", short_csv)
    upload(store, "b.csv", short_csv[:-300].rpartition(b"\n")[0])
    process = job.process
    lives = []

    def dies(settings, *rest):
        if settings.train_object == "a.csv":
            raise Killed
        return process(settings, *rest)

    monkeypatch.setattr(job, "process", dies)
    # A killed process deletes nothing.
    monkeypatch.setattr(store, "delete", lambda *arguments: None)
    for _ in range(SETTINGS.series_max_attempts):
        lives.append(1)
        with pytest.raises(Killed), ThreadPoolExecutor(max_workers=1) as executor:
            watcher_of(SETTINGS, store, publisher, stop).look(executor)
    monkeypatch.undo()
    with ThreadPoolExecutor(max_workers=1) as executor:
        assert watcher_of(SETTINGS, store, publisher, stop).look(executor)
    assert claims(publisher) == [("b", 1)]
    assert rejection(store, "a")["reason"].startswith(f"ended the process {len(lives)} times")
    # With more memory, asked for by name, it is tried again.
    assert run_pass(SETTINGS, store, publisher, Selection("a")) == 0
    assert claims(publisher) == [("b", 1), ("a", 1)]
    assert store.keys("dataset", "team-a/a.") == ["team-a/a.csv"]


def test_two_pods_at_once_publish_one_generation_for_one_input(store, short_csv, sample_csv):
    upload(store, "a.csv", short_csv)
    first, second = MemoryPublisher(), MemoryPublisher()
    replace = store.replace
    met = []

    def meanwhile(bucket, key, body, content_type, etag):
        if not met:
            # Just before the first pod's meta.json, another pod processes a newer file from beginning to end.
            met.append(1)
            upload(store, "a.csv", sample_csv)
            assert PreprocessJob(SETTINGS, store, second, series_of(store)).run() == "processed"
        return replace(bucket, key, body, content_type, etag)

    stale = series_of(store)
    store.replace = meanwhile
    with pytest.raises(ObjectChanged):
        PreprocessJob(SETTINGS, store, first, stale).run()
    assert (claims(first), claims(second)) == ([], [("a", 1)])


def test_a_pass_beside_the_watcher_waits_for_the_series_at_hand_and_does_it_no_second_time(
    store, publisher, stop, short_csv, monkeypatch
):
    upload(store, "a.csv", short_csv)
    process = job.process
    begun, prepared = threading.Event(), []

    def slow(*arguments):
        begun.set()
        prepared.append(1)
        time.sleep(0.3)
        return process(*arguments)

    monkeypatch.setattr(job, "process", slow)
    beside = MemoryPublisher()
    with ThreadPoolExecutor(max_workers=2) as executor:
        watching_once = executor.submit(
            lambda: watcher_of(SETTINGS, store, publisher, stop).look(ThreadPoolExecutor(max_workers=1))
        )
        assert begun.wait(10)
        assert executor.submit(run_pass, SETTINGS, store, beside).result() == 0
        assert watching_once.result()
    assert prepared == [1]
    assert claims(publisher) + claims(beside) == [("a", 1)]


def test_sigterm_finishes_the_series_at_hand_and_begins_no_other(store, publisher, stop, short_csv):
    for name in "ab":
        upload(store, f"{name}.csv", short_csv)
    publish = publisher.publish
    publisher.publish = lambda *message: (stop.set(), publish(*message))
    watcher_of(SETTINGS, store, publisher, stop).run()
    assert claims(publisher) == [("a", 1)]
    assert len(publisher.on("inference-data")) == 1
    assert [key.rpartition("/")[2] for key in store.writes][-2:] == ["published.json", "a.json"]


def test_work_on_a_series_beyond_its_deadline_loses_the_heartbeat(store, publisher, stop, short_csv, monkeypatch):
    upload(store, "a.csv", short_csv)
    monkeypatch.setattr(watching, "_TURN_SECONDS", 0.05)
    heartbeat = Heartbeat(limit_seconds=0.2)
    alive = []

    def hangs(*arguments):
        time.sleep(0.1)
        alive.append(heartbeat.alive())
        time.sleep(0.8)
        alive.append(heartbeat.alive())
        raise ValueError

    monkeypatch.setattr(job, "process", hangs)
    impatient = SETTINGS.model_copy(update={"series_deadline_seconds": 0.3})
    with ThreadPoolExecutor(max_workers=1) as executor:
        watcher_of(impatient, store, publisher, stop, heartbeat).look(executor)
    assert alive == [True, False]
