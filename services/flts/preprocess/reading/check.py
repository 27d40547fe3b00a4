"""Checks files for the CLI: a process that reads a request from each line.

Requests and answers are JSON. A request has `call` (`check`, `last_rows` or `parts`) and `arguments`; lines of the
answer are `{"ready": true}` once, `{"progress": …}` as often as there is some, and `{"answer": …}`.
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
from flts.preprocess.reading.options import ReadOptions, ValidationOptions, in_signs, part_options
from flts.preprocess.reading.resampling import resampled, starts_of_steps
from flts.preprocess.reading.series import Series, read, values_from
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.splitting import SplitFiles, in_whole_file, require_own, split
from flts.preprocess.reading.validating import examine

# Seconds from one report of progress to the next.
_BETWEEN_REPORTS = 0.25

Report = Callable[[str], object]
"""Takes a line of JSON."""


def check(
    report: Report,
    train: str,
    read_options: dict[str, Any],
    validation_options: dict[str, Any],
    test: str = "",
    train_name: str = "",
    test_name: str = "",
    train_lines: str = "",
    test_lines: str = "",
) -> dict[str, Any]:
    """Accept or reject the files at these paths; an empty `test` is none. Options are those of ReadOptions, in words.

    Where they are `parts` of longer files, `…_lines` are the paths of the lines that their rows had there. The answer
    has `accepted`, and what was detected or `error` with the fields of CsvError.
    """
    options = _options(read_options, is_part=bool(train_lines))
    try:
        series = _read(train, train_name, options, report)
        held_out = _read(test, test_name, options, report) if test else None
        found = examine(series, held_out, ValidationOptions(**validation_options))
    except CsvError as error:
        lines = test_lines if test and error.file == (test_name or Path(test).name) else train_lines
        if not lines:
            return _rejected(error)
        return _rejected(in_whole_file(error, error.file, Path(lines).read_text("utf-8")))
    return {"accepted": True, "detected": found.detected, "target": found.target, "dropped": found.dropped}


def parts(
    report: Report,
    train: str,
    folder: str,
    read_options: dict[str, Any],
    most: int,
    test: str = "",
    train_name: str = "",
    test_name: str = "",
    owners: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Write the parts of long files into an empty folder: `train` and `test` in the answer name each series' files.

    These have the extensions `csv` and `lines`. The answer of what cannot be split is that of a result. `owners` are
    the names of files by the series in them, which no other file may have.
    """
    options = _options(read_options)
    try:
        found = {"train": _split(train, train_name, Path(folder, "train"), options, most, report)}
        require_own(train_name, found["train"], options.series_column, owners or {}, Path(train).name)
        if test:
            found["test"] = _split(test, test_name, Path(folder, "test"), options, most, report, found["train"])
    except CsvError as error:
        return _rejected(error)
    return {"accepted": True} | {
        use: {name: str(of[name].csv.relative_to(folder).with_suffix("")) for name in of} for use, of in found.items()
    }


def last_rows(
    report: Report, path: str, rows: int, read_options: dict[str, Any], resample: str = "", is_part: bool = False
) -> dict[str, list[Any]]:
    """The last rows of a file as a request's columns: `time` and each column's numbers, None where one is missing."""
    options = _options(read_options, is_part)
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
    call = {"check": check, "last_rows": last_rows, "parts": parts}[asked["call"]]
    return json.dumps({"answer": call(report, **asked["arguments"])})


def main() -> None:
    """Answer requests until there are no more."""

    def say(line: str) -> None:
        print(line, flush=True)

    say(READY)
    for request in sys.stdin:
        say(answer(request, say))


READY = json.dumps({"ready": True})


def _options(given: dict[str, Any], is_part: bool = False) -> ReadOptions:
    options = ReadOptions(**in_signs(given))
    return part_options(options) if is_part else options


def _rejected(error: CsvError) -> dict[str, Any]:
    fields = ("file", "line", "column", "value", "reason", "fix", "code")
    return {"accepted": False, "error": {name: getattr(error, name) for name in fields} | {"text": str(error)}}


def _split(
    path: str,
    name: str,
    folder: Path,
    options: ReadOptions,
    most: int,
    report: Report,
    trained: SplitFiles | None = None,
) -> SplitFiles:
    folder.mkdir()
    return split(_File(path, name, report).source(options), options, most, folder, trained)


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
