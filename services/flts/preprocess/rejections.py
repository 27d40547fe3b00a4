"""Rejections as objects next to the data, which say why a series is not used, and what to do."""

from typing import Any

import structlog

from flts.common.clock import utc_text
from flts.common.outages import is_outage
from flts.common.storage import ObjectStore, get_json, put_json
from flts.preprocess.confighash import config_hash
from flts.preprocess.csverror import CsvError
from flts.preprocess.series import Series, rejection_file
from flts.preprocess.settings import PreprocessSettings

_FIELDS = {"file", "line", "column", "value", "reason", "fix", "etag", "test_etag", "config_hash", "time"}


class Rejections:
    """The objects `<name>.rejected.json` of a bucket, each for exact inputs and options: others are tried again."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore) -> None:
        self._settings = settings
        self._store = store

    def stands(self, series: Series) -> bool:
        """Whether these inputs were rejected under these options."""
        recorded = self._read(series.name)
        return isinstance(recorded, dict) and recorded.items() >= self._cause(series).items()

    def record(self, series: Series, error: CsvError) -> bool:
        """Write why the series is rejected; returns whether that was possible."""
        value = {
            "file": error.file,
            "line": error.line,
            "column": error.column,
            "value": error.value,
            "reason": error.reason,
            "fix": error.fix,
            **self._cause(series),
            "time": utc_text(),
        }
        try:
            put_json(self._store, self._settings.input_bucket, self._key(series.name), value)
        except Exception as problem:
            if is_outage(problem):
                raise
            # Metric, log line and dead letter still report it; a key may be too long for the store.
            structlog.get_logger().warning("rejection_not_recorded", series=series.name, error=str(problem))
            return False
        return True

    def remove(self, name: str) -> None:
        """Delete a rejection whose cause is gone."""
        self._store.delete(self._settings.input_bucket, self._key(name))

    def remove_own(self, name: str) -> None:
        """Delete what record wrote, and nothing that a user gave such a name."""
        recorded = self._read(name)
        if isinstance(recorded, dict) and recorded.keys() >= _FIELDS:
            self.remove(name)

    def _read(self, name: str) -> Any:
        try:
            return get_json(self._store, self._settings.input_bucket, self._key(name))
        except ValueError:
            return None

    def _key(self, name: str) -> str:
        return f"{self._settings.input_prefix}{rejection_file(name)}"

    def _cause(self, series: Series) -> dict[str, str | None]:
        """What the result depends on."""
        return {
            "etag": series.inputs.train,
            "test_etag": series.inputs.test,
            "config_hash": config_hash(self._settings.of_series(series.train_file, series.test_file)),
        }
