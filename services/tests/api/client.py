"""Clients of the API over models that add one to the last value."""

from fastapi.testclient import TestClient
from serving_models import in_service_with

from flts.inference.api import inference_app
from flts.inference.limits import Limits
from flts.inference.predictor import Predictor

TIMES = ["2024-01-01 00:00:00", "2024-01-01 00:02:00", "2024-01-01 00:04:00"]


DATA = {"time": TIMES, "a": [110, 120, 130.5], "b": [1, 2, 3]}


LARGEST_BODY = 10_000


def client_for(model, lines=None, *, leaving=lambda: False, irregular_passes=False, **limits):
    in_service = in_service_with(model)
    log = (lines if lines is not None else []).append
    bounds = Limits(**({"body_bytes": LARGEST_BODY} | limits))
    predictor = Predictor(in_service, "default", log, limits=bounds, largest_batch=4, irregular_passes=irregular_passes)
    app = inference_app(in_service, predictor, limits=bounds, leaving=leaving)
    return TestClient(app, raise_server_exceptions=False)


def rejected_with(client, change, **body):
    answer = client.post("/predict", json={"data": DATA | change, **body})
    assert answer.status_code == 400, answer.text
    return answer.json()["detail"]
