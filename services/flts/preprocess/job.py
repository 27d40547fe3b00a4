"""One run of preprocess against the object store and Kafka, in an order that survives being killed anywhere.

Parquet, then meta.json (names the Parquet by ETag), then the claims, then published.json. A run that finds meta.json
for its inputs but no published.json sends the claims again, and so does one that is asked to; the trainers know a
repeated claim by its generation.
"""

from datetime import UTC, datetime
from typing import Any

import structlog

from flts.common.messages import DataClaim
from flts.common.publisher import Publisher
from flts.common.storage import ObjectStore, get_json, put_json
from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.csvfile import CsvError
from flts.preprocess.pipeline import Prepared, prepare
from flts.preprocess.settings import PreprocessSettings

_PARQUET = "application/vnd.apache.parquet"


class PreprocessJob:
    """Turns the CSVs that the settings name into Parquet and claims, at most once per input and config."""

    def __init__(self, settings: PreprocessSettings, store: ObjectStore, publisher: Publisher) -> None:
        self._settings = settings
        self._store = store
        self._publisher = publisher
        self._hash = config_hash(settings)
        self._prefix = f"{settings.data_scope}/{self._hash}"
        self._logger = structlog.get_logger()

    def run(self) -> str:
        """Do what is left to do; returns `processed`, `published` (claims only) or `skipped`."""
        settings = self._settings
        inputs = self._input_etags()
        meta = get_json(self._store, settings.output_bucket, f"{self._prefix}/meta.json")
        if meta is not None and self._is_fresh(meta, inputs) and not settings.force_reprocess:
            marker = get_json(self._store, settings.output_bucket, f"{self._prefix}/published.json")
            published = marker is not None and marker["generation"] == meta["generation"]
            if published and not settings.resend_claims:
                self._logger.info("skip_idempotent", config_hash=self._hash, generation=meta["generation"])
                return "skipped"
            self._publish(meta)
            return "published"
        generation = (meta["generation"] if meta else 0) + 1
        self._publish(self._process(inputs, generation))
        return "processed"

    def _input_etags(self) -> dict[str, str | None]:
        return {
            "train": self._input_etag(self._settings.train_object),
            "test": self._input_etag(self._settings.test_object) if self._settings.test_object else None,
        }

    def _input_etag(self, name: str) -> str:
        etag = self._store.etag(self._settings.input_bucket, self._input_key(name))
        if etag is None:
            raise CsvError(
                self._input_key(name), f"there is no such file in bucket {self._settings.input_bucket!r}", "upload it"
            )
        return etag

    def _input_key(self, name: str) -> str:
        return f"{self._settings.input_prefix}{name}"

    def _is_fresh(self, meta: dict[str, Any], inputs: dict[str, str | None]) -> bool:
        """Whether the outputs are of these inputs and of this choice of rows, whose seed upstream does not hash."""
        bucket = self._settings.output_bucket
        if meta["input_etags"] != inputs or meta.get("sample_seed") != self._seed():
            return False
        return all(self._store.etag(bucket, out["object"]) == out["etag"] for out in meta["outputs"].values())

    def _seed(self) -> int | None:
        return self._settings.sample_seed if self._settings.sample_strategy == "random" else None

    def _process(self, inputs: dict[str, str | None], generation: int) -> dict[str, Any]:
        settings = self._settings
        self._logger.info("download_start", train=settings.train_object, test=settings.test_object or None)
        train = self._store.get(settings.input_bucket, self._input_key(settings.train_object), inputs["train"]).body
        test = None
        if settings.test_object:
            key = self._input_key(settings.test_object)
            test = self._store.get(settings.input_bucket, key, inputs["test"]).body
        prepared = prepare(settings, train, test)
        self._logger.info("pipeline_done", train_rows=prepared.train_rows, test_rows=prepared.test_rows)
        meta = self._meta(prepared, inputs, generation)
        put_json(self._store, settings.output_bucket, f"{self._prefix}/quality.json", prepared.quality)
        for part, content in (("train", prepared.train), ("test", prepared.test)):
            out = meta["outputs"][part]
            out["etag"] = self._store.put(settings.output_bucket, out["object"], content, _PARQUET)
        put_json(self._store, settings.output_bucket, f"{self._prefix}/meta.json", meta)
        self._logger.info("upload_done", prefix=self._prefix, generation=generation)
        return meta

    def _meta(self, prepared: Prepared, inputs: dict[str, str | None], generation: int) -> dict[str, Any]:
        settings = self._settings
        return {
            "identifier": settings.identifier,
            "source_bucket": settings.input_bucket,
            "train_source_object": settings.train_object,
            "test_source_object": settings.test_object,
            "input_etags": inputs,
            "sample_seed": self._seed(),
            "config": canonical_json(settings),
            "config_hash": self._hash,
            "generation": generation,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "scaler_type": settings.scaler,
            "column_names": prepared.columns,
            "target": prepared.target,
            "outputs": {
                part: {"object": f"{self._prefix}/{part}.parquet", "size": len(content), "row_count": rows}
                for part, content, rows in (
                    ("train", prepared.train, prepared.train_rows),
                    ("test", prepared.test, prepared.test_rows),
                )
            },
        }

    def _publish(self, meta: dict[str, Any]) -> None:
        settings = self._settings
        train, test = meta["outputs"]["train"], meta["outputs"]["test"]
        common = {
            "bucket": settings.output_bucket,
            "identifier": settings.identifier,
            "series": settings.series,
            "config_hash": self._hash,
            "generation": meta["generation"],
        }
        self._publisher.publish(
            settings.topic_training_data,
            settings.series,
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
            settings.series,
            DataClaim(
                object=test["object"],
                object_key=test["object"],
                size=test["size"],
                etag=test["etag"],
                operation="post: test data",
                **common,
            ),
        )
        marker = {"generation": meta["generation"], "train_etag": train["etag"], "test_etag": test["etag"]}
        put_json(self._store, settings.output_bucket, f"{self._prefix}/published.json", marker)
        self._logger.info("claims_published", config_hash=self._hash, generation=meta["generation"])
