"""The job against fakes: keys, claims, idempotency, and what a failure leaves behind."""

import json

import pytest
from conftest import preprocess

from flts.common.frames import read_frame
from flts.preprocess.confighash import config_hash
from flts.preprocess.csverror import CsvError
from flts.preprocess.job import NO_ACTION, Action
from flts.preprocess.settings import PreprocessSettings

SETTINGS = PreprocessSettings(train_file="sample.csv", identifier="team-a")
PREFIX = f"team-a/{config_hash(SETTINGS)}"


@pytest.fixture
def filled(store, sample_csv):
    store.put("dataset", "sample.csv", sample_csv)
    store.writes.clear()
    return store


def run(store, publisher, settings=SETTINGS, action=NO_ACTION):
    return preprocess(settings, store, publisher, action)


# Promise: preprocess-turns-csv-into
def test_objects_and_claims(filled, publisher):
    assert run(filled, publisher) == "processed"
    assert filled.writes == [
        f"{PREFIX}/attempts.json",
        "team-a/rows/sample.json",
        f"{PREFIX}/quality.json",
        f"{PREFIX}/train.parquet",
        f"{PREFIX}/test.parquet",
        f"{PREFIX}/meta.json",
        f"{PREFIX}/generations/1.json",
        f"{PREFIX}/published.json",
        "team-a/drift/sample.json",
    ]
    (claim,) = publisher.on("training-data")
    (inference,) = publisher.on("inference-data")
    train = filled.get("processed-data", f"{PREFIX}/train.parquet", claim["etag"])
    assert claim == {
        "bucket": "processed-data",
        "object": f"{PREFIX}/train.parquet",
        "size": len(train.body),
        "v": 1,
        "identifier": "team-a",
        "series": "sample",
        "etag": train.etag,
        "config_hash": config_hash(SETTINGS),
        "generation": 1,
        "test_object": inference["object"],
        "test_etag": inference["etag"],
    }
    assert inference["operation"] == "post: test data"
    assert inference["object_key"] == inference["object"] == f"{PREFIX}/test.parquet"
    assert [key for _, key, _ in publisher.sent] == ["sample", "sample"]
    meta = json.loads(filled.get("processed-data", f"{PREFIX}/meta.json").body)
    assert meta["outputs"]["train"]["row_count"] == len(read_frame(train.body).times) == 1880
    quality = json.loads(filled.get("processed-data", f"{PREFIX}/quality.json").body)
    assert quality["train"]["gap_count"] == 0
    assert quality["train"]["interval_seconds"] == 120
    assert quality["test"]["columns"]["down"]["missing"] == 0


# Promise: preprocess-idempotent-hash-configuration
def test_second_run_does_nothing(filled, publisher):
    run(filled, publisher)
    filled.writes.clear()
    assert run(filled, publisher) == "skipped"
    assert filled.writes == []
    assert len(publisher.sent) == 2


def test_claims_are_sent_again_only_on_request(filled, publisher):
    run(filled, publisher)
    filled.writes.clear()
    assert run(filled, publisher, action=Action(resend=True)) == "published"
    # The same generation: whoever handled the first ones has nothing to do.
    first, second = publisher.on("training-data")
    assert first == second
    assert len(publisher.on("inference-data")) == 2
    assert [key for key in filled.writes if key.endswith(("parquet", "meta.json"))] == []


def test_another_random_choice_of_rows_is_another_generation(filled, publisher):
    chosen = SETTINGS.model_copy(update={"sample_train_rows": 100, "sample_strategy": "random", "sample_seed": 1})
    run(filled, publisher, chosen)
    assert run(filled, publisher, chosen) == "skipped"
    assert run(filled, publisher, chosen.model_copy(update={"sample_seed": 2})) == "processed"
    first, second = publisher.on("training-data")
    assert first["config_hash"] == second["config_hash"]
    assert (first["generation"], second["generation"]) == (1, 2)
    assert first["etag"] != second["etag"]


def test_pipelines_in_one_bucket_read_their_own_files(store, publisher, sample_csv):
    own = SETTINGS.model_copy(update={"input_prefix": "team-a/"})
    store.put("dataset", "sample.csv", b"not a CSV of this pipeline")
    with pytest.raises(CsvError, match=r"team-a/sample\.csv: there is no such file"):
        run(store, publisher, own)
    store.put("dataset", "team-a/sample.csv", sample_csv)
    assert run(store, publisher, own) == "processed"
    assert publisher.on("training-data")[0]["config_hash"] == config_hash(SETTINGS)


def test_a_restore_of_older_data_does_not_make_a_generation_be_counted_twice(filled, publisher):
    run(filled, publisher)
    snapshot = dict(filled.objects)
    for _ in range(2):
        run(filled, publisher, action=Action(reprocess=True))
    # A restore puts back what the snapshot has, and leaves alone what came later.
    filled.objects |= snapshot
    run(filled, publisher, action=Action(reprocess=True))
    assert [claim["generation"] for claim in publisher.on("training-data")] == [1, 2, 3, 4]
    assert filled.keys("processed-data", f"{PREFIX}/generations/") == [f"{PREFIX}/generations/4.json"]


def test_data_that_were_published_before_series_had_names_are_published_once_more(filled, publisher):
    run(filled, publisher)
    key = f"{PREFIX}/published.json"
    marker = json.loads(filled.get("processed-data", key).body)
    del marker["series"]
    filled.put("processed-data", key, json.dumps(marker).encode())
    assert [run(filled, publisher), run(filled, publisher)] == ["published", "skipped"]
    assert [(claim["series"], claim["generation"]) for claim in publisher.on("training-data")] == [("sample", 1)] * 2


def test_force_and_new_input_make_a_new_generation(filled, publisher, sample_csv):
    run(filled, publisher)
    assert run(filled, publisher, action=Action(reprocess=True)) == "processed"
    filled.put("dataset", "sample.csv", b"\n".join(sample_csv.splitlines()[:-10]))
    assert run(filled, publisher) == "processed"
    assert [claim["generation"] for claim in publisher.on("training-data")] == [1, 2, 3]


@pytest.mark.parametrize("topic", ["training-data", "inference-data"])
def test_claims_that_were_not_acknowledged_are_sent_by_the_next_run(filled, publisher, topic):
    publisher.fail_on = topic
    with pytest.raises(ConnectionError):
        run(filled, publisher)
    publisher.fail_on = None
    assert run(filled, publisher) == "published"
    assert run(filled, publisher) == "skipped"
    assert {claim["generation"] for claim in publisher.on("training-data")} == {1}


@pytest.mark.parametrize("key", ["test.parquet", "meta.json"])
def test_interrupted_between_writes(filled, publisher, key):
    filled.fail_on = key
    with pytest.raises(ConnectionError):
        run(filled, publisher)
    assert publisher.sent == []
    filled.fail_on = None
    assert run(filled, publisher) == "processed"
    assert publisher.on("training-data")[0]["generation"] == 1
