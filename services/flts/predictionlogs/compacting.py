"""Makes one object for each series and hour, later for each series and day, out of the many that inference writes.

What is to be read is written down before, and deleted only once everything that was read is written: whenever a run is
killed, the next one ends its work, and no line is lost or there twice.
"""

import gzip
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import IO

import msgspec
import structlog

from flts.common.objectstreams import Source
from flts.common.predictionlogs import WITHOUT_SERIES, Period, compacted_key, day_of, hour_of
from flts.common.storage import ObjectMissing

_PLANS = "compactions/"
# Uncompressed lines that are in memory at a time.
_IN_MEMORY = 16 * 2**20


class Plan(msgspec.Struct):
    """A compaction, as it is written down before it begins."""

    target: str
    """Name of the compacted objects, of each series one."""
    keys: list[str]
    """The objects that are compacted."""
    written: bool = False
    """Whether all lines are at the target, so that the keys are to be deleted."""


class _Line(msgspec.Struct):
    series: str = WITHOUT_SERIES


class Compactor:
    """Compacts the prediction logs of one pipeline. `scratch`: folder with room for the lines of a day, compressed."""

    def __init__(self, source: Source, bucket: str, scope: str, scratch: Path) -> None:
        self._source = source
        self._bucket = bucket
        self._prefix = f"{scope}/"
        self._scratch = scratch
        self._log = structlog.get_logger()

    def run(self, now: datetime | None = None) -> None:
        """End what an earlier run began, and compact every hour and every day that is over."""
        moment = (now or datetime.now(UTC)).replace(tzinfo=None)
        for key in self._keys(_PLANS):
            self._carry_out(key, msgspec.json.decode(self._read(key), type=Plan))
        # Hours first: days are made of them.
        for period_of in (hour_of, day_of):
            for period, keys in self._grouped(period_of):
                if period.over_at <= moment:
                    self._compact(period, keys)

    def _grouped(self, period_of: Callable[[str], Period | None]) -> Iterator[tuple[Period, list[str]]]:
        """The keys of each period, which listings give one after the other."""
        keys = ((period, key) for key in self._keys() if (period := period_of(key)) is not None)
        for period, group in groupby(keys, key=lambda pair: pair[0]):
            yield period, [key for _, key in group]

    def _compact(self, period: Period, keys: list[str]) -> None:
        plan = Plan(period.target(keys), keys)
        key = f"{_PLANS}{plan.target}.json"
        self._write_plan(key, plan)
        self._carry_out(key, plan)

    def _carry_out(self, key: str, plan: Plan) -> None:
        objects = 0
        if not plan.written:
            with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
                files = _SeriesFiles(Path(folder))
                for one in plan.keys:
                    self._add(one, files)
                for series, file in files.files():
                    with file.open("rb") as stream:
                        self._put(compacted_key(series, plan.target), stream, "application/gzip")
                    objects += 1
            plan.written = True
            self._write_plan(key, plan)
        for one in plan.keys:
            self._source.delete(self._bucket, self._prefix + one)
        self._source.delete(self._bucket, self._prefix + key)
        self._log.info("logs_compacted", target=plan.target, removed=len(plan.keys), written=objects)

    def _add(self, key: str, files: "_SeriesFiles") -> None:
        try:
            opened = self._source.open(self._bucket, self._prefix + key)
        except ObjectMissing:
            # Expired, or deleted manually.
            return
        day = day_of(key)
        with opened.stream as stream:
            if day is None or day.series is None:
                files.add_lines(stream.read())
            else:
                files.append(day.series, stream)

    def _keys(self, prefix: str = "") -> Iterator[str]:
        for listed in self._source.objects(self._bucket, self._prefix + prefix):
            yield listed.key.removeprefix(self._prefix)

    def _read(self, key: str) -> bytes:
        with self._source.open(self._bucket, self._prefix + key).stream as stream:
            return stream.read()

    def _write_plan(self, key: str, plan: Plan) -> None:
        self._put(key, BytesIO(msgspec.json.encode(plan)), "application/json")

    def _put(self, key: str, stream: IO[bytes], content_type: str) -> None:
        self._source.put(self._bucket, self._prefix + key, stream, content_type)


class _SeriesFiles:
    """Compressed lines by series. A gzip file may be several, one after the other (RFC 1952, 2.2)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, list[bytes]] = defaultdict(list)
        self._size = 0
        self._decoder = msgspec.json.Decoder(_Line)

    def add_lines(self, body: bytes) -> None:
        """Add lines of any series."""
        for line in body.splitlines():
            if line:
                self._waiting[self._series(line)].append(line)
        self._size += len(body)
        if self._size > _IN_MEMORY:
            self._flush()

    def append(self, series: str, compressed: IO[bytes]) -> None:
        """Add compressed lines of a series."""
        with self._file(series).open("ab") as file:
            shutil.copyfileobj(compressed, file)

    def files(self) -> Iterator[tuple[str, Path]]:
        """All series, each with its file."""
        self._flush()
        for file in sorted(self._folder.iterdir()):
            yield file.name, file

    def _series(self, line: bytes) -> str:
        try:
            series = self._decoder.decode(line).series
        except msgspec.MsgspecError:
            # Whoever wrote it: what is there is kept.
            return WITHOUT_SERIES
        return series if series and "/" not in series and not series.startswith(".") else WITHOUT_SERIES

    def _flush(self) -> None:
        for series, lines in self._waiting.items():
            with self._file(series).open("ab") as file:
                # Without the time of writing, so that the same lines make the same bytes.
                file.write(gzip.compress(b"\n".join(lines) + b"\n", mtime=0))
        self._waiting.clear()
        self._size = 0

    def _file(self, series: str) -> Path:
        return self._folder / series
