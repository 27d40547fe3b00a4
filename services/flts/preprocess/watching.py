"""Watches the bucket: one listing for each look, and work only where an ETag is new."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait

import structlog

from flts.common.health import Heartbeat
from flts.common.outages import is_outage
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectStore
from flts.preprocess import metrics
from flts.preprocess.outcomes import FAILED, REJECTED
from flts.preprocess.parts import Splitter
from flts.preprocess.processing import Handled, SeriesProcessor
from flts.preprocess.sample import upload_sample
from flts.preprocess.series import Listing, Series, list_series
from flts.preprocess.settings import PreprocessSettings

_TURN_SECONDS = 0.5
_FIRST_BACKOFF_SECONDS = 2.0
_LONGEST_BACKOFF_SECONDS = 60.0
# How often it is looked whether another process, such as a scheduled pass, has measured the drift of series.
_DRIFT_SECONDS = 60.0
# Of the time between two looks, the listing may take this share: a bucket with many keys is looked at less often.
_LISTING_SHARE = 0.05


class Watcher:
    """Processes new and changed series until a stop is requested, and then ends after the current series.

    What was handled is kept in memory only: after a restart meta.json has it, by five requests for each series, that
    nothing is left to do.
    """

    def __init__(
        self,
        settings: PreprocessSettings,
        store: ObjectStore,
        processor: SeriesProcessor,
        stop: threading.Event,
        heartbeat: Heartbeat,
    ) -> None:
        self._settings = settings
        self._store = store
        self._processor = processor
        self._splitter = Splitter(settings, store)
        self._stop = stop
        self._heartbeat = heartbeat
        self._handled: dict[str, Handled] = {}
        self._sample_due = settings.dataset_sample
        self._orphans: frozenset[str] = frozenset()
        self._listing_seconds = 0.0
        self._drift_due = time.monotonic() + _DRIFT_SECONDS
        self._backoff = _FIRST_BACKOFF_SECONDS
        self._logger = structlog.get_logger()

    def run(self) -> None:
        """Look and work until a stop is requested."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="series") as executor:
            while not self._stop.is_set():
                self._rest(self._pause(self.look(executor)))

    def look(self, executor: ThreadPoolExecutor) -> bool:
        """Look through the bucket once; returns whether nothing failed."""
        try:
            listing = self._list(executor)
        except Exception as error:
            self._logger.warning("listing_failed", error=str(error), outage=is_outage(error))
            return False
        failed = False
        for series in listing.series:
            if self._stop.is_set():
                return not failed
            if self._is_handled(series, listing):
                continue
            try:
                self._handled[series.name] = self._wait_for(
                    executor.submit(self._processor.handle, series, rejected=series.name in listing.rejected)
                )
            except (ObjectChanged, ObjectMissing) as error:
                # The next listing has the file that took its place, or none.
                self._logger.info("input_changed_meanwhile", series=series.name, reason=str(error))
                self._splitter.forget(series)
            except Exception as error:
                failed = True
                outage = is_outage(error)
                metrics.OUTCOMES.labels(FAILED).inc()
                self._logger.error("series_failed", series=series.name, error=str(error), exc_info=not outage)
                if outage:
                    # It would be the same for the others.
                    break
        self._show(listing)
        return not failed

    def _list(self, executor: ThreadPoolExecutor) -> Listing:
        begun = time.monotonic()
        listing = self._wait_for(executor.submit(self._listing))
        self._listing_seconds = time.monotonic() - begun
        metrics.LISTING_SECONDS.set(self._listing_seconds)
        metrics.LAST_LISTING.set_to_current_time()
        # Apart from the listing, whose time says how often it may be repeated.
        listing = self._wait_for(executor.submit(self._splitter.expand, listing))
        names = {series.name for series in listing.series}
        for gone in self._handled.keys() - names:
            del self._handled[gone]
            self._processor.forget(gone)
        if time.monotonic() >= self._drift_due:
            for measured in self._wait_for(executor.submit(self._processor.measured_elsewhere)):
                self._handled.pop(measured, None)
            self._drift_due = time.monotonic() + _DRIFT_SECONDS
        orphans = listing.rejected - names
        for orphan in sorted(orphans - self._orphans):
            self._wait_for(executor.submit(self._processor.forget_rejection, orphan))
        self._orphans = orphans
        return listing

    def _listing(self) -> Listing:
        settings = self._settings
        listing = list_series(self._store, settings.input_bucket, settings.input_prefix)
        if self._sample_due and upload_sample(settings, self._store, listing):
            listing = list_series(self._store, settings.input_bucket, settings.input_prefix)
        # Once is enough: whatever was found, it is not due later either.
        self._sample_due = False
        return listing

    def _is_handled(self, series: Series, listing: Listing) -> bool:
        handled = self._handled.get(series.name)
        if handled is None or handled.inputs != series.inputs:
            return False
        if handled.deferral is not None and handled.deferral.is_over:
            return False
        # Who deletes a rejection wants the file to be tried again.
        return not handled.recorded or series.name in listing.rejected

    def _wait_for(self, work: Future) -> object:
        """The result of work in the other thread; the process counts as alive until the deadline."""
        begun = time.monotonic()
        while not work.done():
            if time.monotonic() - begun < self._settings.series_deadline_seconds:
                self._heartbeat.beat()
            wait([work], timeout=_TURN_SECONDS)
        return work.result()

    def _pause(self, good: bool) -> float:
        if good:
            self._backoff = _FIRST_BACKOFF_SECONDS
            return max(self._settings.dataset_poll_seconds, self._listing_seconds / _LISTING_SHARE)
        pause = self._backoff
        self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF_SECONDS)
        return pause

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stop.is_set() and (left := end - time.monotonic()) > 0:
            self._heartbeat.beat()
            self._stop.wait(min(left, _TURN_SECONDS))
        self._heartbeat.beat()

    def _show(self, listing: Listing) -> None:
        metrics.SERIES.set(len(listing.series))
        metrics.show_rejected(name for name, handled in self._handled.items() if handled.outcome == REJECTED)
        metrics.show_deferred(handled.deferral.reason for handled in self._handled.values() if handled.deferral)
