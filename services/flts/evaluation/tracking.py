"""Reads finished runs from MLflow, which is where the evaluator's state lives."""

from typing import Protocol

import requests
from mlflow.tracking import MlflowClient

from flts.common.runs import TYPE_TAG, ClaimKey, claim_filter, claim_of, pipeline_filter
from flts.evaluation.scoring import Candidate

_PING_SECONDS = 3
_PAGE = 1000
_FINISHED = "attributes.status = 'FINISHED'"


class FinishedRuns(Protocol):
    """Where finished runs are looked up."""

    def of(self, claim: ClaimKey) -> list[Candidate]:
        """All finished runs of the claim."""

    def claims_since(self, identifier: str, end_time: int) -> list[ClaimKey]:
        """Claims of a pipeline with a run that finished after a time (ms since 1970); first finished first."""


class MlflowRuns:
    """Finished runs in MLflow, over all experiments."""

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri
        self._client = MlflowClient(tracking_uri=tracking_uri)

    def of(self, claim: ClaimKey) -> list[Candidate]:
        """See FinishedRuns.of."""
        experiments = {found.experiment_id: found.name for found in self._client.search_experiments()}
        condition = claim_filter(claim.identifier, claim.config_hash, claim.generation)
        runs = self._client.search_runs(list(experiments), f"{condition} and {_FINISHED}")
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

    def claims_since(self, identifier: str, end_time: int) -> list[ClaimKey]:
        """See FinishedRuns.claims_since."""
        experiments = [found.experiment_id for found in self._client.search_experiments()]
        condition = f"{pipeline_filter(identifier)} and {_FINISHED} and attributes.end_time > {end_time}"
        claims: dict[ClaimKey, None] = {}
        token = None
        while True:
            page = self._client.search_runs(
                experiments,
                condition,
                max_results=_PAGE,
                order_by=["attributes.end_time ASC"],
                page_token=token,
            )
            claims |= dict.fromkeys(claim_of(run.data.tags) for run in page)
            token = page.token
            if not token:
                return list(claims)

    def answers(self) -> bool:
        """Whether MLflow answers now."""
        try:
            return requests.get(f"{self._uri}/health", timeout=_PING_SECONDS).ok
        except requests.RequestException:
            return False
