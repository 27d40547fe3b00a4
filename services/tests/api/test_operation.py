"""What probes, Prometheus and the documentation read."""

from serving_models import make_model

from api.client import DATA, client_for


def test_a_leaving_replica_still_answers():
    client = client_for(make_model(), leaving=lambda: True)
    assert client.get("/ready").status_code == 503
    assert client.get("/healthz").status_code == 200
    answer = client.post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")


def test_without_a_model():
    client = client_for(None)
    assert client.get("/ready").status_code == 503
    assert client.post("/predict", json={"data": DATA}).status_code == 503
    health = client.get("/healthz").json()
    assert (health["status"], health["model_ready"], health["startup_ready_ms"]) == ("ok", False, None)


# Promise: inference-loads-was-promoted
def test_probes_metrics_and_documents(client):
    ready = client.get("/ready").json()
    assert ready == {
        "status": "ready",
        "series": "",
        "run_id": "run-1",
        "model_type": "GRU",
        "config_hash": "hash",
        "generation": 1,
        "input": {"rows": 3, "interval_seconds": 120, "median_row": {"a": 100, "b": 5}},
    }
    client.post("/predict", json={"data": DATA})
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    for name in ("inference_latency_seconds_bucket", "inference_model_ready", "inference_jobs_processed_total"):
        assert name in metrics.text
    assert 'inference_jobs_outcome_total{model_type="GRU",outcome="success",run_id="run-1"}' in metrics.text
    assert client.get("/prometheus").status_code == 200
    assert client.get("/docs").status_code == 200
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert set(operation["responses"]) == {"200", "400", "404", "408", "413", "422", "429", "503"}
    assert "data" in operation["requestBody"]["content"]["application/json"]["schema"]["properties"]


def test_the_served_model_is_described_to_everybody(client):
    assert client.get("/model").json() == client.get("/ready").json()
    assert client_for(None).get("/model").status_code == 503
