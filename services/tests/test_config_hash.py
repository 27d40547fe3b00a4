"""Upstream's golden vectors (upstream.md §9): the hash is part of the contract with its clients."""

import pytest

from flts.preprocess.confighash import config_hash
from flts.preprocess.settings import PreprocessSettings

_IN_CLUSTER = "v3_full_in_cluster_backend"
GOLDEN = [
    ({}, "6ce79cfae0029f0499e5ca7a14f996ee0fe8c7d4f2a4bbf2fe78d3ae6b155ea9"),
    ((50, 50, "forceInfer1"), "8999be31be63d86d0bfcd155ea74a56b6192a9dfa2490f077d019571a6deed1f"),
    ((50, 50, _IN_CLUSTER), "0247c10d5efa0af91e99367b23bef2851a0a615354a28b2ab39fa6dd657ffdf7"),
    ((50, 30, _IN_CLUSTER), "b6b96a7fb9992e962cde373b06e27aac9655c41802337c25cda72af886110441"),
    ((50, 50, ""), "dd605af60450e3fe4fce709235c278917e57487a24090f12ef5959dae2b52448"),
]


@pytest.mark.parametrize(("options", "expected"), GOLDEN)
def test_golden_vectors_from_environment(options, expected, monkeypatch):
    if options:
        train_rows, test_rows, salt = options
        monkeypatch.setenv("SAMPLE_TRAIN_ROWS", str(train_rows))
        monkeypatch.setenv("SAMPLE_TEST_ROWS", str(test_rows))
        monkeypatch.setenv("EXTRA_HASH_SALT", salt)
        monkeypatch.setenv("DATASET_NAME", "PobleSec")
    assert config_hash(PreprocessSettings()) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"handle_nans": False},
        {"clip_enable": True},
        {"time_features_enable": False},
        {"lags_enable": True, "lags_n": 2},
        {"scaler": ""},
        {"add_val": "1"},
        {"train_file": "x.csv"},
        {"target_column": "up"},
        {"train_file": "x.csv", "holdout_fraction": 0.3},
    ],
)
def test_whatever_shapes_the_data_changes_the_hash(change):
    assert config_hash(PreprocessSettings(**change)) != GOLDEN[0][1]


def test_what_does_not_shape_the_data_does_not_change_the_hash():
    same = PreprocessSettings(identifier="team-a", output_bucket="other", force_reprocess=True, sample_seed=7)
    assert config_hash(same) == GOLDEN[0][1]
