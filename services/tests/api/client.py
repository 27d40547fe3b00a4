"""Clients of the API over models that add one to the last value."""

from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient
from serving_models import in_service_with, make_model, make_promotion

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


def several(lines=None, **options):
    """A client of two series, `one` and `two`, which add as much to the last value; `lines` gets what is logged."""
    models = in_service_with(None, **options)
    for name, ahead in (("one", 1), ("two", 2)):
        models.serve(make_model(f"run-{name}", ahead=ahead), 0.0, name, promotion_of(name))
    predictor = Predictor(models, "default", (lines if lines is not None else []).append)
    return TestClient(inference_app(models, predictor), raise_server_exceptions=False)


def promotion_of(name):
    return make_promotion(
        f"run-{name}",
        series=name,
        below_floor=name == "two",
        rmse=2.0,
        baseline_rmse=1.5,
        last_row_time="2024-01-01T00:04:00",
        last_row_value=120.5,
        timestamp=(datetime.now(UTC) - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
    )
