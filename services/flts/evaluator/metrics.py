"""Prometheus metrics of the evaluator, on its health port."""

from prometheus_client import Counter, Gauge, Histogram

DECISIONS = Counter("evaluator_decisions_total", "Claims decided by this process, by outcome", ["outcome"])
PROMOTED = "promoted"
PROMOTED_INCOMPLETE = "promoted_incomplete"
NO_SCORE = "no_score"
ARTIFACTS_REFUSED = "artifacts_refused"
"""The best run's files in MLflow are not those that its trainer recorded."""
BELOW_FLOOR = "below_floor"
"""The best run does not reach evaluator.floor; what is served stays."""
FIRST_BELOW_FLOOR = "first_below_floor"
"""The same for a series without a model: it is promoted all the same, which counts as `promoted` as well."""
for _outcome in (PROMOTED, PROMOTED_INCOMPLETE, NO_SCORE, ARTIFACTS_REFUSED, BELOW_FLOOR, FIRST_BELOW_FLOOR):
    DECISIONS.labels(_outcome)

REGISTRATIONS = Counter("evaluator_registrations_total", "Promoted models taken to MLflow's registry", ["outcome"])
REGISTERED = "registered"
FAILED = "failed"
for _outcome in (REGISTERED, FAILED):
    REGISTRATIONS.labels(_outcome)

DECISION_SECONDS = Histogram("evaluator_decision_seconds", "Time to look at a claim and, where possible, decide")
WAIT_SECONDS = Histogram(
    "evaluator_wait_seconds",
    "Time from the end of a claim's first run to its promotion",
    buckets=(1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200),
)
LAST_TIMESTAMP = Gauge(
    "evaluator_last_promotion_timestamp_seconds", "When the promoted model was promoted, in seconds since 1970"
)
LAST_DECISION = Gauge(
    "evaluator_last_decision_timestamp_seconds",
    "When a claim was last decided, by a promotion or by keeping what is served, in seconds since 1970",
)
LAST_SCORE = Gauge(
    "evaluator_last_promotion_score", "Score of the promoted model, in raw units of the target", ["model_type"]
)

CLAIMS_WAITING = Gauge("evaluator_claims_waiting", "Claims of which a model type has not reported yet")
CLAIMS_TIMED_OUT = Gauge("evaluator_claims_timed_out", "Waiting claims whose missing types are overdue")
OLDEST_WAITING = Gauge(
    "evaluator_oldest_waiting_claim_seconds", "Time since the first finished run of the claim that waits longest"
)
TIMEOUTS = Counter(
    "evaluator_type_timeouts_total", "Claims whose deadline passed without this model type", ["missing_type"]
)
