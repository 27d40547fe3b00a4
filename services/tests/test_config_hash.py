"""Upstream's golden vectors (upstream.md §9): the hash is part of the contract with its clients."""

import pytest

from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.settings import PreprocessSettings

_IN_CLUSTER = "v3_full_in_cluster_backend"
GOLDEN = [
    ({}, "6ce79cfae0029f0499e5ca7a14f996ee0fe8c7d4f2a4bbf2fe78d3ae6b155ea9"),
    ((50, 50, "forceInfer1"), "8999be31be63d86d0bfcd155ea74a56b6192a9dfa2490f077d019571a6deed1f"),
    ((50, 50, _IN_CLUSTER), "0247c10d5efa0af91e99367b23bef2851a0a615354a28b2ab39fa6dd657ffdf7"),
    ((50, 30, _IN_CLUSTER), "b6b96a7fb9992e962cde373b06e27aac9655c41802337c25cda72af886110441"),
    ((50, 50, ""), "dd605af60450e3fe4fce709235c278917e57487a24090f12ef5959dae2b52448"),
]


# Promise: preprocess-idempotent-hash-configuration
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
        {"nans_threshold": 0.5},
        {"nans_knn": 3},
        {"nans_drop_rows": True},
        {"clip_enable": True},
        {"clip_method": "percentile"},
        {"clip_factor": 2.0},
        {"lags_step": 2},
        {"sample_train_rows": 1},
        {"sample_test_rows": 1},
        {"sample_strategy": "random"},
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
    same = PreprocessSettings(identifier="team-a", output_bucket="other", input_prefix="team-a/", sample_seed=7)
    assert config_hash(same) == GOLDEN[0][1]
    assert config_hash(PreprocessSettings(force_reprocess=True, resend_claims=True)) == GOLDEN[0][1]


def test_types_are_upstreams():
    # Text of the environment becomes the same JSON types as upstream's: a constant stays text, a share a fraction.
    settings = PreprocessSettings(nans_threshold="1", lags_n="2", add_val="1.50", time_features_enable="false")
    assert canonical_json(settings) == (
        '{"_data":{"sample_strategy":"head","sample_test_rows":0,"sample_train_rows":0,'
        '"test_file":"PobleSec_test.csv","train_file":"PobleSec.csv"},"extra":{"hash_salt":""},'
        '"handle_nans":{"drop_rows":false,"enabled":true,"knn_neighbors":2,"threshold":1.0},'
        '"lags":{"enabled":false,"n_lags":2,"step":1},"outliers":{"enabled":false,"factor":1.5,"method":"iqr"},'
        '"scaling":{"add_constant":"1.50","method":"MinMaxScaler"},"time_features":{"enabled":false}}'
    )
