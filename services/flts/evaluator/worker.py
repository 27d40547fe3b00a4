"""Takes a trainer's success and decides, if it was the last one that the decision waited for or time is over."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from flts.common.consuming import Refused
from flts.common.messages import Promotion, TrainingEvent
from flts.common.outages import is_outage
from flts.common.publisher import Publisher
from flts.common.runs import ClaimKey
from flts.evaluator import metrics
from flts.evaluator.artifacts import ArtifactCopies
from flts.evaluator.floor import shortfall
from flts.evaluator.migration import migrate
from flts.evaluator.pointers import PromotionStore
from flts.evaluator.registry import Registrations
from flts.evaluator.scoring import WEIGHTS, Candidate, best, one_per_type
from flts.evaluator.settings import EvaluatorSettings
from flts.evaluator.tracking import FinishedRuns
from flts.evaluator.waiting import WaitingClaims


class EvaluatorWorker:
    """Decides about one claim after the other, each once, and for each series on its own.

    What has been trained is asked of MLflow, what has been decided of the pointer's history. So a restart loses
    nothing, and a repeated or late event changes nothing: a claim in the history is never decided again, unless a
    restore took its run away.
    """

    def __init__(
        self,
        settings: EvaluatorSettings,
        runs: FinishedRuns,
        pointers: PromotionStore,
        copies: ArtifactCopies,
        publisher: Publisher,
        registrations: Registrations,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._runs = runs
        self._pointers = pointers
        self._copies = copies
        self._publisher = publisher
        self._registrations = registrations
        self._now = now
        self._waiting = WaitingClaims(settings.type_timeout_seconds, now)
        self._looked_back = False
        for kind in settings.expected_model_types:
            # Shown from the start, so that the first one is seen as a rise from 0.
            metrics.TIMEOUTS.labels(kind)
        self._logger = structlog.get_logger()

    def handle(self, payload: bytes) -> None:
        """Handle a message; see flts.common.consuming.ClaimLoop for what the exceptions mean."""
        try:
            event = TrainingEvent.model_validate_json(payload)
        except ValidationError as error:
            raise Refused(f"not a training event: {error}") from error
        if event.status != "SUCCESS" or event.identifier != self._settings.identifier:
            return
        self._consider(ClaimKey(event.identifier, event.config_hash, event.generation, event.series))

    def check_waiting(self) -> None:
        """Look at every claim that waits, since a deadline passes without a message.

        The first time after a start these are the ones that MLflow has runs of: their events were committed long ago.
        """
        claims = self._waiting.longest_first() if self._looked_back else self._undecided()
        for claim in claims:
            try:
                self._consider(claim)
            except Refused as error:
                self._logger.error("claim_refused", config_hash=claim.config_hash, error=str(error))
            except Exception as error:
                if is_outage(error):
                    raise
                # One claim must not block all others; its event, if it still exists, becomes a dead letter.
                self._logger.exception("claim_failed", config_hash=claim.config_hash, error=str(error))
        self._looked_back = True
        self._registrations.catch_up()

    def _undecided(self) -> list[ClaimKey]:
        migrate(self._pointers, self._runs, self._copies)
        served = self._pointers.all()
        for promotion in served:
            self._complete_interrupted(promotion)
            self._show(promotion)
            self._registrations.note(promotion)
        metrics.LAST_DECISION.set(self._pointers.last_decision())
        finished = self._runs.claims(self._settings.identifier)
        first_ends = {(claim.key.config_hash, claim.key.generation): claim.first_end for claim in finished}
        # Claims of a series are in the order of their first runs: what came before the served one is superseded.
        since = {
            promotion.series: first_ends.get((promotion.config_hash, promotion.generation), _promoted_at(promotion))
            for promotion in served
        }
        newest = max(since.values(), default=0)
        return [
            claim.key
            for claim in finished
            if claim.last_end > since.get(claim.key.series, 0 if claim.key.series else newest)
        ]

    @metrics.DECISION_SECONDS.time()
    def _consider(self, claim: ClaimKey) -> None:
        current = self._pointers.current(claim.series)
        if current is not None:
            self._complete_interrupted(current)
        last = self._pointers.latest_of(claim.config_hash)
        # An event of an older generation may come late; a newer one was decided already.
        if last is not None and last.generation >= claim.generation and not self._was_lost(last):
            self._waiting.forget(claim)
            self._take_name(claim, last)
            self._logger.info("already_decided", config_hash=claim.config_hash, run_id=last.run_id)
            return
        runs = one_per_type(self._runs.of(claim))
        expected = self._settings.expected_model_types
        candidates = [runs[kind] for kind in expected if kind in runs]
        missing = [kind for kind in expected if kind not in runs]
        if not missing or (candidates and self._time_is_over(claim, candidates, missing)):
            self._decide(claim, candidates, missing)

    def _was_lost(self, decided: Promotion) -> bool:
        """Whether MLflow has no such run: a restore took it away, and what was decided about it with it."""
        if self._runs.run(decided.run_id) is not None:
            return False
        self._logger.warning(
            "decision_superseded",
            run_id=decided.run_id,
            config_hash=decided.config_hash,
            generation=decided.generation,
            reason="MLflow does not have its run any more",
        )
        return True

    def _take_name(self, claim: ClaimKey, last: Promotion) -> None:
        """Give a promotion from before 0.2.0 the name of its series, once its claim was announced with it."""
        current = self._pointers.current(claim.series)
        if claim.series and current is not None and (current.series, current.run_id) == ("", last.run_id):
            named = current.model_copy(update={"series": claim.series})
            self._pointers.remember(named)
            self._pointers.point_to(named)
            self._logger.info("series_named", series=claim.series, run_id=named.run_id)

    def _time_is_over(self, claim: ClaimKey, candidates: list[Candidate], missing: list[str]) -> bool:
        since = min(run.end_time for run in candidates)
        if since < self._first_end_of_promoted(claim.series):
            # Its model would take the place of a newer claim's.
            self._waiting.forget(claim)
            self._logger.info("superseded", config_hash=claim.config_hash, missing=missing)
            return False
        overdue = self._waiting.note(claim, since / 1000, missing)
        self._logger.info("waiting_for_types", config_hash=claim.config_hash, missing=missing, overdue=overdue)
        return overdue and self._settings.promote_incomplete

    def _first_end_of_promoted(self, series: str) -> int:
        """When the first run of the series' promoted claim ended, in ms since 1970: that is how claims are ordered."""
        current = self._pointers.current(series)
        if current is None:
            return 0
        runs = self._runs.of(ClaimKey(current.identifier, current.config_hash, current.generation))
        return min((run.end_time for run in runs), default=_promoted_at(current))

    def _decide(self, claim: ClaimKey, candidates: list[Candidate], missing: list[str]) -> None:
        self._waiting.forget(claim)
        compared = {candidate.model_type: candidate.run_id for candidate in candidates}
        winner = best(candidates)
        if winner is None:
            metrics.DECISIONS.labels(metrics.NO_SCORE).inc()
            raise Refused(f"no run of {compared} has all of test_rmse, test_mae and test_mse; nothing was promoted")
        try:
            promotion = self._promotion(claim, winner, compared)
        except Refused:
            metrics.DECISIONS.labels(metrics.ARTIFACTS_REFUSED).inc()
            raise
        self._offer_others(promotion, winner, candidates)
        served = self._pointers.current(claim.series)
        reason = shortfall(self._settings.promotion_floor, winner, served)
        facts = {
            "scores": {run.model_type: run.score for run in candidates},
            "missing": missing,
            **promotion.model_dump(exclude={"runs", "timestamp", "weights", "below_floor"}, exclude_none=True),
        }
        if reason is not None:
            outcome = metrics.FIRST_BELOW_FLOOR if served is None else metrics.BELOW_FLOOR
            metrics.DECISIONS.labels(outcome).inc()
            self._logger.warning("below_floor", reason=reason, served=served is None, **facts)
        metrics.LAST_DECISION.set(self._now())
        if reason is not None and served is not None:
            self._pointers.remember_kept(promotion.model_copy(update={"below_floor": True}))
            return
        self._complete(promotion.model_copy(update={"below_floor": reason is not None}))
        metrics.DECISIONS.labels(metrics.PROMOTED_INCOMPLETE if missing else metrics.PROMOTED).inc()
        metrics.WAIT_SECONDS.observe(max(0.0, self._now() - min(run.end_time for run in candidates) / 1000))
        self._logger.info("promoted", below_floor=reason is not None, **facts)

    def _offer_others(self, promotion: Promotion, winner: Candidate, candidates: list[Candidate]) -> None:
        """Let a canary serve each of the compared runs; one that cannot be copied does not hold up the winner."""
        self._pointers.offer(promotion)
        for run in candidates:
            if run is winner or not math.isfinite(run.score):
                continue
            try:
                self._pointers.offer(promotion.model_copy(update=_facts(run) | self._copies.copy(run)._asdict()))
            except Refused as error:
                self._logger.warning("run_not_offered", run_id=run.run_id, error=str(error))

    def _complete(self, promotion: Promotion) -> None:
        self._pointers.point_to(promotion)
        self._publisher.publish(self._settings.topic_model_selected, promotion.series, promotion)
        self._pointers.remember(promotion)
        self._registrations.note(promotion)
        self._show(promotion)

    def _complete_interrupted(self, current: Promotion) -> None:
        """Before anything new is decided: what the pointer names was decided, even if its decider died over it."""
        if not self._pointers.remembers(current):
            self._logger.info("completing_interrupted_promotion", run_id=current.run_id, series=current.series)
            self._complete(current)

    def _show(self, promotion: Promotion) -> None:
        metrics.LAST_TIMESTAMP.set(_promoted_at(promotion) / 1000)
        metrics.LAST_SCORE.clear()
        metrics.LAST_SCORE.labels(promotion.model_type).set(promotion.score)

    def _promotion(self, claim: ClaimKey, winner: Candidate, compared: dict[str, str]) -> Promotion:
        now = datetime.fromtimestamp(self._now(), UTC)
        copied = self._copies.copy(winner)
        return Promotion(
            identifier=claim.identifier,
            series=claim.series,
            config_hash=claim.config_hash,
            generation=claim.generation,
            timestamp=now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            weights=WEIGHTS,
            runs=compared,
            **_facts(winner),
            **copied._asdict(),
        )


def _facts(run: Candidate) -> dict:
    """What a promotion says about its run."""
    baseline = run.metrics.get("baseline_rmse", math.nan)
    return {
        "run_id": run.run_id,
        "model_type": run.model_type,
        "experiment": run.experiment,
        "model_uri": f"runs:/{run.run_id}/{run.model_type}",
        "rmse": run.metrics["test_rmse"],
        "mae": run.metrics["test_mae"],
        "mse": run.metrics["test_mse"],
        "score": run.score,
        "baseline_rmse": baseline if math.isfinite(baseline) else None,
        "held_out_sha256": run.held_out_sha256,
        "last_row_time": run.last_row_time,
        "last_row_value": run.last_row_value,
    }


def _promoted_at(promotion: Promotion) -> int:
    """When it was promoted, in ms since 1970."""
    return int(datetime.fromisoformat(promotion.timestamp).timestamp() * 1000)
