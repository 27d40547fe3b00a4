"""The watcher and the pass against fakes: what is processed, rejected, tried again and left alone."""

import json
import socket
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import SERVICES, MemoryPublisher, MemoryStore
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from flts.common.health import Heartbeat
from flts.common.storage import ObjectChanged
from flts.preprocess import job, onepass, watching
from flts.preprocess.cli import parse, run_pass, serve
from flts.preprocess.confighash import config_hash
from flts.preprocess.job import Action, PreprocessJob
from flts.preprocess.passing import Selection
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.series import list_series
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.watching import Watcher

SETTINGS = PreprocessSettings(identifier="team-a", input_prefix="team-a/")


class CountingStore(MemoryStore):
    """Counts requests as S3 would get them: a listing is one for each 1,000 keys."""

    def __init__(self):
        super().__init__()
        self.requests = Counter()

    def get(self, *arguments, **options):
        self.requests["get"] += 1
        return super().get(*arguments, **options)

    def put(self, *arguments, **options):
        self.requests["put"] += 1
        return super().put(*arguments, **options)

    def delete(self, *arguments):
        self.requests["delete"] += 1
        super().delete(*arguments)

    def children(self, bucket, prefix):
        found = super().children(bucket, prefix)
        self.requests["list"] += -(-max(len(found), 1) // 1000)
        return found


@pytest.fixture
def store():
    return CountingStore()


@pytest.fixture(autouse=True)
def _own_lock(monkeypatch, tmp_path):
    monkeypatch.setattr(onepass.tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.fixture
def short_csv(sample_csv):
    return b"\n".join(sample_csv.splitlines()[:300])


@pytest.fixture
def later_csv(sample_csv):
    """Rows after those of short_csv."""
    header, *rows = sample_csv.splitlines()
    return b"\n".join([header, *rows[300:400]])


@pytest.fixture
def look(store, publisher, stop):
    """Look through the bucket once, as one life of a pod; returns whether nothing failed."""
    watcher = watcher_of(SETTINGS, store, publisher, stop)

    def once():
        with ThreadPoolExecutor(max_workers=1) as executor:
            return watcher.look(executor)

    return once


def watcher_of(settings, store, publisher, stop, heartbeat=None):
    processor = SeriesProcessor(settings, store, publisher)
    return Watcher(settings, store, processor, stop, heartbeat or Heartbeat())


def upload(store, name, body):
    MemoryStore.put(store, "dataset", f"team-a/{name}", body)


def claims(publisher):
    return [(claim["series"], claim["generation"]) for claim in publisher.on("training-data")]


def rejection(store, name):
    return json.loads(MemoryStore.get(store, "dataset", f"team-a/{name}.rejected.json").body)


def metric(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


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


def test_a_file_that_cannot_be_used_is_rejected_where_people_look_and_changes_nothing(
    store, publisher, look, short_csv
):
    upload(store, "a.csv", short_csv)
    assert look()
    before = dict(store.objects)
    rejected = metric("preprocess_outcomes_total", outcome="rejected")
    publisher.sent.clear()
    bad = b"time,down\n2020-01-01,x\n"
    upload(store, "a.csv", bad)
    with capture_logs() as logs:
        assert look()
    recorded = rejection(store, "a")
    assert {name: recorded[name] for name in ("file", "line", "column", "value", "test_etag")} == {
        "file": "a.csv",
        "line": 2,
        "column": "down",
        "value": "x",
        "test_etag": None,
    }
    assert recorded["reason"]
    assert recorded["fix"]
    assert recorded["etag"] == store.etag("dataset", "team-a/a.csv")
    assert recorded["time"].endswith("Z")
    new = {("dataset", "team-a/a.csv"), ("dataset", "team-a/a.rejected.json")}
    assert {key: body for key, body in store.objects.items() if key not in new} == {
        key: body for key, body in before.items() if key not in new
    }
    ((topic, _, letter),) = publisher.sent
    assert (topic, letter["payload"]["series"], letter["payload"]["train_file"]) == ("DLQ-preprocess", "a", "a.csv")
    assert letter["error"].startswith("a.csv, line 2, column 'down'")
    (line,) = [log for log in logs if log["event"] == "series_rejected"]
    assert (line["file"], line["line"], line["column"], line["reason"]) == ("a.csv", 2, "down", recorded["reason"])
    assert metric("preprocess_outcomes_total", outcome="rejected") == rejected + 1
    assert metric("preprocess_series_rejected") == 1


def test_a_rejected_file_is_tried_again_only_when_it_or_the_options_change(store, publisher, stop, look, short_csv):
    upload(store, "a.csv", short_csv)
    without = SETTINGS.model_copy(update={"target_column": "absent"})

    def restarted(settings):
        with ThreadPoolExecutor(max_workers=1) as executor:
            return watcher_of(settings, store, publisher, stop).look(executor)

    assert restarted(without)
    assert restarted(without)
    assert len(publisher.on("DLQ-preprocess")) == 1
    assert restarted(SETTINGS)
    assert claims(publisher) == [("a", 1)]
    assert store.keys("dataset", "team-a/") == ["team-a/a.csv"]


def test_an_accepted_file_removes_its_rejection(store, publisher, look, short_csv, later_csv):
    upload(store, "a.csv", b"")
    upload(store, "a_test.csv", later_csv)
    assert look()
    assert look()
    assert len(publisher.on("DLQ-preprocess")) == 1
    upload(store, "a.csv", short_csv)
    assert look()
    assert look()
    assert claims(publisher) == [("a", 1)]
    assert store.keys("dataset", "team-a/a.rejected") == []
    assert metric("preprocess_series_rejected") == 0


def test_deleting_a_rejection_asks_for_another_try(store, publisher, look):
    upload(store, "a.csv", b"")
    assert look()
    MemoryStore.delete(store, "dataset", "team-a/a.rejected.json")
    assert look()
    assert len(publisher.on("DLQ-preprocess")) == 2
    assert rejection(store, "a")


def test_a_rejection_is_removed_with_its_file_and_a_users_object_of_such_a_name_is_not(store, publisher, look):
    upload(store, "bad name.csv", b"")
    upload(store, "notes.rejected.json", b'{"mine": 1}')
    upload(store, "other.rejected.json", b"\xff")
    assert look()
    assert rejection(store, "bad name")["file"] == "bad name.csv"
    MemoryStore.delete(store, "dataset", "team-a/bad name.csv")
    assert look()
    assert look()
    assert store.keys("dataset", "team-a/") == ["team-a/notes.rejected.json", "team-a/other.rejected.json"]


def test_a_rejection_that_cannot_be_written_is_reported_once(store, publisher, look):
    store.put = lambda *arguments: (_ for _ in ()).throw(ValueError("the key is too long"))
    upload(store, f"{'x' * 64}.csv", b"")
    assert look()
    assert look()
    assert len(publisher.on("DLQ-preprocess")) == 1


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


def test_an_unexpected_error_in_the_data_is_a_rejection_and_not_a_loop(store, publisher, look, short_csv, monkeypatch):
    upload(store, "a.csv", short_csv)

    def fails(*arguments):
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr(job, "process", fails)
    assert look()
    assert rejection(store, "a")["reason"] == "cannot be processed: ZeroDivisionError: nobody thought of it"


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


class Killed(BaseException):
    """Ends the process where it is."""


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


def series_of(store):
    (series,) = list_series(store, "dataset", "team-a/").series
    return series


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
    assert [key.rpartition("/")[2] for key in store.writes][-1] == "published.json"


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


def test_the_sample_is_uploaded_where_no_csv_ever_was(store, publisher, stop):
    wanted = SETTINGS.model_copy(update={"dataset_sample": True})
    MemoryStore.put(store, "dataset", "team-b/x.csv", b"another pipeline's")
    with ThreadPoolExecutor(max_workers=1) as executor:
        watcher = watcher_of(wanted, store, publisher, stop)
        assert watcher.look(executor)
        sample = (SERVICES / "sample" / "sample.csv").read_bytes()
        assert store.objects["dataset", "team-a/sample.csv"] == sample
        assert claims(publisher) == [("sample", 1)]
        # Who deletes all files keeps the served model.
        MemoryStore.delete(store, "dataset", "team-a/sample.csv")
        assert watcher.look(executor)
    assert ("dataset", "team-a/sample.csv") not in store.objects


@pytest.mark.parametrize("name", ["sample.csv", "other.csv", "not a name.csv"])
def test_the_sample_is_not_uploaded_beside_or_over_a_users_csv(store, publisher, stop, short_csv, name):
    upload(store, name, short_csv)
    wanted = SETTINGS.model_copy(update={"dataset_sample": True})
    run_pass(wanted, store, publisher)
    csvs = [key for key in store.keys("dataset", "team-a/") if key.endswith(".csv")]
    assert csvs == [f"team-a/{name}"]
    assert store.objects["dataset", f"team-a/{name}"] == short_csv


def test_an_upload_that_comes_just_before_the_sample_wins(store, publisher, short_csv):
    wanted = SETTINGS.model_copy(update={"dataset_sample": True})
    keys = store.keys

    def uploads_meanwhile(bucket, prefix):
        upload(store, "sample.csv", short_csv)
        return keys(bucket, prefix)

    store.keys = uploads_meanwhile
    assert run_pass(wanted, store, publisher) == 0
    assert store.objects["dataset", "team-a/sample.csv"] == short_csv


def test_a_pass_is_over_all_series_and_fails_if_one_is_rejected(store, publisher, short_csv, capsys):
    upload(store, "b.csv", short_csv)
    upload(store, "c.csv", short_csv)
    assert run_pass(SETTINGS, store, publisher) == 0
    upload(store, "a.csv", b"")
    assert run_pass(SETTINGS, store, publisher) == 1
    # Still rejected: reported and not tried again.
    capsys.readouterr()
    assert run_pass(SETTINGS, store, publisher) == 1
    assert "series_still_rejected" in capsys.readouterr().out
    assert claims(publisher) == [("b", 1), ("c", 1)]
    assert len(publisher.on("DLQ-preprocess")) == 1


def test_a_pass_for_one_series_leaves_the_others_alone(store, publisher, short_csv, capsys):
    upload(store, "a.csv", short_csv)
    upload(store, "b.csv", short_csv)
    assert run_pass(SETTINGS, store, publisher, Selection("b")) == 0
    assert claims(publisher) == [("b", 1)]
    assert run_pass(SETTINGS, store, publisher, Selection("c")) == 1
    assert "team-a/c.csv: there is no such file in bucket 'dataset'; upload it" in capsys.readouterr().out


def test_reprocess_and_resend_are_asked_for_by_argument(store, publisher, short_csv):
    upload(store, "a.csv", short_csv)
    assert run_pass(SETTINGS, store, publisher) == 0
    assert run_pass(SETTINGS, store, publisher, Selection(action=Action(resend=True))) == 0
    assert run_pass(SETTINGS, store, publisher, Selection(action=Action(reprocess=True))) == 0
    assert claims(publisher) == [("a", 1), ("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("environment", "files"),
    [
        ({"train_file": "a.csv"}, ("a.csv", "")),
        ({"train_file": "a.csv", "test_file": "b.csv"}, ("a.csv", "b.csv")),
        ({"dataset_name": "a"}, ("a.csv", "a_test.csv")),
    ],
)
def test_upstreams_variables_name_the_one_series_of_a_pass(store, publisher, short_csv, later_csv, environment, files):
    for name, body in (("a", short_csv), ("a_test", later_csv), ("b", later_csv)):
        upload(store, f"{name}.csv", body)
    named = SETTINGS.model_copy(update=environment)
    assert run_pass(named, store, publisher) == 0
    (claim,) = publisher.on("training-data")
    assert claim["config_hash"] == config_hash(SETTINGS.of_series(*files))


def test_a_pass_over_an_empty_bucket_says_so(store, publisher, capsys):
    assert run_pass(SETTINGS, store, publisher) == 0
    assert "upload a CSV" in capsys.readouterr().out


def test_a_pass_without_a_store_or_kafka_fails_with_an_error(store, publisher, short_csv, capsys):
    upload(store, "a.csv", short_csv)
    publisher.fail_on = "training-data"
    assert run_pass(SETTINGS, store, publisher) == 1
    assert "Kafka is gone" in capsys.readouterr().out
    store.children = lambda *arguments: (_ for _ in ()).throw(ConnectionError("store is gone"))
    assert run_pass(SETTINGS, store, publisher) == 1
    assert "store is gone" in capsys.readouterr().out


def test_a_pass_processes_what_took_the_place_of_a_file_meanwhile(store, publisher, short_csv, sample_csv):
    upload(store, "a.csv", short_csv)
    get = store.get

    def replaced(bucket, key, etag=None):
        if key == "team-a/a.csv" and store.objects["dataset", key] == short_csv:
            upload(store, "a.csv", sample_csv)
        return get(bucket, key, etag)

    store.get = replaced
    assert run_pass(SETTINGS, store, publisher) == 0
    assert claims(publisher) == [("a", 1)]


@pytest.mark.parametrize(
    "arguments", [["serve", "--resend"], ["serve", "--series", "a"], ["other"], ["--series"], ["--unknown"]]
)
def test_a_wrong_command_line_ends_with_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "usage: main.py" in capsys.readouterr().err


def test_the_command_line_has_the_one_off_actions():
    chosen = parse(["--series", "a", "--reprocess", "--resend"])
    assert (chosen.series, chosen.reprocess, chosen.resend, chosen.command) == ("a", True, True, None)
    assert parse(["serve"]).command == "serve"


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
    assert 'series="a"' not in shown
