"""A long CSV becomes one series for each value of a column, the same in the check and in preprocess."""

import io
import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import MemoryStore

from flts.common.frames import read_frame
from flts.common.health import Heartbeat
from flts.preprocess.cli import run_pass
from flts.preprocess.parts import Splitter
from flts.preprocess.passing import Selection
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.reading import splitting
from flts.preprocess.reading.check import check, parts
from flts.preprocess.reading.options import ReadOptions, part_options
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.splitting import original_line, split
from flts.preprocess.series import list_series
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.watching import Watcher

pytestmark = pytest.mark.usefixtures("own_lock")
SETTINGS = PreprocessSettings(series_column="station", max_series=3, input_seq_len=2)
HEADER = "station,time,down"


@pytest.fixture
def store():
    return MemoryStore()


def rows(name, hours=24, first=0):
    return [f"{name},2024-01-01 {hour:02}:00,{(hour * 7) % 13 + first}.5" for hour in range(hours)]


def long_csv(*lines, header=HEADER):
    return "\n".join([header, *lines, ""]).encode()


def in_turns(*series):
    return [row for together in zip(*series, strict=True) for row in together]


def upload(store, name, content):
    store.put("dataset", name, content)


def watcher_of(store, publisher, stop, settings=SETTINGS):
    return Watcher(settings, store, SeriesProcessor(settings, store, publisher), stop, Heartbeat())


def look(watcher):
    with ThreadPoolExecutor(max_workers=1) as executor:
        return watcher.look(executor)


def trained(publisher):
    return [(claim["series"], claim["generation"]) for claim in publisher.on("training-data")]


def rejection(store, name):
    return json.loads(store.get("dataset", f"{name}.rejected.json").body)


def checked(folder: Path, train: bytes, test: bytes | None = None, options: dict | None = None) -> dict:
    """What the CLI would report: an error of the whole file, or the errors by series."""
    folder.mkdir()
    (folder / "stations.csv").write_bytes(train)
    if test is not None:
        (folder / "stations_test.csv").write_bytes(test)
    (folder / "parts").mkdir()
    read = {"series_column": "station"} | (options or {})
    names = {"train_name": "stations.csv", "test_name": "stations_test.csv"}
    if test is not None:
        names["test"] = str(folder / "stations_test.csv")
    found = parts(print, str(folder / "stations.csv"), str(folder / "parts"), read, 3, **names)
    if not found["accepted"]:
        return {"stations": found["error"]}
    errors = {}
    for name, path in found["train"].items():
        base = folder / "parts" / path
        held_out = folder / "parts" / found["test"][name] if name in found.get("test", {}) else None
        answer = check(
            print,
            f"{base}.csv",
            read,
            {"input_rows": 2},
            test=f"{held_out}.csv" if held_out else "",
            train_name=f"stations.csv (series {name})",
            test_name=f"stations_test.csv (series {name})",
            train_lines=f"{base}.lines",
            test_lines=f"{held_out}.lines" if held_out else "",
        )
        if not answer["accepted"]:
            errors[name] = answer["error"]
    return errors


# Promise: long-csv-split
def test_each_value_of_the_column_is_a_series_whatever_the_order_of_rows(store, publisher, stop):
    upload(store, "stations.csv", long_csv(*in_turns(rows("ElBorn"), rows(" LesCorts ", first=5)), *rows("PobleSec")))
    assert look(watcher_of(store, publisher, stop))
    assert trained(publisher) == [("ElBorn", 1), ("LesCorts", 1), ("PobleSec", 1)]
    assert list(store.children("dataset", "")) == ["stations.csv"]


def test_rows_and_formats_of_a_part_are_those_of_the_file(store, publisher, stop):
    alone = "\n".join(["time;down", *(row.split(",", 1)[1].replace(",", ";").replace(".", ",") for row in rows("a"))])
    lines = [row.replace(",", ";").replace(".", ",") for row in in_turns(rows("b", first=9), rows("a"))]
    content = "\n".join(["sep=;", "station;time;down", *lines]).encode("utf-16")
    upload(store, "stations.csv", content)
    assert look(watcher_of(store, publisher, stop))
    claims = {claim["series"]: claim for claim in publisher.on("training-data")}
    part = store.get("processed-data", claims["a"]["object"]).body
    other, plain = MemoryStore(), PreprocessSettings(input_seq_len=2)
    upload(other, "a.csv", alone.encode())
    assert look(watcher_of(other, publisher, stop, plain))
    (claim,) = [claim for claim in publisher.on("training-data") if claim not in claims.values()]
    one, two = read_frame(part), read_frame(other.get("processed-data", claim["object"]).body)
    assert (one.times == two.times).all()
    assert (one.features == two.features).all()


def test_a_file_is_split_once_also_over_a_restart_and_only_changed_series_are_trained_again(store, publisher, stop):
    lines = [*rows("a"), *rows("b")]
    upload(store, "stations.csv", long_csv(*lines))
    watcher = watcher_of(store, publisher, stop)
    assert look(watcher)
    writes = len(store.writes)
    assert look(watcher)
    assert look(watcher_of(store, publisher, stop))
    assert len(store.writes) == writes
    # The rows of `b` move to other lines, and stay the same.
    upload(store, "stations.csv", long_csv("a,2023-12-31 23:00,3", *lines))
    assert look(watcher)
    assert trained(publisher) == [("a", 1), ("b", 1), ("a", 2)]


def test_held_out_rows_are_split_by_the_same_column(store, publisher, stop):
    upload(store, "stations.csv", long_csv(*rows("a"), *rows("b")))
    upload(store, "stations_test.csv", long_csv(*(row.replace("01-01", "01-02") for row in rows("a", 9))))
    assert look(watcher_of(store, publisher, stop))
    tests = {claim["series"]: claim["test_object"] for claim in publisher.on("training-data")}
    meta = {
        name: json.loads(store.get("processed-data", key.replace("test.parquet", "meta.json")).body)
        for name, key in tests.items()
    }
    assert meta["a"]["outputs"]["test"]["row_count"] == 9
    assert meta["b"]["input_etags"]["test"] is None


BAD = {
    "no such column": (long_csv("a,1", header="time,down"), {"stations": ("split_column_missing", 1, "station")}),
    "a row of no series": (long_csv(*rows("a"), *rows(" ", 1)), {"stations": ("split_name_empty", 26, "station")}),
    "an invalid name": (long_csv(*rows("a"), *rows("Les/Corts", 1)), {"stations": ("split_name", 26, "station")}),
    "a name with accents": (long_csv(*rows("Martí", 1)), {"stations": ("split_name", 2, "station")}),
    "too many": (
        long_csv(*(row for name in "abcd" for row in rows(name, 1))),
        {"stations": ("split_too_many", 5, "station")},
    ),
    "the column twice": (
        long_csv("a,a,1,2", header="station,station,time,x"),
        {"stations": ("column_twice", 1, "station")},
    ),
    "no rows": (long_csv(), {"stations": ("no_rows", 2, "time")}),
    "a bad number of one series": (
        long_csv(*in_turns(rows("a"), [*rows("b", 23), "b,2024-01-01 23:00,many"])),
        {"b": ("number", 49, "down")},
    ),
    "two series with mistakes": (
        long_csv(*rows("a", 3), *rows("b"), "c,2024-01-01 00:00,1", "c,2024-01-01 00:00,1"),
        {"a": ("too_few_rows", 4, "time"), "c": ("time_twice", 30, "time")},
    ),
}


# Promise: long-csv-split
@pytest.mark.parametrize("name", BAD)
def test_the_check_and_preprocess_reject_the_same_for_the_same_reason(name, store, publisher, stop, tmp_path):
    content, expected = BAD[name]
    errors = checked(tmp_path / "check", content)
    assert {series: (error["code"], error["line"], error["column"]) for series, error in errors.items()} == expected
    upload(store, "stations.csv", content)
    assert look(watcher_of(store, publisher, stop))
    found = {key.removesuffix(".rejected.json") for key in store.keys("dataset", "") if key.endswith(".rejected.json")}
    assert found == set(expected)
    for series, error in errors.items():
        recorded = rejection(store, series)
        assert {field: error[field] for field in ("file", "line", "column", "value", "reason", "fix")} == {
            field: recorded[field] for field in ("file", "line", "column", "value", "reason", "fix")
        }


def test_held_out_rows_of_an_unknown_series_are_refused_in_their_file(store, publisher, stop, tmp_path):
    train, test = long_csv(*rows("a")), long_csv(*rows("b", 9))
    (error,) = checked(tmp_path / "check", train, test).values()
    assert (error["code"], error["file"], error["line"]) == ("split_held_out_alone", "stations_test.csv", 2)
    upload(store, "stations.csv", train)
    upload(store, "stations_test.csv", test)
    assert look(watcher_of(store, publisher, stop))
    assert rejection(store, "stations")["reason"] == error["reason"]


def test_a_series_that_another_file_has_is_refused_and_its_first_owner_goes_on(store, publisher, stop):
    upload(store, "east.csv", long_csv(*rows("a"), *rows("b")))
    upload(store, "west.csv", long_csv(*rows("b"), *rows("c")))
    watcher = watcher_of(store, publisher, stop)
    assert look(watcher)
    assert trained(publisher) == [("a", 1), ("b", 1)]
    assert "is also a series of east.csv" in rejection(store, "west")["reason"]
    upload(store, "west.csv", long_csv(*rows("c")))
    assert look(watcher)
    assert trained(publisher)[2:] == [("c", 1)]
    assert store.etag("dataset", "west.rejected.json") is None
    # The name of a file is a series' name, whoever has the rows.
    upload(store, "west.csv", long_csv(*rows("east")))
    assert look(watcher)
    assert "is also a series of east.csv" in rejection(store, "west")["reason"]


def test_a_larger_limit_accepts_what_was_too_many(store, publisher, stop):
    upload(store, "stations.csv", long_csv(*(row for name in "abcd" for row in rows(name))))
    assert look(watcher_of(store, publisher, stop))
    assert trained(publisher) == []
    assert look(watcher_of(store, publisher, stop, SETTINGS.model_copy(update={"max_series": 4})))
    assert [series for series, _ in trained(publisher)] == [*"abcd"]
    assert store.etag("dataset", "stations.rejected.json") is None


def test_a_pass_may_be_for_one_series_of_a_file(store, publisher):
    upload(store, "stations.csv", long_csv(*rows("a"), *rows("b")))
    assert run_pass(SETTINGS, store, publisher, Selection("b")) == 0
    assert trained(publisher) == [("b", 1)]
    assert run_pass(SETTINGS, store, publisher, Selection("stations")) == 1


def test_parts_of_a_file_that_is_gone_are_deleted_and_lost_ones_are_made_again(store, publisher, stop):
    upload(store, "stations.csv", long_csv(*rows("a"), *rows("b")))
    splitter = Splitter(SETTINGS, store)
    splitter.expand(list_series(store, "dataset", ""))
    store.delete("processed-data", "default/split/stations/train/b.csv")
    assert look(watcher_of(store, publisher, stop))
    assert trained(publisher) == [("a", 1), ("b", 1)]
    store.delete("dataset", "stations.csv")
    splitter.expand(list_series(store, "dataset", ""))
    assert store.keys("processed-data", "default/split/") == []


# Promise: long-csv-split
def test_memory_follows_neither_rows_nor_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(splitting, "_MOST_BUFFERED", 50_000)

    def peak(count: int) -> int:
        path, folder = tmp_path / f"{count}.csv", tmp_path / f"parts-{count}"
        with path.open("w") as file:
            file.write(f"{HEADER}\n")
            file.writelines(f"s{row % 7},2024-01-01 00:00,{row}.25\n" for row in range(count))
        folder.mkdir()
        tracemalloc.start()
        split(Source("x.csv", lambda: path.open("rb"), "utf-8"), ReadOptions(series_column="station"), 10, folder)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(24_000) < 1.2 * peak(8_000)


@pytest.mark.parametrize("order", ["abcabcabcabc", "aaaabbbbcccc", "abbabcacbcab"])
def test_lines_of_parts_are_found_in_the_whole_file(order, tmp_path):
    content = long_csv(*(f"{name},2024-01-01 00:00,{at}" for at, name in enumerate(order)))
    found = split(Source("x.csv", lambda: io.BytesIO(content)), ReadOptions(series_column="station"), 3, tmp_path)
    for name in found:
        lines = found[name].lines.read_text()
        for number, row in enumerate(found[name].csv.read_text().splitlines()[1:], 2):
            assert original_line(lines, number) == int(row.split(",")[1]) + 2


def test_a_header_that_would_be_a_comment_stays_a_header(tmp_path):
    content = long_csv(*rows("a"), header="station,#time,down")
    options = ReadOptions(series_column="station", time_column="#time")
    found = split(Source("x.csv", lambda: io.BytesIO(content)), options, 3, tmp_path)
    part = Source("part", lambda: found["a"].csv.open("rb"))
    assert splitting.layout_of(part, part_options(options)).columns == ["down"]
