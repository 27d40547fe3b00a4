"""The API over one model."""

import pytest
from serving_models import make_model

from api.client import client_for


@pytest.fixture(scope="module")
def client():
    return client_for(make_model())
