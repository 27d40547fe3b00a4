"""A bucket that counts requests, a watcher over it, and what became of the series."""

import json
from collections import Counter

from conftest import MemoryStore
from prometheus_client import REGISTRY

from flts.common.health import Heartbeat
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.series import list_series
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.watching import Watcher

SETTINGS = PreprocessSettings(identifier="team-a", input_prefix="team-a/")


class CountingStore(MemoryStore):
    """Counts requests as S3 would get them: a listing is one for each 1,000 keys."""

    def __init__(self):
        super().__init__()
        self.requests = Counter()

    def get(self, *arguments, **options):
        self.requests["get"] += 1
        return super().get(*arguments, **options)

    def put(self, *arguments, **options):
        self.requests["put"] += 1
        return super().put(*arguments, **options)

    def delete(self, *arguments):
        self.requests["delete"] += 1
        super().delete(*arguments)

    def children(self, bucket, prefix):
        found = super().children(bucket, prefix)
        self.requests["list"] += -(-max(len(found), 1) // 1000)
        return found


class Killed(BaseException):
    """Ends the process where it is."""


def watcher_of(settings, store, publisher, stop, heartbeat=None):
    processor = SeriesProcessor(settings, store, publisher)
    return Watcher(settings, store, processor, stop, heartbeat or Heartbeat())


def upload(store, name, body):
    MemoryStore.put(store, "dataset", f"team-a/{name}", body)


def claims(publisher):
    return [(claim["series"], claim["generation"]) for claim in publisher.on("training-data")]


def rejection(store, name):
    return json.loads(MemoryStore.get(store, "dataset", f"team-a/{name}.rejected.json").body)


def series_of(store):
    (series,) = list_series(store, "dataset", "team-a/").series
    return series


def metric(name, **labels):
    return REGISTRY.get_sample_value(name, labels)
