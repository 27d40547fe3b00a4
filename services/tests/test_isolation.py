"""Two pipelines over one object store, one broker and one MLflow, with the same options and file names.

What the program gives each of them (topics, groups, the prefix of raw data) is proved in tests/property of the
project; here is what the services do with it, and that a message which does reach the wrong pipeline has no effect.
"""

from collections import defaultdict

import pytest
from conftest import preprocess
from evaluator import evaluator, pointer, run_of, success

from flts.common.messages import DataClaim
from flts.common.runs import ClaimKey, claim_filter, run_tags
from flts.inference.predictionlog import PredictionLog
from flts.preprocess.settings import PreprocessSettings
from flts.training.settings import TrainingSettings
from flts.training.worker import TrainingWorker

PIPELINES = ("team-a", "team-b")


class Broker:
    """Topics with what was published on them."""

    def __init__(self):
        self.topics = defaultdict(list)

    def publish(self, topic, key, message):
        self.topics[topic].append(message.to_bytes())


class NoTracker:
    """An MLflow that may not even be asked."""

    def __getattr__(self, name):
        raise AssertionError(f"a foreign claim led to {name}")


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def preprocessed(store, broker, sample_csv):
    """Both pipelines' data, which differ by a few rows; topics are those of the program."""
    for number, name in enumerate(PIPELINES):
        store.put("dataset", f"{name}/series.csv", b"\n".join(sample_csv.splitlines()[: 300 + 10 * number]))
        settings = PreprocessSettings(
            identifier=name,
            input_prefix=f"{name}/",
            train_file="series.csv",
            topic_training_data=f"{name}.training-data",
            topic_inference_data=f"{name}.inference-data",
        )
        assert preprocess(settings, store, broker) == "processed"
    return {name: DataClaim.model_validate_json(broker.topics[f"{name}.training-data"][0]) for name in PIPELINES}


def test_data_of_the_same_configuration_lie_apart(preprocessed, store, broker):
    one, other = preprocessed.values()
    assert one.config_hash == other.config_hash
    assert (one.object, other.object) == tuple(f"{name}/{one.config_hash}/train.parquet" for name in PIPELINES)
    assert one.etag != other.etag
    assert store.get(one.bucket, one.object, one.etag).body != store.get(other.bucket, other.object, other.etag).body
    keys = {key for bucket, key in store.objects if bucket == "processed-data"}
    assert {key.split("/")[0] for key in keys} == set(PIPELINES)
    assert set(broker.topics) == {f"{name}.{kind}-data" for name in PIPELINES for kind in ("training", "inference")}


def test_a_trainer_does_nothing_about_a_foreign_claim(preprocessed, store, broker, stop):
    trainer = TrainingWorker(TrainingSettings(identifier="team-a"), store, NoTracker(), broker, stop)
    before = len(broker.topics)
    trainer.handle(preprocessed["team-b"].to_bytes())
    assert len(broker.topics) == before


def test_runs_of_the_same_configuration_are_distinguished_in_mlflow():
    searches = {claim_filter(name, "hash", 1) for name in (*PIPELINES, "")}
    tags = {run_tags(ClaimKey(name, "hash", 1), "GRU")["flts.identifier"] for name in (*PIPELINES, "")}
    assert len(searches) == len(tags) == 3


# Promise: identifier-keeps-pipelines-apart
def test_promotions_do_not_touch_each_other(store, publisher, runs):
    deciders = {name: evaluator(store, publisher, runs, identifier=name) for name in (*PIPELINES, "")}
    for number, name in enumerate(deciders):
        runs.add(run_of(run_id=f"run-of-{name}", end=number + 1), identifier=name)
    # Everyone hears everything, as if all shared one topic.
    for heard in deciders:
        for decider in deciders.values():
            decider.handle(success(identifier=heard))
            decider.check_waiting()
    assert {name: pointer(store, f"{name or 'global'}/current.json")["run_id"] for name in deciders} == {
        "team-a": "run-of-team-a",
        "team-b": "run-of-team-b",
        "": "run-of-",
    }
    assert pointer(store, "current.json")["run_id"] == "run-of-"
    assert len(publisher.on("model-selected")) == 3
    histories = [key for _, key in store.objects if "/promotion-" in key]
    assert sorted(key.split("/")[0] for key in histories) == ["global", *PIPELINES]


def test_prediction_logs_lie_apart(store):
    for name in PIPELINES:
        log = PredictionLog(store, "inference-logs", name, "pod", flush_seconds=1, queue_size=10)
        log.add({"identifier": name})
        log.flush()
    assert {key.split("/")[0] for bucket, key in store.objects if bucket == "inference-logs"} == set(PIPELINES)
