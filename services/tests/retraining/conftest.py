"""A series that preprocess knows, without a model and with one."""

import pytest

from retraining.stack import FIRST_ROWS, Stack


@pytest.fixture(autouse=True)
def _own_state(own_lock, forgotten_drift):
    """Nothing is shared with other tests."""


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
