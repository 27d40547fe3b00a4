"""A series that preprocess knows, without a model and with one."""

import pytest

from flts.preprocess import metrics, onepass
from retraining.stack import FIRST_ROWS, Stack


@pytest.fixture(autouse=True)
def _own_state(monkeypatch, tmp_path):
    monkeypatch.setattr(onepass.tempfile, "gettempdir", lambda: str(tmp_path))
    yield
    metrics.DRIFT.forget("site")


@pytest.fixture
def stack(store, publisher, stop, sample_csv):
    found = Stack(store, publisher, stop, sample_csv)
    found.upload(FIRST_ROWS)
    found.look()
    return found


@pytest.fixture
def serving(stack):
    """The series has a model, which was trained two days ago."""
    stack.promote()
    stack.trained(hours_ago=48)
    return stack
