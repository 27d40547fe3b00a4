"""Trainings on prepared data, and the claims that announce them."""

import threading
from functools import cache

from conftest import data_folder

from flts.common.frames import FeatureFrame, read_frame
from flts.common.messages import DataClaim
from flts.preprocess.pipeline import Prepared, prepare
from flts.preprocess.settings import PreprocessSettings
from flts.training.settings import TrainingSettings
from flts.training.trainer import TrainedModel, train

BUCKET = "processed-data"
CLAIM = DataClaim(bucket="b", object="o", size=1, etag="e", config_hash="hash", test_object="t")


def stored_claim(store, prepared):
    """Stores what preprocess prepared; returns the claim that announces it."""
    etags = [store.put(BUCKET, name, body) for name, body in (("train", prepared.train), ("test", prepared.test))]
    return DataClaim(
        bucket=BUCKET,
        object="train",
        size=len(prepared.train),
        etag=etags[0],
        config_hash="hash",
        series="site",
        test_object="test",
        test_etag=etags[1],
    ).to_bytes()


def frames(prepared: Prepared) -> tuple[FeatureFrame, FeatureFrame]:
    return read_frame(prepared.train), read_frame(prepared.test)


def train_on(prepared: Prepared, report=lambda number, metrics: None, stop=None, **options) -> TrainedModel:
    return train(TrainingSettings(**options), CLAIM, *frames(prepared), report, stop or threading.Event())


@cache
def trained_on_poblesec(model_type: str, ahead: int) -> TrainedModel:
    """A training on the real dataset, for all tests that look at it."""
    folder = data_folder()
    assert folder is not None
    both = [(folder / name).read_bytes() for name in ("PobleSec.csv", "PobleSec_test.csv")]
    return train_on(prepare(PreprocessSettings(), *both), model_type=model_type, output_seq_len=ahead)
