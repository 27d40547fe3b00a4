"""The check that keeps no values comes to the same result as the reading that trains, in little memory."""

import datetime as dt
import io
import json
import random
from array import array
from collections import Counter
from itertools import accumulate
from statistics import median_low

import pytest
from csv_inputs import CASES, EXPECTED, PIECES, STEPS, VALIDATION, ZONES, content_of, odd_series

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading import distances
from flts.preprocess.reading.check import answer, last_rows
from flts.preprocess.reading.cleaning import clean
from flts.preprocess.reading.compact import Presence, Shifted, count_missing, missing_rows
from flts.preprocess.reading.distances import Distances
from flts.preprocess.reading.frequency import text_of
from flts.preprocess.reading.options import ReadOptions, ValidationOptions, in_signs
from flts.preprocess.reading.resampling import resampled
from flts.preprocess.reading.rules import RULES
from flts.preprocess.reading.series import read
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.validating import examine


def results(
    content: bytes, options: ReadOptions, demands: ValidationOptions, test: bytes | None = None
) -> tuple[tuple, tuple]:
    def source(name: str, of: bytes) -> Source:
        return Source(name, lambda: io.BytesIO(of), options.encoding)

    def one(keep_values: bool) -> tuple:
        try:
            series = read(source("x.csv", content), options, keep_values)
            held_out = None if test is None else read(source("x_test.csv", test), options, keep_values)
            found = examine(series, held_out, demands)
        except CsvError as error:
            return error.code, str(error)
        return found.detected, found.target, found.columns, found.dropped, found.calendar

    return one(True), one(False)


@pytest.mark.parametrize("vector", RULES["vectors"], ids=lambda vector: vector["promise"].encode("unicode_escape"))
def test_check_of_vector_is_that_of_reading(vector):
    options = ReadOptions(**in_signs(vector.get("read", {})))
    demands = ValidationOptions(**VALIDATION | vector.get("validation", {}))
    read_and_validated, checked = results(content_of(vector), options, demands)
    assert checked == read_and_validated


@pytest.mark.parametrize("name", [name for name in EXPECTED if (CASES / name).is_file()] or ["none here"])
def test_check_of_case_is_that_of_reading(name):
    if name not in EXPECTED:
        assert not CASES.exists()
        return
    demands = ValidationOptions(**EXPECTED[name].get("validation", {}))
    read_and_validated, checked = results((CASES / name).read_bytes(), ReadOptions(), demands)
    assert checked == read_and_validated


def demands_by(chance: random.Random) -> ValidationOptions:
    return ValidationOptions(
        input_rows=chance.choice([2, 5]),
        output_rows=chance.choice([1, 3]),
        holdout_fraction=chance.choice([0.2, 0.3]),
        lag_rows=chance.choice([0, 0, 4]),
        handle_nans=chance.random() < 0.9,
        nans_threshold=chance.choice([0.02, 0.15, 0.33]),
        nans_drop_rows=chance.random() < 0.2,
        nans_max_steps=chance.choice([0, 1, 5]),
        resample=chance.choice(["", "", "", "1D", "2h"]),
    )


@pytest.mark.parametrize("seed", range(10))
def test_check_of_damaged_file_is_that_of_reading(seed):
    chance = random.Random(seed)
    for _ in range(100):
        content = bytearray(content_of(chance.choice(RULES["vectors"])))
        for _ in range(chance.randint(0, 2)):
            at = chance.randrange(len(content) + 1)
            content[at : at + chance.choice([0, 0, 1, 5])] = chance.choice(PIECES)
        options = ReadOptions(time_zone=chance.choice(ZONES))
        read_and_validated, checked = results(bytes(content), options, demands_by(chance))
        assert checked == read_and_validated


def gappy(chance: random.Random, step: dt.timedelta | None = None, year: int = 2024) -> bytes:
    """Rows of three columns with absent rows, blank lines, and cells that are missing alone, in runs and in all."""
    time, step = dt.datetime(year, 1, 1), step or chance.choice(STEPS)
    lines = ["time,a,b,c"]
    share = chance.choice([0.0, 0.05, 0.3])
    for row in range(chance.choice([40, 200])):
        time += step
        if chance.random() < share / 3:
            time += step * chance.choice([1, 2, 8])
        if chance.random() < 0.02:
            lines.append(chance.choice(["", ",,,"]))
        cells = [chance.choice(["", "NA", " - "]) if chance.random() < share else str(row + 0.5) for _ in range(3)]
        lines.append(",".join([str(time), *(cells if chance.random() < 0.98 else ["", "", ""])]))
    return "\n".join(lines).encode()


@pytest.mark.parametrize("seed", range(10))
def test_check_of_series_with_gaps_is_that_of_reading(seed):
    chance = random.Random(seed)
    codes = Counter()
    for _ in range(60):
        step = chance.choice(STEPS)
        content, other = gappy(chance, step), chance.choice([None, None, gappy(chance, step, 2044)])
        if chance.random() < 0.3:
            content, other = odd_series(chance), None
        options = ReadOptions(time_zone=chance.choice(ZONES))
        read_and_validated, checked = results(content, options, demands_by(chance), other)
        assert checked == read_and_validated
        codes[checked[0] if isinstance(checked[0], str) else "accepted"] += 1
    assert codes["accepted"] > 5, codes


@pytest.mark.parametrize("seed", range(10))
def test_windows_that_are_promised_are_those_of_the_cleaned_rows(seed):
    chance = random.Random(seed)
    for _ in range(40):
        content, demands = gappy(chance), demands_by(chance)
        try:
            series = read(Source("x.csv", lambda content=content: io.BytesIO(content)), ReadOptions())
            found = examine(series, None, demands)
            parts = found.train, found.held_out
        except CsvError:
            continue
        for cleaned, row_states in zip(clean(parts, demands), parts, strict=True):
            part, places = cleaned.part, [found.calendar.position(wall) for wall in cleaned.part.clock]
            total = demands.input_rows + demands.output_rows
            expected = sum(
                places[end - 1] - places[end - total] == total - 1
                and not any(part.imputed[end - demands.output_rows : end])
                for end in range(demands.lag_rows + total, len(part) + 1)
            )
            assert row_states.windows(demands, 10**9) == expected
            assert row_states.left == len(part)
            assert row_states.imputed == sum(part.imputed)
            assert row_states.last_line() == part.lines[-1]


# Promise: data-any-size-checked
def test_memory_of_a_check_is_8_bytes_a_row_whatever_the_width():
    for width in (1, 50):
        header = ",".join(f"c{at}" for at in range(width))
        cells = ",".join("1.5" for _ in range(width))
        start = dt.datetime(2024, 1, 1)
        rows = "".join(f"{start + dt.timedelta(minutes=row)},{cells}\n" for row in range(2000))
        content = f"time,{header}\n{rows}".encode()
        series = read(Source("x.csv", lambda content=content: io.BytesIO(content)), ReadOptions(), keep_values=False)
        assert memoryview(series.times).nbytes == 8 * 2000
        assert isinstance(series.lines, Shifted)
        assert isinstance(series.wall, Shifted)
        assert [len(series.lines._starts), len(series.wall._starts)] == [1, 1]
        assert {len(column._bits) for column in series.values} == {0}


@pytest.mark.parametrize("seed", range(10))
def test_distances_are_counted_alike_in_little_memory(seed, monkeypatch):
    chance = random.Random(seed)
    steps = [chance.choice([60, 60, chance.randint(1, 10 ** chance.choice([1, 2, 9]))]) for _ in range(3000)]
    numbers = array("q", accumulate(steps, initial=0))
    counted = Distances(numbers)
    assert (counted.usual(), counted.middle()) == (Counter(steps).most_common(1)[0][0], median_low(steps))
    for most in (1, 50):
        monkeypatch.setattr(distances, "_MOST_COUNTED", most)
        monkeypatch.setattr(distances, "_CHUNK", 256)
        found = Distances(numbers)
        assert (found.usual(), found.middle()) == (counted.usual(), counted.middle())
    rare = array("q", accumulate(chance.sample(range(1, 10**6), 500), initial=0))
    assert Distances(rare).usual() == rare[1]


@pytest.mark.parametrize("seed", range(10))
def test_compact_rows_are_those_that_were_added(seed):
    chance = random.Random(seed)
    base = array("q", sorted(chance.sample(range(10**6), 300)))
    numbers = [number + chance.choice([0, 0, 0, 5]) for number in base]
    shifted, presence = Shifted(base), Presence()
    gone = [chance.random() < chance.choice([0, 0.5]) for _ in numbers]
    for row, number in enumerate(numbers):
        shifted.append(number)
        if gone[row]:
            presence.mark(row)
    presence.end(len(numbers))
    first, end = sorted(chance.sample(range(301), 2))
    assert (list(shifted), shifted[-1]) == (numbers, numbers[-1])
    assert list(shifted[first:end]) == numbers[first:end]
    assert [shifted[first:end][at] for at in range(end - first)] == numbers[first:end]
    assert list(missing_rows(presence[first:end])) == [at for at, is_gone in enumerate(gone[first:end]) if is_gone]
    assert count_missing(presence) == sum(gone)


@pytest.mark.parametrize("distance", ["10min", "1h", "1D"])
def test_means_of_what_was_not_kept_are_missing_where_means_are(distance):
    chance = random.Random(distance)
    start = dt.datetime(2024, 3, 30)
    rows = "".join(
        f"{start + dt.timedelta(minutes=5 * row)},{'' if chance.random() < 0.6 else row}\n\n"[: None if row % 7 else -1]
        for row in range(900)
    )
    content = f"time,y\n{rows}".encode()
    options = ReadOptions(time_zone="UTC")
    kept, checked = (
        resampled(read(Source("x.csv", lambda: io.BytesIO(content)), options, keep_values), distance)
        for keep_values in (True, False)
    )
    assert list(missing_rows(kept.values[0])) == list(missing_rows(checked.values[0]))
    for part in ("times", "wall", "lines"):
        assert list(getattr(kept, part)) == list(getattr(checked, part))


@pytest.mark.parametrize("distance", ["", "15min", "1D"])
def test_last_rows_are_those_of_the_whole_file(distance, tmp_path):
    chance = random.Random(distance)
    content = gappy(chance, dt.timedelta(minutes=5)).replace(b",-", b",")
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    series = read(Source("x.csv", lambda: io.BytesIO(content)), ReadOptions())
    whole = resampled(series, distance) if distance else series
    for rows in (1, 7, 10_000):
        found = last_rows(lambda line: None, str(path), rows, {}, distance)
        assert found["time"] == [text_of(time) for time in whole.times[-rows:]]
        for column, values in zip(whole.columns, whole.values, strict=True):
            assert [float("nan") if value is None else value for value in found[column]] == pytest.approx(
                list(values[-rows:]), nan_ok=True
            )


def test_progress_of_a_check_names_file_and_purpose(tmp_path, monkeypatch):
    monkeypatch.setattr("flts.preprocess.reading.check._BETWEEN_REPORTS", 0)
    path = tmp_path / "x.csv"
    path.write_bytes(gappy(random.Random(1)))
    request = {
        "call": "check",
        "arguments": {"train": str(path), "test": "", "read_options": {}, "validation_options": {}},
    }
    lines = []
    answer(json.dumps(request), lines.append)
    reports = [json.loads(line)["progress"] for line in lines]
    size = path.stat().st_size
    assert {report["purpose"] for report in reports} >= {"encoding", "rows"}
    assert reports[-1] == {"file": "x.csv", "purpose": "rows", "done": size, "size": size}
