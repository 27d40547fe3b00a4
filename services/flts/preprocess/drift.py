"""How far off forecasts were that people got: what was logged against the actual rows of a later file.

The rows of a new file that are later than those that the served model was trained and measured on are compared with the
logged forecasts of that model for them. Its error there, divided by its error on held-out rows, is the drift.
"""

import json
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flts.common.calendar import Calendar
from flts.common.frames import FeatureFrame, read_parts
from flts.common.messages import Promotion
from flts.common.predictionlogs import lines_of
from flts.common.promotions import LARGEST_POINTER_BYTES, PromotionKeys
from flts.common.storage import ObjectMissing, ObjectStore, ObjectTooLarge, get_json, put_json
from flts.preprocess import metrics
from flts.preprocess.settings import PreprocessSettings

_FEWEST_ROWS = 10
"""Forecasts with an actual row; fewer say nothing."""
_MOST_LINES = 200_000
"""Lines of the log that are read, the newest first: some seconds."""
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


class DriftReport(BaseModel):
    """What is kept beside a series' processed data, in `drift.json`."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    series: str
    run_id: str
    rows: int
    """Logged forecasts that were compared; of several for one row, from equally many rows before it, the last."""
    rmse: float
    """Of these, in raw units of the target."""
    held_out_rmse: float = Field(gt=0)
    """Of the model on the rows that were held out of its training."""
    ratio: float
    """The first error divided by the second."""
    measured_at: str
    """UTC, ISO 8601 with `Z`."""


class _Actual(NamedTuple):
    """Rows that a model has not seen: target in raw units by microseconds since 1970."""

    values: dict[int, float]
    target: str
    calendar: Calendar


class Drift:
    """Measures the drift of series and shows it. It never stands in the way of processing."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore) -> None:
        self._settings = settings
        self._store = store
        self._keys = PromotionKeys(settings.promotion_scope)
        self._log = structlog.get_logger()

    def measure(self, series: str, prefix: str) -> None:
        """Compare the logged forecasts with rows that were processed just now, before another model is promoted.

        `prefix`: where the series' processed data are.
        """
        try:
            report = self._measured(series, prefix)
            if report is None:
                self._store.delete(self._settings.output_bucket, f"{prefix}/drift.json")
                metrics.DRIFT.forget(series)
                return
            put_json(self._store, self._settings.output_bucket, f"{prefix}/drift.json", report.model_dump())
        except Exception as error:
            self._log.warning("drift_not_measured", series=series, error=str(error) or repr(error))
            return
        self._show(report)
        self._log.info("drift_measured", **report.model_dump(exclude={"measured_at"}))

    def recall(self, series: str, prefix: str) -> None:
        """Show what was measured before this process began."""
        try:
            known = get_json(self._store, self._settings.output_bucket, f"{prefix}/drift.json")
            if known is not None:
                self._show(DriftReport.model_validate(known))
        except Exception as error:
            self._log.warning("drift_unreadable", series=series, error=str(error) or repr(error))

    def _show(self, report: DriftReport) -> None:
        metrics.DRIFT.set(report.series, report.ratio, drifted=report.ratio > self._settings.drift_factor)

    def _measured(self, series: str, prefix: str) -> DriftReport | None:
        promotion = self._promotion(series)
        if promotion is None or promotion.rmse <= 0:
            return None
        actual = self._actual(promotion, prefix)
        if not actual.values:
            return None
        errors = list(self._errors(series, promotion, actual))
        if len(errors) < _FEWEST_ROWS:
            return None
        rmse = math.sqrt(math.fsum(error * error for error in errors) / len(errors))
        return DriftReport(
            series=series,
            run_id=promotion.run_id,
            rows=len(errors),
            rmse=rmse,
            held_out_rmse=promotion.rmse,
            ratio=rmse / promotion.rmse,
            measured_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )

    def _promotion(self, series: str) -> Promotion | None:
        """What is served; None before the first model."""
        try:
            stored = self._store.get(
                self._settings.promotion_bucket, self._keys.current(series), largest=LARGEST_POINTER_BYTES
            )
            return Promotion.model_validate_json(stored.body)
        except (ObjectMissing, ObjectTooLarge, ValidationError):
            return None

    def _actual(self, promotion: Promotion, prefix: str) -> _Actual:
        bucket = self._settings.output_bucket
        seen = np.datetime64(promotion.last_row_time) if promotion.last_row_time else np.datetime64("NaT")
        values: dict[int, float] = {}
        for part in ("train", "test"):
            with self._store.open(bucket, f"{prefix}/{part}.parquet") as stream:
                for frame in read_parts(stream):
                    values.update(_rows_after(seen, frame))
        return _Actual(values, frame.transform.target, frame.transform.due)

    def _errors(self, series: str, promotion: Promotion, actual: _Actual) -> Iterable[float]:
        """Errors by row and how far ahead it was; the newest lines come first, and the first one counts."""
        found: dict[tuple[int, int], float] = {}
        settings = self._settings
        lines = lines_of(self._store, settings.inference_log_bucket, settings.data_scope, series)
        for _, line in zip(range(_MOST_LINES), lines, strict=False):
            for ahead, (time, value) in enumerate(_forecast(line, promotion.run_id, actual)):
                # What is further ahead than the model was measured for is worse by nature.
                if ahead < settings.output_seq_len and time in actual.values:
                    found.setdefault((time, ahead), value - actual.values[time])
        return found.values()


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
