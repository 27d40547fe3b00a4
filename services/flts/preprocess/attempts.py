"""Counts in the object store how often the process was killed while it processed an input: there is no exception then.

Without the count, one CSV that does not fit into memory would end the process again at each start, and no other series
would ever be processed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from flts.common.outages import is_outage
from flts.common.storage import ObjectStore, get_json, put_json
from flts.preprocess.csverror import CsvError
from flts.preprocess.series import Series


class Attempts:
    """The count of one series and config, as an object in the bucket of processed data.

    `most`: attempts that may end with the process, before the input is rejected.
    """

    def __init__(self, store: ObjectStore, bucket: str, key: str, most: int) -> None:
        self._store = store
        self._bucket = bucket
        self._key = key
        self._most = most

    @contextmanager
    def counted(self, series: Series) -> Iterator[None]:
        """Count an attempt that does not come back; raises CsvError where there were too many.

        Whatever ends with a result or an exception is not counted: only what ends the process is in question.
        """
        inputs = series.inputs._asdict()
        known = get_json(self._store, self._bucket, self._key)
        before = known["attempts"] if known and known["inputs"] == inputs else 0
        try:
            if before >= self._most:
                raise CsvError(
                    series.shown_file,
                    f"ended the process {before} times while it was processed, most likely for lack of memory",
                    "upload fewer rows or columns, or raise the memory limit of preprocess and run "
                    f"`python main.py --series {series.name}`",
                )
            put_json(self._store, self._bucket, self._key, {"inputs": inputs, "attempts": before + 1})
            yield
        finally:
            self._forget()

    def _forget(self) -> None:
        try:
            self._store.delete(self._bucket, self._key)
        except Exception as problem:
            structlog.get_logger().warning("attempts_not_reset", error=str(problem), outage=is_outage(problem))
