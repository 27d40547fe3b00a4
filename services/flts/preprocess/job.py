"""One series against the object store and Kafka, in an order that survives being killed anywhere.

Parquet, then meta.json (names the Parquet by ETag), then the claims, then published.json. A run that finds meta.json
for its inputs but no published.json sends the claims again, and so does one that is asked to; the trainers know a
repeated claim by its generation. meta.json is replaced only if it is still the one that the generation was counted
from: of two pods that process one series at a time, one publishes and the other starts again.

New rows that are not trained on (`retrain` is `drift`) leave all of this as it is, since trainers may still be reading
the Parquet of the last claims: only deferred.json says what was decided about them.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import structlog

from flts.common.clock import utc_text
from flts.common.frames import FeatureFrame, read_parts
from flts.common.outages import is_outage
from flts.common.publisher import Publisher
from flts.common.recent import newest_rows_key
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectStore, put_json
from flts.preprocess.announcing import Announcements
from flts.preprocess.attempts import Attempts
from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.csverror import CsvError
from flts.preprocess.drift import Drift
from flts.preprocess.inputs import InputFiles
from flts.preprocess.outcomes import DEFERRED, PROCESSED, PUBLISHED, SKIPPED
from flts.preprocess.pipeline import Processed, process
from flts.preprocess.retraining import Deferral, Retraining
from flts.preprocess.series import Series
from flts.preprocess.settings import PreprocessSettings

_PARQUET = "application/vnd.apache.parquet"


class Action(NamedTuple):
    """What a user requests in addition to the work that is left."""

    reprocess: bool = False
    """Write and publish again even where nothing changed; the trainers then train again."""
    resend: bool = False
    """Publish the claims again even if they were published; services that have handled them ignore them."""
    measure: bool = False
    """Measure drift also where nothing changed since it was measured."""


NO_ACTION = Action()


class PreprocessJob:
    """Turns the CSVs of a series into Parquet and claims, at most once per input and config."""

    def __init__(
        self,
        settings: PreprocessSettings,
        store: ObjectStore,
        publisher: Publisher,
        series: Series,
        drift: Drift | None = None,
    ) -> None:
        settings = settings.of_series(series.train_file, series.test_file)
        self._settings = settings
        self._store = store
        self._series = series
        self._files = InputFiles(settings, store, series)
        self._inputs = series.inputs._asdict()
        self._hash = config_hash(settings)
        self._prefix = f"{settings.data_scope}/{self._hash}"
        self._attempts = Attempts(
            store, settings.output_bucket, f"{self._prefix}/attempts.json", settings.series_max_attempts
        )
        self._announcements = Announcements(settings, store, publisher, series.name, self._prefix)
        self._drift = drift or Drift(settings, store)
        self._retraining = Retraining(settings, store, self._drift, series.name, self._hash)
        self._logger = structlog.get_logger().bind(series=series.name)
        self.deferral: Deferral | None = None
        """Why the rows are not trained on now, where the outcome is `deferred`."""

    def run(self, action: Action = NO_ACTION) -> str:
        """Do what is left to do; returns `processed`, `published` (claims only), `skipped` or `deferred`.

        Raises CsvError where the input cannot be used; ObjectChanged or ObjectMissing where it was replaced or deleted
        meanwhile, or another pod processed it.
        """
        meta, meta_etag = self._read_meta()
        last = self._announcements.last()
        if meta is not None and self._is_fresh(meta) and not action.reprocess:
            return self._announced(action, meta, last)
        is_changed = meta is not None and last is not None and not self._is_of_version(meta)
        if is_changed and not action.reprocess and self._retraining.is_by_drift:
            return self._retrained(action, meta, meta_etag, last)
        with self._attempts.counted(self._series):
            processed = self._processed()
            self._show_rows(processed)
            meta = self._write(processed, meta, meta_etag)
        self._announce(meta)
        self._drift.measure(self._series.name, self._frames(meta))
        return PROCESSED

    def _announced(self, action: Action, meta: dict[str, Any], last: dict[str, Any] | None) -> str:
        """Processed data are there: announce them where that is left to do, or asked for."""
        if action.measure:
            self._drift.measure(self._series.name, self._frames(meta))
        else:
            self._drift.recall(self._series.name)
        if last is not None and last["generation"] == meta["generation"] and not action.resend:
            self._logger.info("skip_idempotent", config_hash=self._hash, generation=meta["generation"])
            return SKIPPED
        self._announcements.publish(meta)
        return PUBLISHED

    def _retrained(self, action: Action, meta: dict[str, Any], meta_etag: str | None, last: dict[str, Any]) -> str:
        """The rows are not those that were announced last: train on them only where the model has drifted."""
        announced_at = last.get("published_at", meta["created_at"])
        self.deferral = None if action.measure else self._retraining.recalled(self._version(), announced_at)
        if self.deferral is None:
            with self._attempts.counted(self._series):
                processed = self._processed()
                self._show_rows(processed)
                self.deferral = self._retraining.decided(self._version(), announced_at, processed)
                if self.deferral is None:
                    meta = self._write(processed, meta, meta_etag)
        if self.deferral is None:
            self._announce(meta)
            return PROCESSED
        self._logger.info(
            "training_deferred", config_hash=self._hash, generation=meta["generation"], **self.deferral.model_dump()
        )
        if action.resend:
            self._announcements.publish(meta)
        return DEFERRED

    def _show_rows(self, processed: Processed) -> None:
        """Give inference the last rows, which it shows whether a model is trained on them or not."""
        key = newest_rows_key(self._settings.data_scope, self._series.name)
        rows = processed.newest(self._series.name, self._settings.input_seq_len)
        put_json(self._store, self._settings.output_bucket, key, rows.model_dump())

    def _announce(self, meta: dict[str, Any]) -> None:
        self._announcements.publish(meta)
        self._retraining.settle()

    def _read_meta(self) -> tuple[dict[str, Any] | None, str | None]:
        try:
            stored = self._store.get(self._settings.output_bucket, f"{self._prefix}/meta.json")
        except ObjectMissing:
            return None, None
        return json.loads(stored.body), stored.etag

    def _is_fresh(self, meta: dict[str, Any]) -> bool:
        """Whether the outputs are of this version, and still there."""
        bucket = self._settings.output_bucket
        return self._is_of_version(meta) and all(
            self._store.etag(bucket, out["object"]) == out["etag"] for out in meta["outputs"].values()
        )

    def _is_of_version(self, meta: dict[str, Any]) -> bool:
        """Whether the outputs are of these inputs and of this choice of rows, whose seed upstream does not hash."""
        return self._version() == {"inputs": meta["input_etags"], "sample_seed": meta.get("sample_seed")}

    def _seed(self) -> int | None:
        return self._settings.sample_seed if self._settings.sample_strategy == "random" else None

    def _version(self) -> dict[str, Any]:
        """What the rows that were chosen depend on, beyond the hashed options."""
        return {"inputs": self._inputs, "sample_seed": self._seed()}

    def _frames(self, meta: dict[str, Any]) -> Iterator[FeatureFrame]:
        for output in meta["outputs"].values():
            with self._store.open(self._settings.output_bucket, output["object"], output["etag"]) as stream:
                yield from read_parts(stream)

    def _write(self, processed: Processed, before: dict[str, Any] | None, replaced: str | None) -> dict[str, Any]:
        """Store what was processed as the next generation, after that of `before`, whose ETag is `replaced`."""
        settings = self._settings
        generation = self._announcements.next_generation(before)
        put_json(self._store, settings.output_bucket, f"{self._prefix}/quality.json", processed.quality)
        outputs = {}
        for part, output in (("train", processed.train), ("test", processed.test)):
            key = f"{self._prefix}/{part}.parquet"
            written = self._store.write(settings.output_bucket, key, _PARQUET, output.write)
            outputs[part] = {"object": key, "size": written.size, "row_count": output.rows, "etag": written.etag}
        meta = self._meta(processed, outputs, generation)
        self._store.replace(
            settings.output_bucket,
            f"{self._prefix}/meta.json",
            json.dumps(meta, indent=2).encode(),
            "application/json",
            replaced,
        )
        self._logger.info("upload_done", prefix=self._prefix, generation=generation)
        return meta

    def _processed(self) -> Processed:
        self._logger.info("reading", train=self._series.train_file, test=self._series.test_file or None)
        try:
            processed = process(self._settings, self._files.train, self._files.test, self._files.options)
        except CsvError as error:
            raise self._files.as_uploaded(error) from error
        except (ObjectMissing, ObjectChanged):
            raise
        except Exception as error:
            if is_outage(error):
                raise
            # It depends on nothing but the input, so that it would fail again.
            self._logger.error("prepare_failed", error=str(error), exc_info=True)
            raise CsvError(
                self._series.shown_file,
                f"cannot be processed: {type(error).__name__}: {error}",
                "compare it with the sample and with the options of preprocess; if it is as they demand, report a bug",
            ) from error
        self._logger.info("pipeline_done", train_rows=processed.train.rows, test_rows=processed.test.rows)
        return processed

    def _meta(self, processed: Processed, outputs: dict[str, Any], generation: int) -> dict[str, Any]:
        settings = self._settings
        return {
            "identifier": settings.identifier,
            "series": self._series.name,
            "source_bucket": settings.input_bucket,
            "train_source_object": settings.train_object,
            "test_source_object": settings.test_object,
            "input_etags": self._inputs,
            "sample_seed": self._seed(),
            "config": canonical_json(settings),
            "config_hash": self._hash,
            "generation": generation,
            "created_at": utc_text(),
            "scaler_type": settings.scaler,
            "column_names": processed.train.transform.features,
            "target": processed.train.transform.target,
            "outputs": outputs,
        }
