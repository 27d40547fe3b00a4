"""Any message on any topic that a worker consumes is handled, ignored or given up: none stops the worker or is kept."""

import json
import threading

import pytest
from conftest import MemoryPublisher, MemoryStore
from consumers import FakeConsumer
from evaluator import FakeRuns, evaluator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from performance_worker import worker_over
from serving_models import in_service_with, make_model

from flts.common.consuming import ClaimLoop
from flts.common.messages import DataClaim, Promotion, TrainingEvent
from flts.training.settings import TrainingSettings
from flts.training.worker import TrainingWorker

CLAIM = {
    "bucket": "processed-data",
    "object": "default/hash/train.parquet",
    "size": 1,
    "etag": "etag",
    "config_hash": "hash",
    "generation": 1,
    "series": "site",
    "test_object": "default/hash/test.parquet",
    "test_etag": "etag",
}
EVENT = {
    "operation": "Trained: GRU",
    "status": "SUCCESS",
    "experiment": "Default",
    "run_name": "GRU",
    "run_id": "run",
    "config_hash": "hash",
    "model_type": "GRU",
    "generation": 1,
}


class NoRuns:
    """A tracker that is never asked to start: no message of these tests leads to data."""

    def finished(self, claim):
        # As MLflow's search, which takes no quotes within values.
        assert "'" not in f"{claim.identifier}{claim.config_hash}"
        return


def trainer(publisher, stop):
    return TrainingWorker(TrainingSettings(), MemoryStore(), NoRuns(), publisher, stop).handle


def evaluator_handler(publisher, stop):
    return evaluator(MemoryStore(), publisher, FakeRuns()).handle


def performance(publisher, stop):
    models = in_service_with(make_model())
    return worker_over(models, MemoryStore(), publisher, stop, performance_wait_seconds=0.01).handle


WORKERS = {"training-data": trainer, "model-training": evaluator_handler, "inference-data": performance}


def give(make, *messages):
    """The dead letters of messages that a worker was given; each of them was committed."""
    stop, publisher = threading.Event(), MemoryPublisher()
    consumer = FakeConsumer(messages, stop)
    ClaimLoop(consumer, make(publisher, stop), publisher, "DLQ", stop, max_retries=1, first_pause_seconds=0.001).run()
    assert consumer.done == list(messages)
    return publisher.on("DLQ")


def changed(fields, **changes):
    return json.dumps(fields | changes).encode()


POISON = {
    "tombstone": None,
    "empty": b"",
    "no text": b"\xff" * 400_000,
    "no JSON": b"{",
    "no object": b"[]",
    "null": b"null",
    "not a number": b'{"size": NaN}',
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "half a surrogate": b'{"bucket": "\\ud800"}',
    "byte order mark": b"\xef\xbb\xbf" + changed(CLAIM),
    "many fields": json.dumps({f"field{number}": [] for number in range(100_000)}).encode(),
    "long text": changed(CLAIM, object="x" * 900_000, operation="x" * 50_000),
    "huge number": changed(CLAIM | EVENT).replace(b'"generation": 1', b'"generation": 1' + b"0" * 4000),
    "larger than Python reads": changed(CLAIM | EVENT).replace(b'"generation": 1', b'"generation": 1' + b"0" * 9000),
    "wrong types": changed({name: [] for name in CLAIM | EVENT}),
    "quote in the hash": changed(CLAIM | EVENT, config_hash="'; drop"),
    "path in the hash": changed(CLAIM | EVENT, config_hash="../../other"),
    "path in the series": changed(CLAIM | EVENT, series="../other"),
    "zero byte in the identifier": changed(CLAIM | EVENT, identifier="\x00"),
    "no bucket's name": changed(CLAIM, bucket="arn:aws:s3:::*"),
}


@pytest.mark.parametrize("topic", WORKERS)
@pytest.mark.parametrize("name", POISON)
def test_a_message_that_is_none_becomes_one_dead_letter(topic, name):
    (letter,) = give(WORKERS[topic], POISON[name])
    assert len(json.dumps(letter)) < 128 * 1024


@pytest.mark.parametrize("topic", WORKERS)
def test_a_message_of_another_pipeline_is_left_alone(topic):
    assert give(WORKERS[topic], changed(CLAIM | EVENT, identifier="other")) == []


@pytest.mark.parametrize("topic", ["training-data", "inference-data"])
@pytest.mark.parametrize("change", [{}, {"bucket": "other-bucket"}, {"generation": 2**53 - 1}])
def test_a_claim_of_data_that_are_not_there_becomes_one_dead_letter(topic, change):
    assert len(give(WORKERS[topic], changed(CLAIM, **change))) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
_MESSAGE = (
    st.none()
    | st.binary(max_size=200)
    | _JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(sorted(CLAIM | EVENT)), _JSON, max_size=4).map(
        lambda changes: changed(CLAIM | EVENT, **changes)
    )
)


@pytest.mark.parametrize("topic", WORKERS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages=st.lists(_MESSAGE, min_size=1, max_size=4))
def test_no_generated_message_stops_a_worker(topic, messages):
    assert len(give(WORKERS[topic], *messages)) <= len(messages)


@pytest.mark.parametrize(("kind", "fields"), [(DataClaim, CLAIM), (TrainingEvent, EVENT)])
def test_a_message_from_before_series_had_names_is_still_read(kind, fields):
    old = {name: value for name, value in fields.items() if name != "series"}
    assert kind.model_validate_json(json.dumps(old)).series == ""
    assert kind.model_validate_json(json.dumps(old | {"added later": 1})).series == ""


def test_a_pointer_from_before_series_had_names_is_still_read():
    old = {
        "config_hash": "hash",
        "run_id": "run",
        "model_type": "GRU",
        "experiment": "Default",
        "model_uri": "runs:/run/GRU",
        "rmse": 1,
        "mae": 1,
        "mse": 1,
        "score": 1,
        "timestamp": "2026-01-01T00:00:00Z",
        "weights": {},
    }
    assert Promotion.model_validate_json(json.dumps(old)).series == ""
