"""An evaluator over fakes of its neighbours: what the tests of its decisions share."""

import hashlib
import json
import time

from prometheus_client import REGISTRY

from flts.common.consuming import Refused
from flts.common.messages import TrainingEvent
from flts.common.promotions import PromotionKeys
from flts.common.runs import ClaimKey
from flts.evaluator.artifacts import ArtifactCopies
from flts.evaluator.pointers import PromotionStore
from flts.evaluator.registry import Registrations
from flts.evaluator.scoring import Candidate
from flts.evaluator.settings import EvaluatorSettings
from flts.evaluator.tracking import FinishedClaim
from flts.evaluator.worker import EvaluatorWorker

BUCKET = "model-promotion"


def files_of(run_id, kind):
    """model.onnx and serving.json, as a trainer would have left them in MLflow."""
    model = f"model of {run_id}".encode()
    spec = json.dumps({"model_sha256": hashlib.sha256(model).hexdigest(), "model_type": kind}).encode()
    return {f"{kind}/model.onnx": model, f"{kind}/serving.json": spec}


def run_of(kind="GRU", run_id=None, end=1, rmse=1.0, mae=1.0, mse=1.0, baseline=None, **facts):
    metrics = {"test_rmse": rmse, "test_mae": mae, "test_mse": mse, "baseline_rmse": baseline}
    run_id = run_id or f"run-{kind}"
    digests = [hashlib.sha256(content).hexdigest() for content in files_of(run_id, kind).values()]
    recorded = dict(zip(("model_sha256", "spec_sha256"), digests, strict=True))
    present = {name: value for name, value in metrics.items() if value is not None}
    return Candidate(run_id, kind, "Default", end, present, **(recorded | facts))


class FakeRuns:
    """Finished runs with their files, as MLflow has them."""

    def __init__(self):
        self.finished: dict[ClaimKey, list[Candidate]] = {}
        self.files: dict[tuple[str, str], bytes] = {}

    def add(self, run, config_hash="hash", generation=1, identifier="", series="site"):
        self.finished.setdefault(ClaimKey(identifier, config_hash, generation, series), []).append(run)
        for path, content in files_of(run.run_id, run.model_type).items():
            self.files[run.run_id, path] = content

    def lose(self, run_id):
        """What a restore does to a run that is younger than its snapshot."""
        for runs in self.finished.values():
            runs[:] = [run for run in runs if run.run_id != run_id]

    def of(self, claim):
        found = [runs for known, runs in self.finished.items() if known[:3] == claim[:3]]
        return [run for runs in found for run in runs]

    def run(self, run_id):
        return next((run for runs in self.finished.values() for run in runs if run.run_id == run_id), None)

    def claims(self, identifier):
        claims = [
            FinishedClaim(claim, min(run.end_time for run in runs), max(run.end_time for run in runs))
            for claim, runs in self.finished.items()
            if claim.identifier == identifier and runs
        ]
        return sorted(claims, key=lambda claim: claim.first_end)

    def read(self, run_id, path):
        if (run_id, path) not in self.files:
            raise Refused(f"run {run_id} has no {path} in MLflow")
        return self.files[run_id, path]


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


class FakeRegistry:
    """The promotions that were registered, in order; `error` is raised instead while it is set."""

    def __init__(self):
        self.registered = []
        self.error: Exception | None = None

    def register(self, promotion):
        if self.error is not None:
            raise self.error
        self.registered.append(promotion)


def evaluator(store, publisher, runs, types="GRU", identifier="", now=time.time, registry=None, **options):
    """A restarted worker: what it knows is in its neighbours."""
    settings = EvaluatorSettings(expected_model_types=types, identifier=identifier, **options)
    pointers = PromotionStore(
        store,
        "model-promotion",
        settings.promotion_scope,
        unnamed=not identifier,
        default_series=settings.default_series,
    )
    copies = ArtifactCopies(runs, store, "model-promotion", PromotionKeys(settings.promotion_scope))
    registrations = Registrations(registry or FakeRegistry())
    return EvaluatorWorker(settings, runs, pointers, copies, publisher, registrations, now)


def pointer(store, key="global/current.json"):
    return json.loads(store.get("model-promotion", key).body)


def series_pointer(store, name):
    """The pointer of a series."""
    return pointer(store, f"global/series/{name}/current.json")


def metric(name, **labels):
    """A metric of this process; 0 before it was written."""
    return REGISTRY.get_sample_value(name, labels) or 0
