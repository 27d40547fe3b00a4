"""The last rows of a series, as preprocess saw them last: a model need not have been trained on them."""

import numpy as np
import structlog
from pydantic import ValidationError

from flts.common.recent import NewestRows, RecentRows, newest_rows_key
from flts.common.serving import ServingSpec
from flts.common.storage import ObjectMissing, ObjectStore, ObjectTooLarge

_LARGEST_BYTES = 8 * 2**20
"""A hundred rows of ten columns are 10 kB."""


class StoredRows:
    """Reads the rows of a pipeline. They are for people, so that a failure is only logged."""

    def __init__(self, store: ObjectStore, bucket: str, scope: str) -> None:
        self._store = store
        self._bucket = bucket
        self._scope = scope

    def get(self, series: str) -> NewestRows | None:
        """The rows of a series; None where there are none or they are not rows. Raises what the store raises."""
        try:
            stored = self._store.get(self._bucket, newest_rows_key(self._scope, series), largest=_LARGEST_BYTES)
            return NewestRows.model_validate_json(stored.body)
        except ObjectMissing:
            return None
        except (ObjectTooLarge, ValidationError) as error:
            structlog.get_logger().warning("rows_unreadable", series=series, error=str(error))
            return None

    def read(self, series: str) -> NewestRows | None:
        """The rows of a series; None where there are none or they cannot be read."""
        try:
            return self.get(series)
        except Exception as error:
            structlog.get_logger().warning("rows_unreadable", series=series, error=str(error) or repr(error))
            return None


def shown_rows(newest: NewestRows | None, spec: ServingSpec) -> RecentRows | None:
    """The newest rows where the model can forecast from them, else those that came with it."""
    own = spec.recent
    if newest is None or newest.rows is None or newest.target != spec.transform.target:
        return own
    rows = newest.rows
    if len(rows.times) < spec.rows_needed or not rows.columns.keys() >= set(spec.transform.columns):
        return own
    if own is not None and np.datetime64(rows.times[-1]) <= np.datetime64(own.times[-1]):
        return own
    return RecentRows(times=rows.times, columns={name: rows.columns[name] for name in spec.transform.columns})
