"""The load test: requests that the service takes or refuses as meant, and a outcome that follows from the limits."""

import json
import os
import random
import subprocess
import sys
import threading
import time

import pytest
import uvicorn
from api.client import client_for, several
from conftest import SERVICES
from serving_models import make_model

from flts.load_test.outcome import outcome_of
from flts.load_test.payload import ROWS, broken_requests, forecast_request

_HEADER = "Type,Name,Request Count,Failure Count,Requests/s,50%,95%\n"


@pytest.fixture
def served():
    """Serves an app on a port of its own; call with its client."""
    servers = []

    def serve(client):
        server = uvicorn.Server(uvicorn.Config(client.app, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.02)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield serve
    for server, thread in servers:
        server.should_exit = True
        thread.join()


def run_main(directory, url="", users=1, seconds=1, **environment):
    # In a process of its own, as in its container: Locust replaces the sockets of the process that it runs in.
    load = {"locust_host": url, "locust_users": users, "locust_spawn_rate": users, "locust_run_time": f"{seconds}s"}
    variables = {name.upper(): str(value) for name, value in (load | environment).items()}
    return subprocess.run(
        [sys.executable, "-c", "import sys; from flts.load_test.cli import main; sys.exit(main())"],
        cwd=SERVICES,
        env={
            **os.environ,
            "PYTHONPATH": str(SERVICES),
            "LOCUST_LOCUSTFILE": str(SERVICES / "flts" / "load_test" / "users.py"),
            "REPORT_DIRECTORY": str(directory),
            "RESULT_FILE": str(directory / "termination-log"),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("lags", [0, 40])
def test_requests_fit_the_served_model_and_differ(lags):
    client = client_for(make_model(lags=lags))
    wanted = client.get("/model").json()["input"]
    chance = random.Random(1)
    first, second = (forecast_request(wanted, chance) for _ in range(2))
    assert len(first["data"]["ts"]) == max(ROWS, wanted["rows"])
    assert first["data"]["ts"] != second["data"]["ts"]
    assert client.post("/predict", json=first).status_code == 200


def test_broken_requests_are_refused():
    client = client_for(make_model())
    request = forecast_request(client.get("/model").json()["input"], random.Random(1))
    answers = [client.post("/predict", json=broken).status_code for broken in broken_requests(request)]
    assert answers == [400, 400, 422]


@pytest.mark.parametrize(
    ("forecasts", "total", "words"),
    [
        ("100,0,10,20,400", "100,1,10,20,400", None),
        ("100,0,10,20,401", "100,0,10,20,401", "took up to 401 ms; the limit is 400 ms"),
        ("100,0,10,20,400", "100,2,10,20,400", "2.00% of the requests failed; the limit is 1.00%"),
        (None, "5,0,1,2,3", "not one forecast"),
        (None, "0,0,0,0,0", "not one forecast"),
    ],
)
def test_outcome_names_the_limit_that_was_not_met(tmp_path, forecasts, total, words):
    file = tmp_path / "run_stats.csv"
    lines = [f"POST,predict,{forecasts}\n" if forecasts else "", f",Aggregated,{total}\n"]
    file.write_text(_HEADER + "".join(lines))
    outcome = outcome_of(file, p95_limit=400, failure_ratio_limit=0.01)
    assert outcome.passed == (words is None)
    assert words is None or words in outcome.reasons[0]


# Promise: locust-master-web-interface
def test_a_run_against_the_service_meets_its_limits(served, tmp_path):
    run = run_main(tmp_path, served(client_for(make_model())), users=10, seconds=5, failure_ratio_limit=0)
    assert run.returncode == 0, run.stdout + run.stderr
    result = json.loads((tmp_path / "termination-log").read_text())
    assert result == json.loads((tmp_path / "result.json").read_text())
    assert result["passed"]
    assert result["requests"] > 20
    assert 0 < result["p50Milliseconds"] <= result["p95Milliseconds"]
    assert "all limits were met" in run.stdout
    assert "<html" in (tmp_path / "report.html").read_text()
    statistics = (tmp_path / "load_test_stats.csv").read_text()
    assert ",predict," in statistics
    assert ",Aggregated," in statistics


def test_a_run_against_several_series_asks_each_by_its_name(served, tmp_path):
    lines = []
    run = run_main(tmp_path, served(several(lines)), users=10, seconds=3, failure_ratio_limit=0)
    assert run.returncode == 0, run.stdout + run.stderr
    assert {line["series"] for line in lines} == {"one", "two"}


def test_a_run_without_a_model_fails_and_says_so(served, tmp_path):
    run = run_main(tmp_path, served(client_for(None)), users=2, seconds=2)
    assert run.returncode == 1
    assert "no model is served: 503" in run.stderr
    assert not json.loads((tmp_path / "result.json").read_text())["passed"]


def test_a_run_stays_until_its_reports_were_collected(served, tmp_path):
    (tmp_path / "collected").touch()
    started = time.monotonic()
    run_main(tmp_path, served(client_for(None)), hold_seconds=50)
    assert time.monotonic() - started < 40


def test_wrong_settings_are_named():
    run = run_main(SERVICES, failure_ratio_limit=2)
    assert run.returncode == 1
    assert "FAILURE_RATIO_LIMIT='2'" in run.stderr
