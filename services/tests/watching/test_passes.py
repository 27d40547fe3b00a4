"""One pass over the bucket, as `python main.py` makes it, and its command line."""

import pytest

from flts.preprocess.cli import parse, run_pass
from flts.preprocess.confighash import config_hash
from flts.preprocess.job import Action
from flts.preprocess.passing import Selection
from watching.bucket import SETTINGS, claims, upload


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
