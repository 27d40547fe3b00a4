"""The whole verdict about files, as the CLI asks for it: a process that takes a request in each line.

Requests and answers are JSON. A request has `call` (`verdict` or `last_rows`) and `arguments`; lines of the answer are
`{"ready": true}` once, `{"progress": …}` as often as there is some, and `{"answer": …}`.
"""

import io
import json
import math
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.frequency import text_of
from flts.preprocess.reading.judging import examine
from flts.preprocess.reading.options import JudgeOptions, ReadOptions, in_signs
from flts.preprocess.reading.resampling import resampled, starts_of_steps
from flts.preprocess.reading.series import Series, read, values_from
from flts.preprocess.reading.source import Source

# Seconds from one report of progress to the next.
_BETWEEN_REPORTS = 0.25

Report = Callable[[str], object]
"""Takes a line of JSON."""


def verdict(
    report: Report,
    train: str,
    test: str,
    read_options: dict[str, Any],
    judge_options: dict[str, Any],
    train_name: str = "",
    test_name: str = "",
) -> dict[str, Any]:
    """Accept or reject the files at these paths; an empty `test` is none. Options are those of ReadOptions, in words.

    The answer has `accepted`, and what was detected or `error` with the fields of CsvError.
    """
    options = ReadOptions(**in_signs(read_options))
    try:
        series = _read(train, train_name, options, report)
        held_out = _read(test, test_name, options, report) if test else None
        found = examine(series, held_out, JudgeOptions(**judge_options))
    except CsvError as error:
        fields = ("file", "line", "column", "value", "reason", "fix", "code")
        return {"accepted": False, "error": {name: getattr(error, name) for name in fields} | {"text": str(error)}}
    return {"accepted": True, "detected": found.detected, "target": found.target, "dropped": found.dropped}


def last_rows(
    report: Report, path: str, rows: int, read_options: dict[str, Any], resample: str = ""
) -> dict[str, list[Any]]:
    """The last rows of a file as a request's columns: `time` and each column's numbers, None where one is missing."""
    options = ReadOptions(**in_signs(read_options))
    source = _File(path, "", report).source(options)
    series = read(source, options, keep_values=False)
    starts = starts_of_steps(series, resample) if resample else range(len(series))
    first = starts[max(0, len(starts) - rows)]
    last = replace(
        series,
        times=array("q", series.times[first:]),
        wall=array("q", series.wall[first:]),
        lines=array("q", series.lines[first:]),
        values=values_from(source, series, first),
    )
    if resample:
        last = resampled(last, resample)
    columns = {
        column: [None if math.isnan(value) else value for value in values]
        for column, values in zip(last.columns, last.values, strict=True)
    }
    return {"time": [text_of(wall) for wall in last.times]} | columns


def answer(request: str, report: Report) -> str:
    """The answer to a request; `report` gets the progress on the way."""
    asked = json.loads(request)
    call = {"verdict": verdict, "last_rows": last_rows}[asked["call"]]
    return json.dumps({"answer": call(report, **asked["arguments"])})


def main() -> None:
    """Answer requests until there are no more."""

    def say(line: str) -> None:
        print(line, flush=True)

    say(READY)
    for request in sys.stdin:
        say(answer(request, say))


READY = json.dumps({"ready": True})


def _read(path: str, name: str, options: ReadOptions, report: Report) -> Series:
    return read(_File(path, name, report).source(options), options, keep_values=False)


class _File:
    """A file whose reading is reported."""

    def __init__(self, path: str, name: str, report: Report) -> None:
        self._path = Path(path)
        self._name = name or self._path.name
        self._size = self._path.stat().st_size
        self._report = report
        self._reported = time.monotonic()
        self._source: Source | None = None

    def source(self, options: ReadOptions) -> Source:
        self._source = Source(self._name, self._open, options.encoding)
        return self._source

    def _open(self) -> BinaryIO:
        return io.BufferedReader(_Counted(self._path, self._passed))

    def _passed(self, done: int) -> None:
        now = time.monotonic()
        if now < self._reported + _BETWEEN_REPORTS:
            return
        self._reported = now
        purpose = self._source.purpose if self._source else "encoding"
        progress = {"file": self._name, "purpose": purpose, "done": done, "size": self._size}
        self._report(json.dumps({"progress": progress}))


class _Counted(io.FileIO):
    def __init__(self, path: Path, passed: Callable[[int], None]) -> None:
        super().__init__(path)
        self._passed = passed

    def readinto(self, buffer: Any) -> int | None:
        read_bytes = super().readinto(buffer)
        self._passed(self.tell())
        return read_bytes
