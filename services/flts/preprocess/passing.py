"""One pass over the bucket, as `python main.py` makes it."""

from typing import NamedTuple

import structlog

from flts.common.storage import ObjectChanged, ObjectMissing, ObjectStore
from flts.preprocess.csverror import CsvError
from flts.preprocess.job import NO_ACTION, Action
from flts.preprocess.outcomes import REJECTED
from flts.preprocess.parts import Splitter
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.sample import upload_sample
from flts.preprocess.series import Listing, Series, list_series, missing_file, named_files
from flts.preprocess.settings import PreprocessSettings

# A file may be replaced, or another pod be faster, while a series is processed.
_TRIES = 5


class Selection(NamedTuple):
    """What a pass is for: one series or all, and what was asked for beyond what is left to do."""

    series: str | None = None
    action: Action = NO_ACTION

    @property
    def retry(self) -> bool:
        """Whether rejected inputs are tried again."""
        return self.series is not None or self.action.reprocess


class Pass:
    """Processes what is left to do, or what was asked for."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore, processor: SeriesProcessor) -> None:
        self._settings = settings
        self._store = store
        self._processor = processor
        self._splitter = Splitter(settings, store)
        self._logger = structlog.get_logger()

    def run(self, selection: Selection) -> int:
        """The exit status: 1 if a series is rejected or failed. A failure does not stop the other series."""
        try:
            listing = self._select(selection, self._list())
        except CsvError as error:
            self._logger.error("no_such_series", error=str(error))
            return 1
        if not listing.series:
            settings = self._settings
            where = f"{settings.input_bucket}/{settings.input_prefix}"
            self._logger.warning("no_series", where=where, hint="upload a CSV; its name becomes the series' name")
        good = True
        for series in listing.series:
            good = self._handle(series, selection, listing) and good
        return 0 if good else 1

    def _list(self) -> Listing:
        settings = self._settings
        listing = list_series(self._store, settings.input_bucket, settings.input_prefix)
        if settings.dataset_sample and upload_sample(settings, self._store, listing):
            listing = list_series(self._store, settings.input_bucket, settings.input_prefix)
        return self._splitter.expand(listing)

    def _select(self, selection: Selection, listing: Listing) -> Listing:
        settings = self._settings
        wanted = selection.series or (settings.dataset_name if not settings.train_file else None)
        if wanted:
            chosen = [series for series in listing.series if series.name == wanted]
            if not chosen:
                raise missing_file(settings.input_bucket, f"{settings.input_prefix}{wanted}.csv")
        elif settings.train_file and settings.series_column:
            chosen = [series for series in listing.series if series.uploaded_file == settings.train_file]
            if not chosen:
                raise missing_file(settings.input_bucket, f"{settings.input_prefix}{settings.train_file}")
        elif settings.train_file:
            bucket, prefix = settings.input_bucket, settings.input_prefix
            chosen = [named_files(self._store, bucket, prefix, settings.train_file, settings.test_file)]
        else:
            chosen = listing.series
        return listing._replace(series=chosen)

    def _handle(self, series: Series, selection: Selection, listing: Listing) -> bool:
        for _ in range(_TRIES):
            try:
                action = selection.action._replace(measure=True)
                handled = self._processor.handle(
                    series, action, rejected=series.name in listing.rejected, retry=selection.retry
                )
                return handled.outcome != REJECTED
            except (ObjectChanged, ObjectMissing) as error:
                self._logger.info("input_changed_meanwhile", series=series.name, reason=str(error))
                self._splitter.forget(series)
                listing = self._again(series, selection)
                if not listing.series:
                    return True
                (series,) = listing.series
            except Exception as error:
                self._logger.error("series_failed", series=series.name, error=str(error), exc_info=True)
                return False
        self._logger.error(
            "series_failed", series=series.name, error=f"the input changed {_TRIES} times while it was read"
        )
        return False

    def _again(self, series: Series, selection: Selection) -> Listing:
        """The series as it is now; none where it was deleted."""
        settings = self._settings
        by_file = settings.train_file and not selection.series and not settings.series_column
        try:
            return self._select(selection if by_file else selection._replace(series=series.name), self._list())
        except CsvError:
            return Listing([], frozenset())
