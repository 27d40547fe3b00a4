"""Files that cannot be used: where people read the reason, and when a file is tried again."""

from concurrent.futures import ThreadPoolExecutor

from conftest import MemoryStore
from structlog.testing import capture_logs

from flts.preprocess import job, metrics
from watching.bucket import SETTINGS, claims, metric, rejection, upload, watcher_of


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
    assert metric("preprocess_series_rejected") == metric("preprocess_rejected_info", series="a") == 1


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
    assert metric("preprocess_rejected_info", series="a") is None


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


def test_an_unexpected_error_in_the_data_is_a_rejection_and_not_a_loop(store, publisher, look, short_csv, monkeypatch):
    upload(store, "a.csv", short_csv)

    def fails(*arguments):
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr(job, "process", fails)
    assert look()
    assert rejection(store, "a")["reason"] == "cannot be processed: ZeroDivisionError: nobody thought of it"


def test_some_of_many_rejected_series_are_named_by_a_metric():
    metrics.show_rejected(f"site-{number:04}" for number in range(1000))
    assert metric("preprocess_series_rejected") == 1000
    assert [metric("preprocess_rejected_info", series=f"site-{number:04}") for number in (0, 99, 100)] == [1, 1, None]
    metrics.show_rejected([])
    assert metric("preprocess_rejected_info", series="site-0000") is None
