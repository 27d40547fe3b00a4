"""CSVs for tests: the vectors of csvrules.json, the files of shared/cases, and series with odd calendars."""

import datetime as dt
import gzip
import json
import os
import random
from pathlib import Path

ENCODINGS = {"utf8": "utf-8", "utf16le": "utf-16-le", "latin1": "latin-1"}
# Vectors are short, so they ask for short windows; a line "@" stands for these rows.
VALIDATION = {"input_rows": 2, "output_rows": 1, "holdout_fraction": 0.3}
ROWS = [f"2024-01-02 0{hour}:00:00,{hour}.5,{hour * 2}" for hour in range(10)]
CASES = Path(os.environ.get("FLTS_CASES_DIR", Path(__file__).parents[3] / "shared" / "cases"))
EXPECTED = json.loads((Path(__file__).parent / "csv_cases.json").read_text("utf-8"))

PIECES = [b",", b";", b'"', b"\n", b"\r", b"\x00", b"\xff", b"\t", b"-", b".", b"e9", b"Z", b"+01:00", b"9" * 20]
PIECES += [b"time", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xa8", b"31/12/2024", b"PM", b" CET", b"+99:99", b"nan"]
STEPS = [dt.timedelta(days=1), dt.timedelta(days=7), dt.timedelta(days=30), dt.timedelta(hours=1)]
STEPS += [dt.timedelta(minutes=5), dt.timedelta(milliseconds=100), dt.timedelta(microseconds=7)]
ZONES = ["", "Europe/Madrid", "America/St_Johns", "Australia/Lord_Howe"]


def content_of(vector: dict) -> bytes:
    text = vector["text"].replace("\n@\n", "\n" + "\n".join(ROWS) + "\n")
    content = text.encode(ENCODINGS[vector.get("encoding", "utf8")])
    return gzip.compress(content) if vector.get("gzip") else content


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
