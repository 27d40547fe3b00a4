"""One series with its file, its model, and forecasts that were logged; and preprocess beside them."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from flts.common.clock import utc_text
from flts.common.health import Heartbeat
from flts.preprocess.cli import run_pass
from flts.preprocess.confighash import config_hash
from flts.preprocess.passing import Selection
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.watching import Watcher

SETTINGS = PreprocessSettings(retrain="drift", retrain_period_hours=24)
FIRST_ROWS = 300
HELD_OUT_RMSE = 10.0
NO_DRIFT, DRIFT = 10.0, 35.0
PREFIX = f"default/{config_hash(SETTINGS.of_series('site.csv', ''))}"
RUN = "0a" * 16


class Stack:
    """The series `site`, whose file has the first rows of the sample, and preprocess."""

    def __init__(self, store, publisher, stop, sample):
        self.store = store
        self.publisher = publisher
        self._stop = stop
        self._logs = 0
        self._lines = sample.splitlines()
        self._rows = [
            (row["time"].replace(" ", "T"), float(row["down"])) for row in csv.DictReader(sample.decode().splitlines())
        ]
        self.watcher = self.started()

    def started(self, settings=SETTINGS):
        """The watcher of a new pod."""
        processor = SeriesProcessor(settings, self.store, self.publisher)
        self.watcher = Watcher(settings, self.store, processor, self._stop, Heartbeat())
        return self.watcher

    def upload(self, rows):
        self.store.put("dataset", "site.csv", b"\n".join(self._lines[: rows + 1]))

    def look(self):
        with ThreadPoolExecutor(max_workers=1) as executor:
            assert self.watcher.look(executor)

    def run_pass(self, settings=SETTINGS, **selection):
        assert run_pass(settings, self.store, self.publisher, Selection(**selection)) == 0

    def promote(self, rows=FIRST_ROWS, run=RUN, generation=1, options=None):
        """A model that has seen so many rows serves."""
        pointer = {
            "config_hash": options or PREFIX.removeprefix("default/"),
            "generation": generation,
            "series": "site",
            "run_id": run,
            "model_type": "GRU",
            "experiment": "flts",
            "model_uri": f"runs:/{run}/GRU",
            "rmse": HELD_OUT_RMSE,
            "mae": 1.0,
            "mse": 100.0,
            "score": 1.0,
            "timestamp": "2026-01-01T00:00:00Z",
            "weights": {},
            "last_row_time": self._rows[rows - 1][0],
        }
        self.store.put("model-promotion", "global/series/site/current.json", json.dumps(pointer).encode())

    def log(self, off, rows=range(FIRST_ROWS, 400), run=RUN):
        """People were forecast these rows, off by so much."""
        lines = [
            {
                "series": "site",
                "run_id": run,
                "status": "SUCCESS",
                "predictions": [{"ts": time, "down": value + off}],
            }
            for time, value in (self._rows[row] for row in rows)
        ]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        self.store.put("inference-logs", f"default/{datetime.now(UTC):%Y%m%d}/{self._logs:06}-pod-1.jsonl", body)
        self._logs += 1

    def trained(self, hours_ago):
        """Claims were published so long ago."""
        key = f"{PREFIX}/published.json"
        marker = json.loads(self.store.get("processed-data", key).body)
        marker["published_at"] = utc_text(datetime.now(UTC) - timedelta(hours=hours_ago))
        self.store.put("processed-data", key, json.dumps(marker).encode())

    def time_of(self, row):
        return self._rows[row - 1][0]

    def value_of(self, row):
        return self._rows[row - 1][1]

    @property
    def generations(self):
        return [claim["generation"] for claim in self.publisher.on("training-data")]

    def processed(self, name):
        return json.loads(self.store.get("processed-data", name).body)


def deferred(reason):
    return REGISTRY.get_sample_value("preprocess_series_deferred", {"reason": reason})


def ratio():
    return REGISTRY.get_sample_value("preprocess_drift_ratio", {"series": "site"})
