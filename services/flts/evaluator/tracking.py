"""Reads finished runs from MLflow, which is where the evaluator's state lives."""

import math
from typing import NamedTuple, Protocol

import requests
import structlog
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient
from pydantic import TypeAdapter

from flts.common.messages import ConfigHash, SeriesName
from flts.common.runs import (
    HELD_OUT_PARAM,
    LAST_TIME_PARAM,
    LAST_VALUE_PARAM,
    MODEL_SHA256_TAG,
    SPEC_SHA256_TAG,
    TYPE_TAG,
    ClaimKey,
    claim_filter,
    claim_of,
    pipeline_filter,
)
from flts.evaluator.scoring import Candidate

_HASH = TypeAdapter(ConfigHash)
_SERIES = TypeAdapter(SeriesName)
_PING_SECONDS = 3
_PAGE = 1000
_FINISHED = "attributes.status = 'FINISHED'"


class FinishedClaim(NamedTuple):
    """A claim with finished runs, and when the first and the last of them ended, in ms since 1970."""

    key: ClaimKey
    first_end: int
    last_end: int


class FinishedRuns(Protocol):
    """Where finished runs are looked up."""

    def of(self, claim: ClaimKey) -> list[Candidate]:
        """All finished runs of the claim."""

    def run(self, run_id: str) -> Candidate | None:
        """A finished run; None where there is none, which a restore can make of one that was promoted."""

    def claims(self, identifier: str) -> list[FinishedClaim]:
        """All claims of a pipeline with finished runs; first finished first."""


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
        return [_candidate(run, experiments[run.info.experiment_id]) for run in runs]

    def run(self, run_id: str) -> Candidate | None:
        """See FinishedRuns.run."""
        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return None
            raise
        if (run.info.status, run.info.lifecycle_stage) != ("FINISHED", "active") or TYPE_TAG not in run.data.tags:
            return None
        return _candidate(run, self._client.get_experiment(run.info.experiment_id).name)

    def claims(self, identifier: str) -> list[FinishedClaim]:
        """See FinishedRuns.claims."""
        experiments = [found.experiment_id for found in self._client.search_experiments()]
        claims: dict[ClaimKey, FinishedClaim] = {}
        token = None
        while True:
            page = self._client.search_runs(
                experiments,
                f"{pipeline_filter(identifier)} and {_FINISHED}",
                max_results=_PAGE,
                order_by=["attributes.end_time ASC"],
                page_token=token,
            )
            for run in page:
                key, end = _claim_key(run), run.info.end_time or 0
                if key is None:
                    continue
                first = claims[key].first_end if key in claims else end
                claims[key] = FinishedClaim(key, first, end)
            token = page.token
            if not token:
                return list(claims.values())

    def answers(self) -> bool:
        """Whether MLflow answers now."""
        try:
            return requests.get(f"{self._uri}/health", timeout=_PING_SECONDS).ok
        except requests.RequestException:
            return False


def _claim_key(run: Run) -> ClaimKey | None:
    """The claim of a run; None if a trainer did not write its tags: every client of MLflow can write some."""
    try:
        claim = claim_of(run.data.tags)
        _HASH.validate_python(claim.config_hash)
        _SERIES.validate_python(claim.series)
    except (KeyError, ValueError) as error:
        structlog.get_logger().warning("run_ignored", run_id=run.info.run_id, reason=str(error))
        return None
    return claim


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _candidate(run: Run, experiment: str) -> Candidate:
    tags, params = run.data.tags, run.data.params
    return Candidate(
        run_id=run.info.run_id,
        model_type=tags[TYPE_TAG],
        experiment=experiment,
        end_time=run.info.end_time or 0,
        metrics=dict(run.data.metrics),
        model_sha256=tags.get(MODEL_SHA256_TAG, ""),
        spec_sha256=tags.get(SPEC_SHA256_TAG, ""),
        held_out_sha256=params.get(HELD_OUT_PARAM, ""),
        last_row_time=params.get(LAST_TIME_PARAM, ""),
        last_row_value=_number(params.get(LAST_VALUE_PARAM)),
    )
