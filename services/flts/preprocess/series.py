"""The series that a bucket holds: which CSVs belong together, and which cannot be a series because of their names."""

import re
from typing import NamedTuple

from flts.common.seriesnames import SERIES_PATTERN
from flts.common.storage import ObjectStore
from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.splitting import part_name

_CSV = ".csv"
_TEST = "_test"
_REJECTED = ".rejected.json"


class Inputs(NamedTuple):
    """ETags of what a series is made of; `test` is None where no held-out rows were given."""

    train: str
    test: str | None = None


class Origin(NamedTuple):
    """The files that a series is a part of, and what the keys of its own rows begin with in `processed-data`."""

    train_file: str
    test_file: str
    prefix: str


class Series(NamedTuple):
    """One CSV with, where there is one, the CSV of its held-out rows.

    Files are named without the bucket's prefix. `problem` is set where the name alone makes it unusable; `origin` where
    the files are parts of longer ones.
    """

    name: str
    train_file: str
    inputs: Inputs
    test_file: str = ""
    problem: CsvError | None = None
    origin: Origin | None = None

    @property
    def uploaded_file(self) -> str:
        """The file of training rows that lies in the bucket."""
        return self.train_file if self.origin is None else self.origin.train_file

    @property
    def shown_file(self) -> str:
        """What messages call the training rows."""
        return self.train_file if self.origin is None else part_name(self.origin.train_file, self.name)


class Listing(NamedTuple):
    """What lies in the bucket: all series in order, and the names that a rejection is recorded for."""

    series: list[Series]
    rejected: frozenset[str]


def list_series(store: ObjectStore, bucket: str, prefix: str) -> Listing:
    """The series directly below the prefix, from one listing."""
    etags = store.children(bucket, prefix)
    return Listing(
        series=[
            _series(file, etags)
            for file in etags
            if file.lower().endswith(_CSV) and not _is_test_of_series(file, etags)
        ],
        rejected=frozenset(file.removesuffix(_REJECTED) for file in etags if file.endswith(_REJECTED)),
    )


def named_files(store: ObjectStore, bucket: str, prefix: str, train_file: str, test_file: str) -> Series:
    """A series of explicitly named files; raises CsvError where one is not there."""
    return Series(
        name=train_file.removesuffix(_CSV),
        train_file=train_file,
        inputs=Inputs(
            _etag(store, bucket, prefix, train_file), _etag(store, bucket, prefix, test_file) if test_file else None
        ),
        test_file=test_file,
        problem=_problem(train_file, {}),
    )


def rejection_file(name: str) -> str:
    """Name of the object that says why a series is not used."""
    return f"{name}{_REJECTED}"


def missing_file(bucket: str, key: str) -> CsvError:
    """The error for a file that was asked for by name."""
    return CsvError(key, f"there is no such file in bucket {bucket!r}", "upload it")


def _etag(store: ObjectStore, bucket: str, prefix: str, file: str) -> str:
    etag = store.etag(bucket, f"{prefix}{file}")
    if etag is None:
        raise missing_file(bucket, f"{prefix}{file}")
    return etag


def _series(file: str, etags: dict[str, str]) -> Series:
    # `a.CSV` is not the series that `a.csv` is.
    name = file.removesuffix(_CSV)
    test_file = f"{name}{_TEST}{_CSV}"
    test_etag = etags.get(test_file)
    return Series(
        name=name,
        train_file=file,
        inputs=Inputs(etags[file], test_etag),
        test_file=test_file if test_etag else "",
        problem=_problem(file, etags),
    )


def _is_test_of_series(file: str, etags: dict[str, str]) -> bool:
    owner = _owner(file)
    return owner is not None and owner in etags and _owner(owner) not in etags


def _owner(file: str) -> str | None:
    """The file whose held-out rows this one would hold by its name; None where it has no such name."""
    stem = file.removesuffix(_CSV)
    return f"{stem.removesuffix(_TEST)}{_CSV}" if file.endswith(f"{_TEST}{_CSV}") else None


def _problem(file: str, etags: dict[str, str]) -> CsvError | None:
    if not file.endswith(_CSV):
        return CsvError(file, "does not end with .csv in lower case", f"rename it to {file[: -len(_CSV)]}{_CSV}")
    if not re.fullmatch(SERIES_PATTERN, file.removesuffix(_CSV)):
        return CsvError(
            file,
            "cannot be the name of a series",
            "rename it: letters, digits, dots, underscores and hyphens, at most 63, beginning with a letter or digit",
        )
    if _owner(file) in etags:
        return CsvError(
            file, f"would hold the held-out rows of {_owner(file)}, which itself holds held-out rows", "rename it"
        )
    return None
