"""The benchmark of many series, in small."""

import json
import subprocess

import pytest

from benchmarks.folder import FolderStore
from benchmarks.series import Measured, main, measure, synthetic, table
from benchmarks.stages import STAGES, Part, Progress, families, run_stage, stages_of
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectTooLarge


def test_synthetic_series_are_processed(tmp_path):
    store = FolderStore(tmp_path)
    for number in range(2):
        store.put("dataset", f"site-{number}.csv", synthetic(number), "text/csv")
    measured = run_stage("preprocess", tmp_path, 2)
    assert measured.done == 2
    assert measured.cpu_seconds > 0
    assert measured.mebibytes > 10
    assert len((tmp_path / "training-data.jsonl").read_bytes().splitlines()) == 2
    assert synthetic(0) != synthetic(1)


def test_the_table_has_a_line_for_each_service_and_number_and_the_slopes():
    results = [
        Measured(stage, count, 2.0 * count, 100.0 + count, 3.0 if stage == "inference" else None)
        for count in (1, 11)
        for stage in STAGES
    ]
    lines = table(results).splitlines()
    assert "| train GRU | 11 | 30.0 | 111 |  |" in lines
    assert "| inference | 1 | 30.0 | 101 | 3.0 |" in lines
    assert "| train PROPHET | 2.000 | 1.000 |" in lines
    assert "from 1 to 11" not in table(results[: len(STAGES)])


def test_a_stage_whose_process_is_renewed_is_continued_and_the_imports_of_renewals_count(tmp_path, monkeypatch):
    parts = {0: Part(40, 50.0, 55.0, 900.0, None), 40: Part(80, 48.0, 54.0, 950.0, None)}
    parts[80] = Part(100, 20.0, 26.0, 800.0, None)

    def run(command, **_):
        assert command[3:6] == ["train GRU", str(tmp_path), "100"]
        return subprocess.CompletedProcess(command, 0, json.dumps(parts[int(command[6])]._asdict()))

    monkeypatch.setattr(subprocess, "run", run)
    assert measure("train GRU", tmp_path, 100) == Measured("train GRU", 100, 50.0 + 54.0 + 26.0, 950.0)


def test_progress_is_reported_every_few_seconds_with_the_time_that_is_left(monkeypatch, capsys):
    now = iter([0.0, 4.0, 20.0, 21.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    progress = Progress("train GRU", 100, 40)
    for _ in range(3):
        progress.one()
    assert capsys.readouterr().err == "train GRU: 42 of 100 series, 580 s left\n"


@pytest.mark.parametrize(("named", "trained"), [("", ["GRU", "LSTM", "PROPHET"]), ("prophet, gru", ["GRU", "PROPHET"])])
def test_families_can_be_left_out(named, trained, monkeypatch):
    monkeypatch.setenv("FAMILIES", named)
    stages = stages_of(families())
    assert stages == ["preprocess", *(f"train {family}" for family in trained), "evaluate", "inference"]


def test_an_unknown_family_is_named(monkeypatch, capsys):
    monkeypatch.setenv("FAMILIES", "GRU,ARIMA")
    assert main(["1"]) == 1
    assert capsys.readouterr().err == "FAMILIES: ARIMA is none of GRU, LSTM, PROPHET\n"


@pytest.mark.parametrize("arguments", [[], ["ten"], ["0"], ["1", "-3"]])
def test_it_says_what_to_give(arguments, capsys):
    assert main(arguments) == 1
    assert 'SERIES="1 10 100"' in capsys.readouterr().err


def test_its_store_refuses_what_s3_refuses(tmp_path):
    store = FolderStore(tmp_path)
    etag = store.put("bucket", "a/b.csv", b"1", "text/csv")
    assert store.get("bucket", "a/b.csv", etag, largest=1).body == b"1"
    assert list(store.children("bucket", "a/")) == ["b.csv"]
    assert store.keys("bucket", "a/b") == store.keys("bucket", "") == ["a/b.csv"]
    assert store.keys("bucket", "b/") == store.keys("elsewhere", "a/") == []
    assert store.children("bucket", "") == {}
    with pytest.raises(ObjectMissing):
        store.get("bucket", "a")
    with pytest.raises(ObjectChanged):
        store.get("bucket", "a/b.csv", "another")
    with pytest.raises(ObjectTooLarge):
        store.get("bucket", "a/b.csv", largest=0)
    for known in (None, "another"):
        with pytest.raises(ObjectChanged):
            store.replace("bucket", "a/b.csv", b"2", "text/csv", known)
    store.delete("bucket", "a/b.csv")
    store.delete("bucket", "a/b.csv")
    assert store.etag("bucket", "a/b.csv") is None
