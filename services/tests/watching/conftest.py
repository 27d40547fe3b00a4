"""A bucket, CSVs for it, and one look through it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from watching.bucket import SETTINGS, CountingStore, watcher_of


@pytest.fixture
def store():
    return CountingStore()


@pytest.fixture(autouse=True)
def _own_state(own_lock):
    """Nothing is shared with other tests."""


@pytest.fixture
def short_csv(sample_csv):
    return b"\n".join(sample_csv.splitlines()[:300])


@pytest.fixture
def later_csv(sample_csv):
    """Rows after those of short_csv."""
    header, *rows = sample_csv.splitlines()
    return b"\n".join([header, *rows[300:400]])


@pytest.fixture
def look(store, publisher, stop):
    """Look through the bucket once, as one life of a pod; returns whether nothing failed."""
    watcher = watcher_of(SETTINGS, store, publisher, stop)

    def once():
        with ThreadPoolExecutor(max_workers=1) as executor:
            return watcher.look(executor)

    return once
