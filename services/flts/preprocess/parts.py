"""Splits long CSVs of the bucket into their series, which are stored as CSVs in the bucket of processed data."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import structlog

from flts.common.outages import is_outage
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectStore, get_json, put_json
from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.splitting import SplitFiles, require_own, split
from flts.preprocess.series import Inputs, Listing, Origin, Series
from flts.preprocess.settings import PreprocessSettings

_MANIFEST = "manifest.json"

_Etags = dict[str, Inputs]
"""ETags of parts by series."""


class Splitter:
    """Puts the series that are in the files of a listing in the files' place, where settings.series_column is set.

    A file is split once for its content and options: parts, then the manifest that names them by ETag, in the bucket
    of processed data. A part whose content stays the same keeps its ETag, so that its series is not processed again.
    """

    def __init__(self, settings: PreprocessSettings, store: ObjectStore) -> None:
        self._settings = settings
        self._store = store
        self._known: dict[tuple[str, Inputs], _Etags | CsvError] = {}
        self._stems: set[str] | None = None
        self._logger = structlog.get_logger()

    def expand(self, listing: Listing) -> Listing:
        """The listing with the series in its files; a file that cannot be split stays, with its problem.

        Raises ObjectChanged or ObjectMissing where a file changed meanwhile, and where a server is unavailable.
        """
        if not self._settings.series_column:
            return listing
        self._forget_others(listing.series)
        owners = {series.name: series.train_file for series in listing.series}
        found: list[Series] = []
        for file in listing.series:
            parts = self._parts(file)
            found += (
                [file._replace(problem=parts)] if isinstance(parts, CsvError) else self._series(file, parts, owners)
            )
        return listing._replace(series=found)

    def forget(self, series: Series) -> None:
        """Look again whether the parts of a series are there, which were not when they were read."""
        if series.origin is not None:
            self._known = {key: parts for key, parts in self._known.items() if key[0] != series.origin.train_file}

    def _series(self, file: Series, parts: _Etags, owners: dict[str, str]) -> list[Series]:
        try:
            require_own(file.train_file, parts, self._settings.series_column, owners, file.train_file)
        except CsvError as problem:
            return [file._replace(problem=problem)]
        owners.update(dict.fromkeys(parts, file.train_file))
        origin = Origin(file.train_file, file.test_file, self._prefix(file.name))
        return [
            Series(name, f"{name}.csv", inputs, f"{name}_test.csv" if inputs.test else "", origin=origin)
            for name, inputs in parts.items()
        ]

    def _parts(self, file: Series) -> _Etags | CsvError:
        if file.problem is not None:
            return file.problem
        key = (file.train_file, file.inputs)
        if key not in self._known:
            try:
                self._known[key] = self._recalled(file) or self._split(file)
            except CsvError as error:
                self._known[key] = error
            except Exception as error:
                if is_outage(error) or isinstance(error, ObjectChanged | ObjectMissing):
                    raise
                self._logger.error("split_failed", file=file.train_file, error=str(error), exc_info=True)
                fix = "read the log of preprocess; if the file is as docs/data.md says, report a bug"
                self._known[key] = CsvError(file.train_file, f"cannot be split: {type(error).__name__}: {error}", fix)
        return self._known[key]

    def _recalled(self, file: Series) -> _Etags | None:
        bucket, prefix = self._settings.output_bucket, self._prefix(file.name)
        manifest = get_json(self._store, bucket, f"{prefix}{_MANIFEST}")
        if manifest is None or manifest["cause"] != self._cause(file):
            return None
        there = self._store.etags(bucket, prefix)
        found = {name: Inputs(*etags) for name, etags in manifest["series"].items()}
        for name, (train, test) in found.items():
            if train != there.get(f"{prefix}train/{name}.csv") or test != there.get(f"{prefix}test/{name}.csv"):
                return None
        return found

    def _cause(self, file: Series) -> dict[str, Any]:
        """What the parts depend on."""
        options = dataclasses.asdict(self._settings.read_options)
        return {"etags": [*file.inputs], "options": options, "most": self._settings.max_series}

    def _split(self, file: Series) -> _Etags:
        prefix = self._prefix(file.name)
        with tempfile.TemporaryDirectory(prefix="flts-split-") as name:
            folder = Path(name)
            train = self._split_file(file.train_file, file.inputs.train, folder / "train")
            test = None
            if file.inputs.test is not None:
                test = self._split_file(file.test_file, file.inputs.test, folder / "test", train)
            before = set(self._store.keys(self._settings.output_bucket, prefix))
            etags = {
                series: Inputs(
                    self._upload(f"{prefix}train/", series, train, before),
                    self._upload(f"{prefix}test/", series, test, before) if test and series in test else None,
                )
                for series in train
            }
        manifest = {"cause": self._cause(file), "series": {series: [*inputs] for series, inputs in etags.items()}}
        put_json(self._store, self._settings.output_bucket, f"{prefix}{_MANIFEST}", manifest)
        for key in before - {f"{prefix}{_MANIFEST}"}:
            self._store.delete(self._settings.output_bucket, key)
        self._logger.info("file_split", file=file.train_file, series=len(etags))
        return etags

    def _split_file(self, file: str, etag: str, folder: Path, trained: SplitFiles | None = None) -> SplitFiles:
        settings = self._settings
        folder.mkdir()
        whole = folder / "whole"
        with whole.open("wb") as content:
            self._store.download(settings.input_bucket, f"{settings.input_prefix}{file}", content, etag)
        options = settings.read_options
        source = Source(file, lambda: whole.open("rb"), options.encoding)
        parts = split(source, options, settings.max_series, folder, trained)
        whole.unlink()
        return parts

    def _upload(self, prefix: str, series: str, parts: SplitFiles, before: set[str]) -> str:
        """The part's ETag; `before` loses the keys that are written."""
        bucket, part = self._settings.output_bucket, parts[series]
        before.difference_update(f"{prefix}{series}.{kind}" for kind in part._fields)
        self._store.put(bucket, f"{prefix}{series}.lines", part.lines.read_bytes(), "text/plain")
        return self._store.put(bucket, f"{prefix}{series}.csv", part.csv.read_bytes(), "text/csv")

    def _forget_others(self, files: list[Series]) -> None:
        """Delete the parts of files that are no longer there; once in a process they are looked for."""
        bucket, top = self._settings.output_bucket, f"{self._settings.data_scope}/split/"
        if self._stems is None:
            keys = self._store.keys(bucket, top)
            self._stems = {key.removeprefix(top).partition("/")[0] for key in keys}
        stems = {file.name for file in files}
        for gone in self._stems - stems:
            for key in self._store.keys(bucket, self._prefix(gone)):
                self._store.delete(bucket, key)
        current = {(file.train_file, file.inputs) for file in files}
        self._known = {key: parts for key, parts in self._known.items() if key in current}
        self._stems = stems

    def _prefix(self, name: str) -> str:
        return f"{self._settings.data_scope}/split/{name}/"
