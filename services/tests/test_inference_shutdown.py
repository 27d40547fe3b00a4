"""A stopped replica fails no request: it says that it leaves, answers on, and closes connections politely."""

import json
import signal
import threading
import time

import httpx
from served_process import free_port
from serving_models import in_service_with, make_model

from flts.inference.api import inference_app
from flts.inference.predictionlog import PredictionLog
from flts.inference.predictor import Predictor
from flts.inference.server import DrainingServer

BODY = {"data": {"time": ["2024-01-01 00:00", "2024-01-01 00:02", "2024-01-01 00:04"], "a": [1, 2, 3], "b": [1, 2, 3]}}


def test_a_stop_under_load(store):
    in_service = in_service_with(make_model())
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=100_000)
    log.start()
    predictor = Predictor(in_service, "default", log.add, largest_batch=4)
    leaving = threading.Event()
    app = inference_app(in_service, predictor, leaving=leaving.is_set)
    port = free_port()
    # Far longer than requests are sent, also on a busy machine.
    server = DrainingServer(app, port, leaving, drain_seconds=2, grace_seconds=5)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)

    answers = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/ready").status_code == 200
        assert httpx.get(f"http://[::1]:{port}/ready").status_code == 200
        answers.append(client.post("/predict", json=BODY))
        server.handle_exit(signal.SIGTERM, None)
        assert client.get("/ready").status_code == 503
        stopped = time.monotonic()
        while time.monotonic() - stopped < 0.4:
            answers.append(client.post("/predict", json=BODY))
    thread.join(10)
    log.stop()

    assert not thread.is_alive()
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers.get("connection") for answer in answers[1:]} == {"close"}
    lines = [line for body in store.objects.values() for line in body.splitlines()]
    assert {json.loads(line)["req_id"] for line in lines} == {answer.json()["req_id"] for answer in answers}
