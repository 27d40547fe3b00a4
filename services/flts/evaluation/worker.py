"""Takes a trainer's success and decides, if it was the last one that the decision waited for or time is over."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from flts.common.consuming import Refused
from flts.common.messages import Promotion, TrainingEvent
from flts.common.publisher import Publisher
from flts.common.runs import ClaimKey
from flts.evaluation import metrics
from flts.evaluation.pointers import PromotionStore
from flts.evaluation.scoring import WEIGHTS, Candidate, best, one_per_type
from flts.evaluation.settings import EvaluationSettings
from flts.evaluation.tracking import FinishedRuns
from flts.evaluation.waiting import WaitingClaims


class EvaluationWorker:
    """Decides about one claim after the other, each once.

    What has been trained is asked of MLflow, what has been decided of the pointer's history. So a restart loses
    nothing, and a repeated or late event changes nothing: a claim in the history is never decided again.
    """

    def __init__(
        self,
        settings: EvaluationSettings,
        runs: FinishedRuns,
        pointers: PromotionStore,
        publisher: Publisher,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._runs = runs
        self._pointers = pointers
        self._publisher = publisher
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
        self._looked_back = True

    def _undecided(self) -> list[ClaimKey]:
        self._complete_interrupted()
        current = self._pointers.current()
        if current is not None:
            self._show(current)
        return self._runs.claims_since(self._settings.identifier, self._first_end_of_promoted())

    @metrics.DECISION_SECONDS.time()
    def _consider(self, claim: ClaimKey) -> None:
        self._complete_interrupted()
        last = self._pointers.latest_of(claim.config_hash)
        # An event of an older generation may come late; a newer one was decided already.
        if last is not None and last.generation >= claim.generation:
            self._waiting.forget(claim)
            self._logger.info("already_promoted", config_hash=claim.config_hash, run_id=last.run_id)
            return
        runs = one_per_type(self._runs.of(claim))
        expected = self._settings.expected_model_types
        candidates = [runs[kind] for kind in expected if kind in runs]
        missing = [kind for kind in expected if kind not in runs]
        if not missing or (candidates and self._time_is_over(claim, candidates, missing)):
            self._decide(claim, candidates, missing)

    def _time_is_over(self, claim: ClaimKey, candidates: list[Candidate], missing: list[str]) -> bool:
        since = min(run.end_time for run in candidates)
        if since < self._first_end_of_promoted():
            # Its model would take the place of a newer claim's.
            self._waiting.forget(claim)
            self._logger.info("superseded", config_hash=claim.config_hash, missing=missing)
            return False
        overdue = self._waiting.note(claim, since / 1000, missing)
        self._logger.info("waiting_for_types", config_hash=claim.config_hash, missing=missing, overdue=overdue)
        return overdue and self._settings.promote_incomplete

    def _first_end_of_promoted(self) -> int:
        """When the first run of the promoted claim ended, in ms since 1970: that is how claims are ordered."""
        current = self._pointers.current()
        if current is None:
            return 0
        runs = self._runs.of(ClaimKey(current.identifier, current.config_hash, current.generation))
        promoted_at = int(datetime.fromisoformat(current.timestamp).timestamp() * 1000)
        return min((run.end_time for run in runs), default=promoted_at)

    def _decide(self, claim: ClaimKey, candidates: list[Candidate], missing: list[str]) -> None:
        self._waiting.forget(claim)
        compared = {candidate.model_type: candidate.run_id for candidate in candidates}
        winner = best(candidates)
        if winner is None:
            metrics.DECISIONS.labels(metrics.NO_SCORE).inc()
            raise Refused(f"no run of {compared} has all of test_rmse, test_mae and test_mse; nothing was promoted")
        promotion = self._promotion(claim, winner, compared)
        self._complete(promotion)
        metrics.DECISIONS.labels(metrics.PROMOTED_INCOMPLETE if missing else metrics.PROMOTED).inc()
        metrics.WAIT_SECONDS.observe(max(0.0, self._now() - min(run.end_time for run in candidates) / 1000))
        self._logger.info(
            "promoted",
            scores={run.model_type: run.score for run in candidates},
            missing=missing,
            **promotion.model_dump(exclude={"runs", "timestamp"}),
        )

    def _complete(self, promotion: Promotion) -> None:
        self._pointers.point_to(promotion)
        self._publisher.publish(self._settings.topic_model_selected, promotion.series, promotion)
        self._pointers.remember(promotion)
        self._show(promotion)

    def _complete_interrupted(self) -> None:
        """Before anything new is decided: what the pointer names was decided, even if its decider died over it."""
        current = self._pointers.current()
        if current is not None and not self._pointers.remembers(current):
            self._logger.info("completing_interrupted_promotion", run_id=current.run_id)
            self._complete(current)

    def _show(self, promotion: Promotion) -> None:
        metrics.LAST_TIMESTAMP.set(datetime.fromisoformat(promotion.timestamp).timestamp())
        metrics.LAST_SCORE.clear()
        metrics.LAST_SCORE.labels(promotion.model_type).set(promotion.score)

    def _promotion(self, claim: ClaimKey, winner: Candidate, compared: dict[str, str]) -> Promotion:
        now = datetime.fromtimestamp(self._now(), UTC)
        return Promotion(
            identifier=claim.identifier,
            series=claim.series,
            config_hash=claim.config_hash,
            generation=claim.generation,
            run_id=winner.run_id,
            model_type=winner.model_type,
            experiment=winner.experiment,
            model_uri=f"runs:/{winner.run_id}/{winner.model_type}",
            rmse=winner.metrics["test_rmse"],
            mae=winner.metrics["test_mae"],
            mse=winner.metrics["test_mse"],
            score=winner.score,
            timestamp=now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            weights=WEIGHTS,
            runs=compared,
        )
