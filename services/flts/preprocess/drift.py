"""How far off forecasts were that people got: what was logged against the actual rows of a later file.

The rows of a file that are later than those that the served model was trained and measured on are compared with the
logged forecasts of that model for them. Its error there, divided by its error on held-out rows, is the drift.
"""

import json
import math
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from flts.common.calendar import Calendar
from flts.common.clock import utc_text
from flts.common.frames import FeatureFrame
from flts.common.messages import Promotion
from flts.common.predictionlogs import LogReader
from flts.common.promotions import LARGEST_POINTER_BYTES, PromotionKeys
from flts.common.storage import ObjectMissing, ObjectStore, ObjectTooLarge, put_json
from flts.preprocess import metrics
from flts.preprocess.settings import PreprocessSettings

_FEWEST_ROWS = 10
"""Forecasts with an actual row; fewer say nothing."""
_MOST_LINES = 200_000
"""Lines of the log that are read, the newest first: some seconds."""
_LARGEST_RATIO = 1e6
_SMALLEST_SHARE = 1e-9
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


class DriftReport(BaseModel):
    """The last measurement of a series, kept as `<scope>/drift/<series>.json` in the bucket of processed data."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    series: str
    run_id: str = ""
    """Of the model that was served; empty where there was none."""
    config_hash: str = ""
    """Of the options that its rows were processed with."""
    rows: int = 0
    """Logged forecasts with an actual row; of several for one row, from equally many rows before it, the last."""
    rmse: float | None = None
    """Of these, in raw units of the target; None where they were too few."""
    held_out_rmse: float | None = None
    """Of the model on the rows that were held out of its training."""
    ratio: float | None = None
    """The first error divided by the second, a million at most."""
    measured_at: str
    """UTC, ISO 8601 with `Z`."""


class _Actual(NamedTuple):
    """Rows that a model has not seen: target in raw units by microseconds since 1970."""

    values: dict[int, float]
    target: str
    calendar: Calendar


class Drift:
    """Measures the drift of series and exports it. A failure never blocks processing."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore) -> None:
        self._settings = settings
        self._store = store
        self._keys = PromotionKeys(settings.promotion_scope)
        self._prefix = f"{settings.data_scope}/drift/"
        self._logs = LogReader(store, settings.inference_log_bucket, settings.data_scope)
        self._seen: dict[str, str | None] = {}
        self._log = structlog.get_logger()

    def measure(self, series: str, frames: Iterable[FeatureFrame]) -> DriftReport | None:
        """Compare the logged forecasts of the served model with rows of the series; None where that failed.

        `frames`: all processed rows, in parts.
        """
        try:
            report = self._measured(series, frames)
            self._seen[series] = put_json(
                self._store, self._settings.output_bucket, self._key(series), report.model_dump()
            )
        except Exception as error:
            self._log.warning("drift_not_measured", series=series, error=str(error) or repr(error))
            return None
        self._show(report)
        if report.ratio is not None:
            self._log.info("drift_measured", **report.model_dump(exclude={"measured_at"}))
        return report

    def recall(self, series: str) -> DriftReport | None:
        """Show what was measured last, by whatever process; None where nothing was."""
        try:
            stored = self._store.get(self._settings.output_bucket, self._key(series))
            report = DriftReport.model_validate_json(stored.body)
        except ObjectMissing:
            self.forget(series)
            return None
        except Exception as error:
            self._log.warning("drift_unreadable", series=series, error=str(error) or repr(error))
            return None
        self._seen[series] = stored.etag
        self._show(report)
        return report

    def forget(self, series: str) -> None:
        """Show a series no longer."""
        self._seen.pop(series, None)
        metrics.DRIFT.forget(series)

    def measured_elsewhere(self) -> set[str]:
        """Series that another process has measured since they were measured or recalled here; by one listing."""
        listed = self._store.children(self._settings.output_bucket, self._prefix)
        return {series for series, etag in self._seen.items() if listed.get(f"{series}.json", etag) != etag}

    def unmeasured(self, series: str) -> DriftReport:
        """A report that says which model is served, and nothing of its drift."""
        return _reported(series, self._promotion(series))

    def _key(self, series: str) -> str:
        return f"{self._prefix}{series}.json"

    def _show(self, report: DriftReport) -> None:
        if report.ratio is None:
            metrics.DRIFT.forget(report.series)
        else:
            metrics.DRIFT.set(report.series, report.ratio, drifted=report.ratio > self._settings.drift_factor)

    def _measured(self, series: str, frames: Iterable[FeatureFrame]) -> DriftReport:
        promotion = self._promotion(series)
        report = _reported(series, promotion)
        if promotion is None:
            return report
        actual = _actual(promotion, frames)
        errors = list(self._errors(series, promotion, actual)) if actual.values else []
        report = report.model_copy(update={"rows": len(errors)})
        if len(errors) < _FEWEST_ROWS:
            return report
        rmse = math.sqrt(math.fsum(error * error for error in errors) / len(errors))
        return report.model_copy(update={"rmse": rmse, "ratio": _ratio(rmse, promotion.rmse, actual.values.values())})

    def _promotion(self, series: str) -> Promotion | None:
        """What is served; None before the first model."""
        try:
            stored = self._store.get(
                self._settings.promotion_bucket, self._keys.current(series), largest=LARGEST_POINTER_BYTES
            )
            return Promotion.model_validate_json(stored.body)
        except (ObjectMissing, ObjectTooLarge, ValidationError):
            return None

    def _errors(self, series: str, promotion: Promotion, actual: _Actual) -> Iterable[float]:
        """Errors by row and how far ahead it was; the newest lines come first, and the first one counts."""
        found: dict[tuple[int, int], float] = {}
        for _, line in zip(range(_MOST_LINES), self._logs.lines_of(series), strict=False):
            for ahead, (time, value) in enumerate(_forecast(line, promotion.run_id, actual)):
                # What is further ahead than the model was measured for is worse by nature.
                if ahead < self._settings.output_seq_len and time in actual.values:
                    found.setdefault((time, ahead), value - actual.values[time])
        return found.values()


def _reported(series: str, promotion: Promotion | None) -> DriftReport:
    report = DriftReport(series=series, measured_at=utc_text())
    if promotion is None:
        return report
    served = {
        "run_id": promotion.run_id,
        "config_hash": promotion.config_hash,
        "held_out_rmse": promotion.rmse,
    }
    return report.model_copy(update=served)


def _actual(promotion: Promotion, frames: Iterable[FeatureFrame]) -> _Actual:
    seen = np.datetime64(promotion.last_row_time) if promotion.last_row_time else np.datetime64("NaT")
    values: dict[int, float] = {}
    for frame in frames:
        values.update(_rows_after(seen, frame))
    return _Actual(values, frame.transform.target, frame.transform.due)


def _ratio(rmse: float, held_out: float, actual: Iterable[float]) -> float:
    """A model without any error on its held-out rows, as of a constant, is measured by the size of the values."""
    return min(rmse / max(held_out, _SMALLEST_SHARE * max(map(abs, actual)), sys.float_info.min), _LARGEST_RATIO)


def _rows_after(seen: np.datetime64, frame: FeatureFrame) -> Iterator[tuple[int, float]]:
    """Known rows that are later than a time; all of them where it is NaT."""
    wanted = np.ones(len(frame.times), bool) if np.isnat(seen) else frame.times > seen
    if frame.imputed is not None:
        wanted &= ~frame.imputed
    raw = frame.transform.target_to_raw(frame.features[wanted, frame.transform.target_index])
    micros = frame.times[wanted].astype("datetime64[us]").astype(np.int64)
    return zip(micros.tolist(), raw.tolist(), strict=True)


def _forecast(line: bytes, run_id: str, actual: _Actual) -> Iterator[tuple[int, float]]:
    """Times and values of a logged forecast of a run; nothing of any other line."""
    try:
        if run_id.encode() not in line:
            # Most lines are of other series; to parse them all would take a hundred times as long.
            return
        document: dict[str, Any] = json.loads(line)
        if document["run_id"] == run_id and document["status"] == "SUCCESS":
            for row in document["predictions"]:
                yield _micros(row["ts"], actual.calendar), float(row[actual.target])
    except (KeyError, TypeError, ValueError, OverflowError):
        return


def _micros(text: str, calendar: Calendar) -> int:
    """Microseconds since 1970 of a time as inference writes it: in a zone, or of the clock of the data."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
        return (time - _EPOCH) // _MICROSECOND
    wall = (time - _EPOCH) // _MICROSECOND
    return calendar.utc(wall) if calendar.zone else wall
