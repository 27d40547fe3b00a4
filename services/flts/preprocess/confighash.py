"""The config hash: SHA-256 of the canonical JSON of what shapes the data (upstream contract, §9).

The keys, types and key order of upstream are part of the contract: golden vectors in the tests. What upstream could
not express (a target column, a split of the train file, formats) adds keys, and only where it is used.
"""

import hashlib
import json
from typing import Any

from flts.preprocess.settings import PreprocessSettings


def canonical_config(settings: PreprocessSettings) -> dict[str, Any]:
    """What the hash covers."""
    data: dict[str, Any] = {
        "train_file": settings.train_object,
        "test_file": settings.test_object,
        "sample_train_rows": settings.sample_train_rows,
        "sample_test_rows": settings.sample_test_rows,
        "sample_strategy": settings.sample_strategy,
    }
    if not settings.test_object:
        data["holdout_fraction"] = settings.holdout_fraction
    if settings.target_column:
        data["target_column"] = settings.target_column
    if settings.series_column:
        data["series_column"] = settings.series_column
    if settings.changed_formats:
        data["formats"] = settings.changed_formats
    if settings.nans_max_steps != type(settings).model_fields["nans_max_steps"].default:
        data["nans_max_steps"] = settings.nans_max_steps
    return {
        "handle_nans": {
            "enabled": settings.handle_nans,
            "threshold": settings.nans_threshold,
            "knn_neighbors": settings.nans_knn,
            "drop_rows": settings.nans_drop_rows,
        },
        "outliers": {
            "enabled": settings.clip_enable,
            "method": settings.clip_method,
            "factor": settings.clip_factor,
        },
        "time_features": {"enabled": settings.time_features_enable},
        "lags": {"enabled": settings.lags_enable, "n_lags": settings.lags_n, "step": settings.lags_step},
        "scaling": {"method": settings.scaler, "add_constant": settings.add_val},
        "extra": {"hash_salt": settings.extra_hash_salt},
        "_data": data,
    }


def canonical_json(settings: PreprocessSettings) -> str:
    """Compact JSON with sorted keys."""
    return json.dumps(canonical_config(settings), sort_keys=True, separators=(",", ":"))


def config_hash(settings: PreprocessSettings) -> str:
    """SHA-256 of canonical_json, in hex."""
    return hashlib.sha256(canonical_json(settings).encode()).hexdigest()
