"""One series against the object store and Kafka, in an order that survives being killed anywhere.

Parquet, then meta.json (names the Parquet by ETag), then the claims, then published.json. A run that finds meta.json
for its inputs but no published.json sends the claims again, and so does one that is asked to; the trainers know a
repeated claim by its generation. meta.json is replaced only if it is still the one that the generation was counted
from: of two pods that process one series at a time, one publishes and the other starts again.
"""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog

from flts.common.messages import DataClaim
from flts.common.outages import is_outage
from flts.common.publisher import Publisher
from flts.common.storage import ObjectChanged, ObjectMissing, ObjectStore, get_json, put_json
from flts.preprocess.attempts import Attempts
from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.csverror import CsvError
from flts.preprocess.generations import Generations
from flts.preprocess.inputs import InputFiles
from flts.preprocess.pipeline import Processed, process
from flts.preprocess.series import Series
from flts.preprocess.settings import PreprocessSettings

_PARQUET = "application/vnd.apache.parquet"

PROCESSED = "processed"
PUBLISHED = "published"
SKIPPED = "skipped"


class Action(NamedTuple):
    """What a person asks for beyond what is left to do."""

    reprocess: bool = False
    """Write and publish again even where nothing changed; the trainers then train again."""
    resend: bool = False
    """Publish the claims again even where they were published; who has handled them already does nothing more."""


NO_ACTION = Action()


class PreprocessJob:
    """Turns the CSVs of a series into Parquet and claims, at most once per input and config."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore, publisher: Publisher, series: Series) -> None:
        settings = settings.of_series(series.train_file, series.test_file)
        self._settings = settings
        self._store = store
        self._publisher = publisher
        self._series = series
        self._files = InputFiles(settings, store, series)
        self._inputs = series.inputs._asdict()
        self._hash = config_hash(settings)
        self._prefix = f"{settings.data_scope}/{self._hash}"
        self._attempts = Attempts(
            store, settings.output_bucket, f"{self._prefix}/attempts.json", settings.series_max_attempts
        )
        self._generations = Generations(store, settings.output_bucket, self._prefix)
        self._logger = structlog.get_logger().bind(series=series.name)

    @property
    def prefix(self) -> str:
        """What the keys of the series' processed data begin with."""
        return self._prefix

    def run(self, action: Action = NO_ACTION) -> str:
        """Do what is left to do; returns `processed`, `published` (claims only) or `skipped`.

        Raises CsvError where the input cannot be used; ObjectChanged or ObjectMissing where it was replaced or deleted
        meanwhile, or another pod processed it.
        """
        settings = self._settings
        meta, meta_etag = self._read_meta()
        if meta is not None and self._is_fresh(meta) and not action.reprocess:
            marker = get_json(self._store, settings.output_bucket, f"{self._prefix}/published.json")
            # Claims from before 0.2.0 did not name their series; their model gets its name when they are sent again.
            of_series = marker is not None and marker.get("series") == self._series.name
            published = of_series and marker["generation"] == meta["generation"]
            if published and not action.resend:
                self._logger.info("skip_idempotent", config_hash=self._hash, generation=meta["generation"])
                return SKIPPED
            self._publish(meta)
            return PUBLISHED
        generation = self._generations.after(meta["generation"] if meta else 0)
        with self._attempts.counted(self._series):
            meta = self._process(generation, meta_etag)
        self._publish(meta)
        return PROCESSED

    def _read_meta(self) -> tuple[dict[str, Any] | None, str | None]:
        try:
            stored = self._store.get(self._settings.output_bucket, f"{self._prefix}/meta.json")
        except ObjectMissing:
            return None, None
        return json.loads(stored.body), stored.etag

    def _is_fresh(self, meta: dict[str, Any]) -> bool:
        """Whether the outputs are of these inputs and of this choice of rows, whose seed upstream does not hash."""
        bucket = self._settings.output_bucket
        if meta["input_etags"] != self._inputs or meta.get("sample_seed") != self._seed():
            return False
        return all(self._store.etag(bucket, out["object"]) == out["etag"] for out in meta["outputs"].values())

    def _seed(self) -> int | None:
        return self._settings.sample_seed if self._settings.sample_strategy == "random" else None

    def _process(self, generation: int, replaced: str | None) -> dict[str, Any]:
        settings, series = self._settings, self._series
        self._logger.info("reading", train=series.train_file, test=series.test_file or None)
        processed = self._processed()
        self._logger.info("pipeline_done", train_rows=processed.train.rows, test_rows=processed.test.rows)
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
        try:
            return process(self._settings, self._files.train, self._files.test, self._files.options)
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
            "created_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "scaler_type": settings.scaler,
            "column_names": processed.train.transform.features,
            "target": processed.train.transform.target,
            "outputs": outputs,
        }

    def _publish(self, meta: dict[str, Any]) -> None:
        settings = self._settings
        self._generations.use(meta["generation"])
        train, test = meta["outputs"]["train"], meta["outputs"]["test"]
        common = {
            "bucket": settings.output_bucket,
            "identifier": settings.identifier,
            "series": self._series.name,
            "config_hash": self._hash,
            "generation": meta["generation"],
        }
        self._publisher.publish(
            settings.topic_training_data,
            self._series.name,
            DataClaim(
                object=train["object"],
                size=train["size"],
                etag=train["etag"],
                test_object=test["object"],
                test_etag=test["etag"],
                **common,
            ),
        )
        self._publisher.publish(
            settings.topic_inference_data,
            self._series.name,
            DataClaim(
                object=test["object"],
                object_key=test["object"],
                size=test["size"],
                etag=test["etag"],
                operation="post: test data",
                **common,
            ),
        )
        marker = {
            "series": self._series.name,
            "generation": meta["generation"],
            "train_etag": train["etag"],
            "test_etag": test["etag"],
        }
        put_json(self._store, settings.output_bucket, f"{self._prefix}/published.json", marker)
        self._logger.info("claims_published", config_hash=self._hash, generation=meta["generation"])
