"""Whatever a file holds, it is read or rejected: damaged vectors, and series with odd calendars. Seeded."""

import datetime as dt
import io
import random
from itertools import pairwise

import pytest
from test_csv_rules import JUDGE, content_of

from flts.common.calendar import Calendar
from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.cleaning import Cleaned, clean
from flts.preprocess.reading.judging import examine
from flts.preprocess.reading.options import JudgeOptions, ReadOptions
from flts.preprocess.reading.rules import RULES
from flts.preprocess.reading.series import read
from flts.preprocess.reading.source import Source

PIECES = [b",", b";", b'"', b"\n", b"\r", b"\x00", b"\xff", b"\t", b"-", b".", b"e9", b"Z", b"+01:00", b"9" * 20]
PIECES += [b"time", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xa8", b"31/12/2024", b"PM", b" CET", b"+99:99", b"nan"]
STEPS = [dt.timedelta(days=1), dt.timedelta(days=7), dt.timedelta(days=30), dt.timedelta(hours=1)]
STEPS += [dt.timedelta(minutes=5), dt.timedelta(milliseconds=100), dt.timedelta(microseconds=7)]
ZONES = ["", "Europe/Madrid", "America/St_Johns", "Australia/Lord_Howe"]


def cleaned(content: bytes, options: ReadOptions, demands: JudgeOptions) -> tuple[Cleaned, Calendar] | None:
    """The training rows and their calendar."""
    try:
        found = examine(read(Source("x.csv", lambda: io.BytesIO(content)), options), None, demands)
    except CsvError:
        return None
    return clean((found.train, found.held_out), demands)[0], found.calendar


@pytest.mark.parametrize("seed", range(10))
def test_damaged_files_are_read_or_rejected(seed):
    chance = random.Random(seed)
    for _ in range(100):
        content = bytearray(content_of(chance.choice(RULES["vectors"])))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(content) + 1)
            content[at : at + chance.choice([0, 0, 1, 5])] = chance.choice(PIECES)
        cleaned(bytes(content), ReadOptions(time_zone=chance.choice(ZONES)), JudgeOptions(**JUDGE))


def odd_series(chance: random.Random) -> bytes:
    start = dt.datetime(chance.choice([1700, 1969, 2024]), chance.randint(1, 12), chance.randint(1, 28))
    step = chance.choice(STEPS)
    times = [start + step * row for row in range(chance.choice([30, 100, 300]))]
    if chance.random() < 0.3:
        times = [time for time in times if time.weekday() < 5] or times
    if chance.random() < 0.5:
        jitter = chance.choice([0.05, 0.3, 0.9])
        times = [time + step * chance.random() * jitter for time in times if chance.random() < 0.9]
    offset = chance.choice(["", "Z", "+05:30"])
    cells = ("" if chance.random() < 0.1 else str(row) for row in range(len(times)))
    return ("time,y\n" + "".join(f"{time}{offset},{cell}\n" for time, cell in zip(times, cells, strict=True))).encode()


def increases(values: list) -> bool:
    return all(before < after for before, after in pairwise(values))


@pytest.mark.parametrize("seed", range(10))
def test_rows_keep_the_calendar_that_was_found_and_forecasts_come_after_them(seed):
    chance = random.Random(seed)
    accepted = 0
    for _ in range(40):
        demands = JudgeOptions(**JUDGE, nans_max_steps=chance.choice([0, 1, 5]), resample=chance.choice(["", "", "1D"]))
        found = cleaned(odd_series(chance), ReadOptions(time_zone=chance.choice(ZONES)), demands)
        if found is None:
            continue
        accepted += 1
        part, calendar = found[0].part, found[1]
        assert isinstance(calendar, Calendar)
        assert increases(list(part.times))
        assert increases([calendar.position(wall) for wall in part.clock])
        assert increases([part.clock[-1], *calendar.following(part.clock[-1], 3)])
        assert not any(value != value for values in part.values for value in values)
    assert accepted > 5
