"""Reads finished runs from MLflow, which is where the evaluator's state lives."""

from typing import Protocol

import requests
from mlflow.tracking import MlflowClient

from flts.common.messages import TrainingEvent
from flts.common.runs import TYPE_TAG, claim_filter
from flts.evaluation.scoring import Candidate

_PING_SECONDS = 3


class FinishedRuns(Protocol):
    """Where finished runs are looked up."""

    def of(self, event: TrainingEvent) -> list[Candidate]:
        """All finished runs of the claim that the event belongs to."""


class MlflowRuns:
    """Finished runs in MLflow, over all experiments."""

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri
        self._client = MlflowClient(tracking_uri=tracking_uri)

    def of(self, event: TrainingEvent) -> list[Candidate]:
        """See FinishedRuns.of."""
        experiments = {found.experiment_id: found.name for found in self._client.search_experiments()}
        condition = claim_filter(event.identifier, event.config_hash, event.generation)
        runs = self._client.search_runs(list(experiments), f"{condition} and attributes.status = 'FINISHED'")
        return [
            Candidate(
                run_id=run.info.run_id,
                model_type=run.data.tags[TYPE_TAG],
                experiment=experiments[run.info.experiment_id],
                end_time=run.info.end_time or 0,
                metrics=dict(run.data.metrics),
            )
            for run in runs
        ]

    def answers(self) -> bool:
        """Whether MLflow answers now."""
        try:
            return requests.get(f"{self._uri}/health", timeout=_PING_SECONDS).ok
        except requests.RequestException:
            return False
