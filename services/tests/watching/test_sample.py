"""The sample series: uploaded where nobody uploaded anything, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import SERVICES, MemoryStore

from flts.preprocess.cli import run_pass
from watching.bucket import SETTINGS, claims, upload, watcher_of


def test_the_sample_is_uploaded_where_no_csv_ever_was(store, publisher, stop):
    wanted = SETTINGS.model_copy(update={"dataset_sample": True})
    MemoryStore.put(store, "dataset", "team-b/x.csv", b"another pipeline's")
    with ThreadPoolExecutor(max_workers=1) as executor:
        watcher = watcher_of(wanted, store, publisher, stop)
        assert watcher.look(executor)
        sample = (SERVICES / "sample" / "sample.csv").read_bytes()
        assert store.objects["dataset", "team-a/sample.csv"] == sample
        assert claims(publisher) == [("sample", 1)]
        # Who deletes all files keeps the served model.
        MemoryStore.delete(store, "dataset", "team-a/sample.csv")
        assert watcher.look(executor)
    assert ("dataset", "team-a/sample.csv") not in store.objects


@pytest.mark.parametrize("name", ["sample.csv", "other.csv", "not a name.csv"])
def test_the_sample_is_not_uploaded_beside_or_over_a_users_csv(store, publisher, stop, short_csv, name):
    upload(store, name, short_csv)
    wanted = SETTINGS.model_copy(update={"dataset_sample": True})
    run_pass(wanted, store, publisher)
    csvs = [key for key in store.keys("dataset", "team-a/") if key.endswith(".csv")]
    assert csvs == [f"team-a/{name}"]
    assert store.objects["dataset", f"team-a/{name}"] == short_csv


def test_an_upload_that_comes_just_before_the_sample_wins(store, publisher, short_csv):
    wanted = SETTINGS.model_copy(update={"dataset_sample": True})
    keys = store.keys

    def uploads_meanwhile(bucket, prefix):
        upload(store, "sample.csv", short_csv)
        return keys(bucket, prefix)

    store.keys = uploads_meanwhile
    assert run_pass(wanted, store, publisher) == 0
    assert store.objects["dataset", "team-a/sample.csv"] == short_csv
