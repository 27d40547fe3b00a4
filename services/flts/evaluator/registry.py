"""MLflow's model registry: of each series the served version has the alias `champion`, the one before it `previous`."""

import json
import tempfile
from pathlib import Path
from typing import Protocol

import structlog
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.tracking import MlflowClient

from flts.common.messages import Promotion, StoredArtifact
from flts.common.outages import is_outage
from flts.common.storage import ObjectStore
from flts.evaluator import metrics
from flts.evaluator.registered import write_model

CHAMPION = "champion"
PREVIOUS = "previous"
_EXPERIMENT = "flts-registry"
"""Its runs hold the files of the versions: the evaluator may not write into the trainers' runs."""
_FOLDER = "model"
_RUN_TAG = "flts.run_id"
"""The trainer's run. MLflow's own field names the run that holds the files."""
_AT_ONCE = 20
"""Registrations between two looks at waiting claims, so that thousands of series do not hold up a decision."""


def registered_name(identifier: str, series: str) -> str:
    """Name of a series' model in the registry: `flts-<series>`, after the identifier where there is one."""
    name = f"flts-{series}" if series else "flts"
    return f"{identifier}.{name}" if identifier else name


class Registry(Protocol):
    """Where people find the models that are served."""

    def register(self, promotion: Promotion) -> None:
        """Make the promoted model the champion of its series. Doing it again has no further effect."""


class MlflowRegistry:
    """MLflow's registry; the files come from the promotion bucket, where they were compared with their digests."""

    def __init__(self, tracking_uri: str, store: ObjectStore, bucket: str) -> None:
        self._client = MlflowClient(tracking_uri=tracking_uri)
        self._store = store
        self._bucket = bucket

    def register(self, promotion: Promotion) -> None:
        """See Registry.register. A pointer from before 0.2.0 without copied files is left out."""
        if promotion.model is None or promotion.spec is None:
            return
        name = registered_name(promotion.identifier, promotion.series)
        champion = self._model(name).aliases.get(CHAMPION)
        if champion is not None and self._run_of(name, champion) == promotion.run_id:
            return
        version = self._known(name, promotion) or self._made(name, promotion, promotion.model, promotion.spec)
        if champion is not None:
            self._client.set_registered_model_alias(name, PREVIOUS, champion)
        self._client.set_registered_model_alias(name, CHAMPION, version.version)

    def _model(self, name: str) -> RegisteredModel:
        try:
            # First, since MLflow denies everything about a model that it does not have.
            return self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise
        return self._client.get_registered_model(name)

    def _run_of(self, name: str, version: str) -> str | None:
        return self._client.get_model_version(name, version).tags.get(_RUN_TAG)

    def _known(self, name: str, promotion: Promotion) -> ModelVersion | None:
        """The version of an evaluator that died before it named it."""
        found = self._client.search_model_versions(f"name = '{name}' and tags.`{_RUN_TAG}` = '{promotion.run_id}'")
        return found[0] if found else None

    def _made(self, name: str, promotion: Promotion, model: StoredArtifact, spec: StoredArtifact) -> ModelVersion:
        run = self._started(name)
        with tempfile.TemporaryDirectory() as scratch:
            write_model(Path(scratch), self._read(model), self._read(spec))
            self._client.log_artifacts(run.info.run_id, scratch, _FOLDER)
        self._client.set_terminated(run.info.run_id, "FINISHED")
        return self._client.create_model_version(
            name, f"{run.info.artifact_uri}/{_FOLDER}", run_id=run.info.run_id, tags=_tags(promotion)
        )

    def _started(self, name: str) -> Run:
        """A run for the files of a version, in an experiment that the evaluator made.

        A restore brings experiments back, but not who made them: then there is one more.
        """
        found = self._client.search_experiments(
            filter_string=f"name LIKE '{_EXPERIMENT}%'", order_by=["creation_time DESC"]
        )
        if found:
            try:
                return self._client.create_run(found[0].experiment_id, run_name=name)
            except MlflowException as error:
                if error.error_code != ErrorCode.Name(PERMISSION_DENIED):
                    raise
        made = self._client.create_experiment(f"{_EXPERIMENT}-{len(found) + 1}" if found else _EXPERIMENT)
        return self._client.create_run(made, run_name=name)

    def _read(self, artifact: StoredArtifact) -> bytes:
        return self._store.get(self._bucket, artifact.key).body


class Registrations:
    """Promotions that the registry does not have yet. A registry that fails holds up no decision."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._pending: dict[str, Promotion] = {}
        self._logger = structlog.get_logger()

    def note(self, promotion: Promotion) -> None:
        """Remember what is served for a series."""
        self._pending[promotion.series] = promotion

    def catch_up(self) -> None:
        """Register what is pending, some at once; what an outage prevents stays pending."""
        for series, promotion in list(self._pending.items())[:_AT_ONCE]:
            facts = {"series": series, "run_id": promotion.run_id}
            try:
                self._registry.register(promotion)
            except Exception as error:
                if is_outage(error):
                    self._logger.warning("registry_unavailable", error=str(error), **facts)
                    return
                metrics.REGISTRATIONS.labels(metrics.FAILED).inc()
                self._logger.exception("model_not_registered", error=str(error), **facts)
            else:
                metrics.REGISTRATIONS.labels(metrics.REGISTERED).inc()
            del self._pending[series]


def _tags(promotion: Promotion) -> dict[str, str]:
    """Why this model is served, for people."""
    facts = {
        _RUN_TAG: promotion.run_id,
        "flts.model_type": promotion.model_type,
        "flts.config_hash": promotion.config_hash,
        "flts.generation": promotion.generation,
        "flts.promoted_at": promotion.timestamp,
        "flts.test_rmse": promotion.rmse,
        "flts.baseline_rmse": promotion.baseline_rmse,
        "flts.score": promotion.score,
        "flts.below_floor": promotion.below_floor,
        "flts.compared_runs": json.dumps(promotion.runs),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}
