"""CSVs to Parquet: everything of preprocess that touches neither object store nor Kafka.

The rows are held once, 8 bytes a number; features are made and written part by part.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from flts.common.frames import FeatureFrame, write_frames
from flts.common.recent import ROWS_SHOWN, NewestRows, newest_rows
from flts.common.transform import FeatureTransform
from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.csvfile import CsvError, Table, read_file, table
from flts.preprocess.features import parts_of
from flts.preprocess.fitting import fit
from flts.preprocess.formatsettings import validation_options
from flts.preprocess.quality import described, quality_report
from flts.preprocess.reading.cleaning import clean
from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.reading.validating import Examined, examine
from flts.preprocess.sampling import sample
from flts.preprocess.settings import PreprocessSettings

Opener = Callable[[], BinaryIO]
"""Opens a file again, from its beginning; the file can seek."""


class Output(NamedTuple):
    """Rows that become a Parquet file."""

    settings: PreprocessSettings
    table: Table
    transform: FeatureTransform

    @property
    def rows(self) -> int:
        """How many rows the file has: the first serve as history of lags only."""
        return len(self.table.times) - self.transform.lags.rows

    def write(self, stream: BinaryIO) -> None:
        """Write the file; the same rows always give the same bytes."""
        write_frames(self.frames(), stream, bool(self.table.imputed[self.transform.lags.rows :].any()))

    def frames(self) -> Iterator[FeatureFrame]:
        """The rows in parts, as the file has them."""
        history = self.transform.lags.rows
        for part in parts_of(self.table, history):
            yield FeatureFrame(
                times=part.times[history:],
                features=self.transform.apply(part.raw, part.times),
                transform=self.transform,
                config_hash=config_hash(self.settings),
                preprocess_config=canonical_json(self.settings),
                imputed=part.imputed[history:],
            )

    def last(self, rows: int) -> Iterator[FeatureFrame]:
        """The last rows of the file."""
        kept = rows + self.transform.lags.rows
        return self._replace(table=self.table.take(slice(-kept, None))).frames()


class Processed(NamedTuple):
    """A series that is ready to be written, and its quality report."""

    train: Output
    test: Output
    quality: dict[str, Any]

    def frames(self) -> Iterator[FeatureFrame]:
        """All rows, in parts of one transform."""
        yield from self.train.frames()
        yield from self.test.frames()

    def newest(self, series: str, input_length: int) -> NewestRows:
        """The last rows of the series, at least those that a model of this input length looks at."""
        transform = self.train.transform
        needed = input_length + transform.lags.rows
        kept = max(needed, ROWS_SHOWN)
        frames = [*self.train.last(kept), *self.test.last(kept)]
        return newest_rows(series, frames, needed)


class Prepared(NamedTuple):
    """The same with Parquet in memory."""

    train: bytes
    test: bytes
    quality: dict[str, Any]


def process(
    settings: PreprocessSettings, train_csv: Opener, test_csv: Opener | None, options: ReadOptions | None = None
) -> Processed:
    """Read, validate, split, clean and fit on training rows; raises CsvError.

    `options` say how the CSVs are read; by default those of the settings.
    """
    found = _examined(settings, train_csv, test_csv, options or settings.read_options)
    # Cleaning uses the numbers up, so they are described before.
    descriptions = [described(row_states.part, found.calendar) for row_states in (found.train, found.held_out)]
    file = found.held_out.part.file
    cleaned = clean((found.train, found.held_out), validation_options(settings))
    report = quality_report(found, descriptions, cleaned)
    train = sample(table(cleaned[0].part), settings.sample_train_rows, settings)
    test = sample(table(cleaned[1].part), settings.sample_test_rows, settings)
    transform = fit(settings, train, found.target, found.calendar)
    if len(test.times) <= transform.lags.rows:
        raise CsvError(file, f"{len(test.times)} held-out rows are too few", "add rows")
    return Processed(Output(settings, train, transform), Output(settings, test, transform), report)


def prepare(settings: PreprocessSettings, train_csv: bytes, test_csv: bytes | None) -> Prepared:
    """Process small files in memory; raises CsvError."""
    opened_test = None if test_csv is None else lambda: io.BytesIO(test_csv)
    processed = process(settings, lambda: io.BytesIO(train_csv), opened_test)
    contents = []
    for output in (processed.train, processed.test):
        stream = io.BytesIO()
        output.write(stream)
        contents.append(stream.getvalue())
    return Prepared(*contents, processed.quality)


def _examined(
    settings: PreprocessSettings, train_csv: Opener, test_csv: Opener | None, options: ReadOptions
) -> Examined:
    # In a function of its own, which keeps nothing of what was read but the examined parts.
    return examine(
        read_file(settings.train_object, train_csv, options),
        None if test_csv is None else read_file(settings.test_object, test_csv, options),
        validation_options(settings),
    )
