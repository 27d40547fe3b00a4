"""An evaluator over fakes of its neighbours: what the tests of its decisions share."""

import json
import time

from flts.common.messages import TrainingEvent
from flts.common.runs import ClaimKey
from flts.evaluation.pointers import PromotionStore
from flts.evaluation.scoring import Candidate
from flts.evaluation.settings import EvaluationSettings
from flts.evaluation.worker import EvaluationWorker


def run_of(kind="GRU", run_id=None, end=1, rmse=1.0, mae=1.0, mse=1.0):
    metrics = {"test_rmse": rmse, "test_mae": mae, "test_mse": mse}
    return Candidate(run_id or f"run-{kind}", kind, "Default", end, {k: v for k, v in metrics.items() if v is not None})


class FakeRuns:
    def __init__(self):
        self.finished: dict[ClaimKey, list[Candidate]] = {}

    def add(self, run, config_hash="hash", generation=1, identifier="", series="site"):
        self.finished.setdefault(ClaimKey(identifier, config_hash, generation, series), []).append(run)

    def of(self, claim):
        # As MLflow: the series is shown and not searched for.
        return [run for known, runs in self.finished.items() if known[:3] == claim[:3] for run in runs]

    def claims_since(self, identifier, end_time):
        firsts = {
            claim: min(run.end_time for run in runs if run.end_time > end_time)
            for claim, runs in self.finished.items()
            if claim.identifier == identifier and any(run.end_time > end_time for run in runs)
        }
        return sorted(firsts, key=firsts.__getitem__)


def success(kind="GRU", config_hash="hash", generation=1, identifier="", status="SUCCESS", series="site"):
    return TrainingEvent(
        operation=f"Trained: {kind}",
        status=status,
        experiment="Default",
        run_name=kind,
        run_id=f"run-{kind}",
        identifier=identifier,
        series=series,
        config_hash=config_hash,
        model_type=kind,
        generation=generation,
    ).to_bytes()


def evaluator(store, publisher, runs, types="GRU", identifier="", now=time.time, **options):
    """A worker as started anew: what it knows is in its neighbours."""
    settings = EvaluationSettings(expected_model_types=types, identifier=identifier, **options)
    pointers = PromotionStore(store, "model-promotion", settings.promotion_scope, unnamed=not identifier)
    return EvaluationWorker(settings, runs, pointers, publisher, now)


def pointer(store, key="global/current.json"):
    return json.loads(store.get("model-promotion", key).body)
