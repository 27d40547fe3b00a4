"""Outcomes of processing a series."""

from typing import Literal, get_args

PROCESSED = "processed"
"""Its rows were stored as a new generation and announced."""
PUBLISHED = "published"
"""What was stored before was announced."""
SKIPPED = "skipped"
"""Nothing was left to do."""
DEFERRED = "deferred"
"""Its rows were processed and compared, and are not trained on now."""
REJECTED = "rejected"
"""Its CSV cannot be used."""
FAILED = "failed"
"""A server was unavailable, or there is a bug."""

ALL = (PROCESSED, PUBLISHED, SKIPPED, DEFERRED, REJECTED, FAILED)

DeferralReason = Literal["not_measured", "not_drifted", "trained_recently"]
"""Why rows are deferred. `not_measured`: too few logged forecasts of the served model have an actual row."""
DEFERRAL_REASONS: tuple[DeferralReason, ...] = get_args(DeferralReason)
