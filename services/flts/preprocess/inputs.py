"""The CSVs of a series: files of the bucket, or parts of longer ones."""

from flts.common.storage import ObjectStore
from flts.preprocess.csverror import CsvError
from flts.preprocess.pipeline import Opener
from flts.preprocess.reading.options import ReadOptions, part_options
from flts.preprocess.reading.splitting import in_whole_file, part_name
from flts.preprocess.series import Series
from flts.preprocess.settings import PreprocessSettings


class InputFiles:
    """Opens the CSVs of a series by their ETags; raises ObjectChanged or ObjectMissing where they are others now."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore, series: Series) -> None:
        self._settings = settings
        self._store = store
        self._series = series

    @property
    def options(self) -> ReadOptions:
        """How they are read."""
        options = self._settings.read_options
        return options if self._series.origin is None else part_options(options)

    @property
    def train(self) -> Opener:
        """The training rows."""
        return self._opener("train", self._series.train_file, self._series.inputs.train)

    @property
    def test(self) -> Opener | None:
        """The held-out rows; None where they are the end of the training rows."""
        series = self._series
        return self._opener("test", series.test_file, series.inputs.test) if series.test_file else None

    def as_uploaded(self, error: CsvError) -> CsvError:
        """A mistake where people find it: in the file that they uploaded."""
        series, origin = self._series, self._series.origin
        if origin is None:
            return error
        use, file = ("test", origin.test_file) if error.file == series.test_file else ("train", origin.train_file)
        lines = self._store.get(self._settings.output_bucket, f"{origin.prefix}{use}/{series.name}.lines").body
        return in_whole_file(error, part_name(file, series.name), lines.decode())

    def _opener(self, use: str, file: str, etag: str | None) -> Opener:
        settings, origin = self._settings, self._series.origin
        bucket, key = settings.input_bucket, f"{settings.input_prefix}{file}"
        if origin is not None:
            bucket, key = settings.output_bucket, f"{origin.prefix}{use}/{self._series.name}.csv"
        return lambda: self._store.open(bucket, key, etag)
