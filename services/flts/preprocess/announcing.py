"""Announces processed data: the claims of a generation, and the object that says that they were sent."""

from typing import Any

import structlog

from flts.common.clock import utc_text
from flts.common.messages import DataClaim
from flts.common.publisher import Publisher
from flts.common.storage import ObjectStore, get_json, put_json
from flts.preprocess.generations import Generations
from flts.preprocess.settings import PreprocessSettings


class Announcements:
    """The claims of one series and configuration. `prefix`: what the keys of its processed data begin with."""

    def __init__(
        self, settings: PreprocessSettings, store: ObjectStore, publisher: Publisher, series: str, prefix: str
    ) -> None:
        self._settings = settings
        self._store = store
        self._publisher = publisher
        self._series = series
        self._key = f"{prefix}/published.json"
        self._generations = Generations(store, settings.output_bucket, prefix)
        self._logger = structlog.get_logger().bind(series=series)

    def next_generation(self, meta: dict[str, Any] | None) -> int:
        """The generation that follows what was processed and announced before."""
        return self._generations.after(meta["generation"] if meta else 0)

    def last(self) -> dict[str, Any] | None:
        """What was announced last: `generation` and, since 0.2.0, `published_at`; None before the first time."""
        marker = get_json(self._store, self._settings.output_bucket, self._key)
        # Claims from before 0.2.0 did not name their series; their model gets its name when they are sent again.
        return marker if marker is not None and marker.get("series") == self._series else None

    def publish(self, meta: dict[str, Any]) -> None:
        """Send the claims of processed data, once more where they were sent before."""
        settings = self._settings
        self._generations.use(meta["generation"])
        last = self.last()
        again = last is not None and last["generation"] == meta["generation"]
        train, test = meta["outputs"]["train"], meta["outputs"]["test"]
        common = {
            "bucket": settings.output_bucket,
            "identifier": settings.identifier,
            "series": self._series,
            "config_hash": meta["config_hash"],
            "generation": meta["generation"],
        }
        self._publisher.publish(
            settings.topic_training_data,
            self._series,
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
            self._series,
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
            "series": self._series,
            "generation": meta["generation"],
            "train_etag": train["etag"],
            "test_etag": test["etag"],
            # Claims that are sent again train nothing.
            "published_at": (last or {}).get("published_at", meta["created_at"]) if again else utc_text(),
        }
        put_json(self._store, settings.output_bucket, self._key, marker)
        self._logger.info("claims_published", config_hash=meta["config_hash"], generation=meta["generation"])
