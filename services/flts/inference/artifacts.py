"""Fetches a promoted model over MLflow's HTTP API.

Plain HTTP, because the MLflow client would double this process's memory (docs: MLflow REST API, `runs/get`, and the
proxied artifact endpoint `mlflow-artifacts/artifacts/<path>`).
"""

from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from pydantic import ValidationError

from flts.common.runs import GENERATION_TAG, HASH_TAG, TYPE_TAG
from flts.common.serving import MODEL_FILE, SERVING_FILE, ServingSpec
from flts.inference.model import BadModel, ModelVersion, ServingModel

_SECONDS = 30.0
_PROXY_SCHEME = "mlflow-artifacts"


class MlflowArtifacts:
    """Models of runs of an MLflow server that proxies artifacts."""

    def __init__(self, tracking_uri: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=tracking_uri,
            timeout=_SECONDS,
            transport=transport or httpx.HTTPTransport(retries=2),
        )

    def load(self, version: ModelVersion, threads: int) -> ServingModel:
        """See flts.inference.promoted.ModelSource; httpx.HTTPError where MLflow does not answer."""
        root = f"{self._artifact_path(version.run_id)}/{version.model_type}"
        try:
            spec = ServingSpec.model_validate_json(self._download(f"{root}/{SERVING_FILE}"))
        except ValidationError as error:
            raise BadModel(f"serving.json is wrong: {error}") from error
        return ServingModel(version, spec, self._download(f"{root}/{MODEL_FILE}"), threads)

    def version(self, run_id: str) -> ModelVersion:
        """See flts.inference.pinned.RunSource; httpx.HTTPError where MLflow does not answer."""
        run = self._run(run_id)
        if run["info"]["status"] != "FINISHED":
            raise BadModel(f"MLflow's run {run_id} is {run['info']['status']}, not FINISHED")
        tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
        try:
            return ModelVersion(run_id, tags[TYPE_TAG], tags[HASH_TAG], int(tags[GENERATION_TAG]))
        except KeyError as error:
            raise BadModel(f"MLflow's run {run_id} has no tag {error}: no trainer of this pipeline made it") from error

    def _run(self, run_id: str) -> dict[str, Any]:
        return self._get("/api/2.0/mlflow/runs/get", {"run_id": run_id}).json()["run"]

    def _artifact_path(self, run_id: str) -> str:
        uri = urlsplit(self._run(run_id)["info"]["artifact_uri"])
        if uri.scheme != _PROXY_SCHEME:
            raise BadModel(
                f"its artifacts are at {uri.scheme}:, not behind MLflow; start MLflow with --serve-artifacts"
            )
        return uri.path.strip("/")

    def _download(self, path: str) -> bytes:
        return self._get(f"/api/2.0/mlflow-artifacts/artifacts/{quote(path)}").content

    def _get(self, path: str, query: dict[str, str] | None = None) -> httpx.Response:
        answer = self._http.get(path, params=query)
        if answer.status_code in (400, 404):
            raise BadModel(f"MLflow has no {path} {query or ''}: {answer.text[:200]}")
        return answer.raise_for_status()
