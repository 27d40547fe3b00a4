"""Takes a trainer's success and decides, if it was the last one that the decision waited for."""

from datetime import UTC, datetime

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from flts.common.consuming import Refused
from flts.common.messages import Promotion, TrainingEvent
from flts.common.publisher import Publisher
from flts.evaluation.pointers import PromotionStore
from flts.evaluation.scoring import WEIGHTS, Candidate, best, one_per_type
from flts.evaluation.settings import EvaluationSettings
from flts.evaluation.tracking import FinishedRuns

_PROMOTIONS = Counter("evaluation_promotions_total", "Promotions completed by this process", ["model_type"])


class EvaluationWorker:
    """Decides about one event after the other.

    Holds no state: what has been trained is asked of MLflow, what has been decided of the pointer's history. So a
    restart loses nothing, and a repeated or late event changes nothing.
    """

    def __init__(
        self, settings: EvaluationSettings, runs: FinishedRuns, pointers: PromotionStore, publisher: Publisher
    ) -> None:
        self._settings = settings
        self._runs = runs
        self._pointers = pointers
        self._publisher = publisher
        self._logger = structlog.get_logger()

    def handle(self, payload: bytes) -> None:
        """Handle a message; see flts.common.consuming.ClaimLoop for what the exceptions mean."""
        try:
            event = TrainingEvent.model_validate_json(payload)
        except ValidationError as error:
            raise Refused(f"not a training event: {error}") from error
        if event.status != "SUCCESS" or event.identifier != self._settings.identifier:
            return
        runs = one_per_type(self._runs.of(event))
        expected = self._settings.expected_model_types
        missing = [kind for kind in expected if kind not in runs]
        if missing:
            self._logger.info("waiting_for_types", config_hash=event.config_hash, missing=missing)
            return
        self._decide(event, [runs[kind] for kind in expected])

    def _decide(self, event: TrainingEvent, candidates: list[Candidate]) -> None:
        compared = {candidate.model_type: candidate.run_id for candidate in candidates}
        last = self._pointers.latest_of(event.config_hash)
        if last is not None and _settles(last, event.generation, compared):
            self._logger.info("already_promoted", config_hash=event.config_hash, run_id=last.run_id)
            return
        winner = best(candidates)
        if winner is None:
            raise Refused(f"no run of {compared} has all of test_rmse, test_mae and test_mse; nothing was promoted")
        promotion = self._interrupted(event, compared) or _promotion(event, winner, compared)
        self._pointers.point_to(promotion)
        self._publisher.publish(self._settings.topic_model_selected, "promotion", promotion)
        self._pointers.remember(promotion)
        _PROMOTIONS.labels(promotion.model_type).inc()
        self._logger.info(
            "promoted",
            scores={run.model_type: run.score for run in candidates},
            **promotion.model_dump(exclude={"runs", "timestamp"}),
        )

    def _interrupted(self, event: TrainingEvent, compared: dict[str, str]) -> Promotion | None:
        """The pointer, if this very decision was already begun: it is completed, not taken a second time."""
        current = self._pointers.current()
        if current is None or current.config_hash != event.config_hash:
            return None
        same = current.generation == event.generation and current.runs == compared
        return current if same else None


def _settles(last: Promotion, generation: int, compared: dict[str, str]) -> bool:
    if last.generation != generation:
        # An event of an older generation came late; a newer one was decided already.
        return last.generation > generation
    return last.runs == compared


def _promotion(event: TrainingEvent, winner: Candidate, compared: dict[str, str]) -> Promotion:
    return Promotion(
        identifier=event.identifier,
        config_hash=event.config_hash,
        generation=event.generation,
        run_id=winner.run_id,
        model_type=winner.model_type,
        experiment=winner.experiment,
        model_uri=f"runs:/{winner.run_id}/{winner.model_type}",
        rmse=winner.metrics["test_rmse"],
        mae=winner.metrics["test_mae"],
        mse=winner.metrics["test_mse"],
        score=winner.score,
        timestamp=datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        weights=WEIGHTS,
        runs=compared,
    )
