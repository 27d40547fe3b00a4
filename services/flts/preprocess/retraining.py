"""Whether the new rows of a series are trained on, where `preprocess.retrain` is `drift`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from flts.common.clock import utc_text
from flts.common.storage import ObjectStore, get_json, put_json
from flts.preprocess.drift import Drift, DriftReport
from flts.preprocess.outcomes import DeferralReason
from flts.preprocess.pipeline import Processed
from flts.preprocess.settings import PreprocessSettings


class Deferral(BaseModel):
    """Why rows are not trained on now."""

    model_config = ConfigDict(frozen=True)

    reason: DeferralReason
    ratio: float | None = None
    """The drift that was measured; see DriftReport."""
    due: str | None = None
    """When the series may be trained again; UTC, ISO 8601 with `Z`. Only where it was `trained_recently`."""

    @property
    def is_over(self) -> bool:
        """Whether it was about a time that has passed."""
        return self.due is not None and datetime.fromisoformat(self.due) <= datetime.now(UTC)


def deferral(
    report: DriftReport, config_hash: str, factor: float, trained_at: str, period: timedelta
) -> Deferral | None:
    """Why rows are not trained on now.

    None where they are: the series has no model, the model has drifted, or it is of other options than `config_hash`.
    `report`: drift over these rows. `trained_at`: when claims of the series were last published, ISO 8601; `period`:
    the shortest time from there to the next ones.
    """
    if not report.run_id:
        return None
    if report.config_hash == config_hash:
        if report.ratio is None:
            return Deferral(reason="not_measured")
        if report.ratio <= factor:
            return Deferral(reason="not_drifted", ratio=report.ratio)
    due = datetime.fromisoformat(trained_at) + period
    if datetime.now(UTC) < due:
        return Deferral(reason="trained_recently", ratio=report.ratio, due=utc_text(due))
    return None


class Retraining:
    """Decides about the new rows of one series, and records it in `deferred.json` with its processed data."""

    def __init__(
        self, settings: PreprocessSettings, store: ObjectStore, drift: Drift, series: str, config_hash: str
    ) -> None:
        self._settings = settings
        self._store = store
        self._drift = drift
        self._series = series
        self._hash = config_hash
        self._key = f"{settings.data_scope}/{config_hash}/deferred.json"

    @property
    def is_by_drift(self) -> bool:
        """Whether new rows are trained on only where the model has drifted."""
        return self._settings.retrain == "drift"

    def recalled(self, version: dict[str, Any], trained_at: str) -> Deferral | None:
        """Why these rows are not trained on, by what was measured over them; None where that has to be done.

        `version`: which rows they are. A measurement of another model than the one that is served now does not count.
        """
        known = get_json(self._store, self._settings.output_bucket, self._key)
        if known is None or known["version"] != version:
            return None
        report = self._drift.recall(self._series)
        if report is None or report.run_id != self._drift.unmeasured(self._series).run_id:
            return None
        return self._deferral(report, trained_at)

    def decided(self, version: dict[str, Any], trained_at: str, processed: Processed) -> Deferral | None:
        """Measure drift over these rows; returns why they are not trained on, None where they are to be."""
        # Where it could not be measured, it has to be known all the same whether there is a model.
        report = self._drift.measure(self._series, processed.frames()) or self._drift.unmeasured(self._series)
        found = self._deferral(report, trained_at)
        if found is not None:
            value = {"series": self._series, "version": version, **found.model_dump(), "decided_at": utc_text()}
            put_json(self._store, self._settings.output_bucket, self._key, value)
        return found

    def settle(self) -> None:
        """The rows are trained on: nothing is deferred any more."""
        self._store.delete(self._settings.output_bucket, self._key)

    def _deferral(self, report: DriftReport, trained_at: str) -> Deferral | None:
        settings = self._settings
        period = timedelta(hours=settings.retrain_period_hours)
        return deferral(report, self._hash, settings.drift_factor, trained_at, period)
