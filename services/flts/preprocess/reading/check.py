"""The whole verdict about files, as the CLI asks for it."""

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.frequency import text_of
from flts.preprocess.reading.judging import judge
from flts.preprocess.reading.options import JudgeOptions, ReadOptions, in_signs
from flts.preprocess.reading.resampling import resampled
from flts.preprocess.reading.series import Series, read
from flts.preprocess.reading.source import Source


def verdict(
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
        series = _read(train, train_name, options)
        held_out = _read(test, test_name, options) if test else None
        judged = judge(series, held_out, JudgeOptions(**judge_options))
    except CsvError as error:
        fields = ("file", "line", "column", "value", "reason", "fix", "code")
        return {"accepted": False, "error": {name: getattr(error, name) for name in fields} | {"text": str(error)}}
    return {"accepted": True, "detected": judged.detected, "target": judged.target, "dropped": judged.dropped}


def last_rows(path: str, rows: int, read_options: dict[str, Any], resample: str = "") -> dict[str, list[Any]]:
    """The last rows of a file as a request's columns: `time` and each column's numbers, None where one is missing."""
    series = _read(path, "", ReadOptions(**in_signs(read_options)))
    if resample:
        series = resampled(series, resample)
    columns = {
        column: [None if math.isnan(value) else value for value in values[-rows:]]
        for column, values in zip(series.columns, series.values, strict=True)
    }
    return {"time": [text_of(time) for time in series.times[-rows:]]} | columns


def last_rows_as_json(request: str) -> str:
    """`last_rows` with its arguments and its answer as JSON."""
    return json.dumps(last_rows(**json.loads(request)))


def _read(path: str, name: str, options: ReadOptions) -> Series:
    file = Path(path)
    return read(Source(name or file.name, partial(file.open, "rb"), options.encoding), options)


def verdict_as_json(request: str) -> str:
    """`verdict` with its arguments and its answer as JSON."""
    return json.dumps(verdict(**json.loads(request)))
