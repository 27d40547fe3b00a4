"""Models in service, and what follows the pointers of a bucket."""

import pytest
from serving_models import (
    BUCKET,
    KEYS,
)

from flts.inference.inservice import Models
from flts.inference.pointers import Pointers
from flts.inference.promoted import PromotedModels
from promoted.source import Clock, Source


@pytest.fixture
def source(store):
    return Source(store)


@pytest.fixture
def models():
    return Models()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def promoted(models, store, source, clock):
    return PromotedModels(models, Pointers(store, BUCKET, KEYS), source, now=clock)
