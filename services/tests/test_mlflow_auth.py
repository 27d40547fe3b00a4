"""MLflow's server with its basic-auth app: one process of the pinned version, and the users that the stack makes.

It serves TLS with a certificate that no authority of the machine signed, as external servers do; clients get the
variables that pods have.
"""

import base64
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from mlflow.entities import Dataset, DatasetInput
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from serving_models import BUCKET, copied_promotion

from flts.common.outages import is_outage
from flts.evaluator.registry import MlflowRegistry
from flts.mlflowauth.grants import GRANTS, PASSWORD_VARIABLES
from flts.mlflowauth.users import prepare

_START_SECONDS = 120
PASSWORDS = {user: f"password-of-{user}" for user in PASSWORD_VARIABLES}


def environment_of(folder, passwords):
    return os.environ | {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": passwords["admin"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "secret",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def make_users(folder, passwords):
    """What the init container does; in this process, as the import of MLflow's server takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_AUTH_CONFIG_PATH", str(folder / "auth.ini"))
        prepare(passwords)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\nadmin_username = admin\n"
        f"database_uri = sqlite:///{folder}/auth.db\n"
    )
    make_users(folder, PASSWORDS)
    return folder


def make_certificate(path):
    """A key, and a certificate for 127.0.0.1 and ::1 that it signed itself, in one file of PEM."""
    key = path.with_suffix(".key")
    subject = ["-subj", "/CN=mlflow", "-addext", "subjectAltName=IP:127.0.0.1,IP:::1", "-days", "1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *subject, "-keyout", key, "-out", path], check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def authority(folder):
    """What the key `ca.crt` of `flts:mlflow.external.caSecret` holds, as a file."""
    path = folder / "ca.crt"
    make_certificate(path)
    return path


@pytest.fixture(scope="module")
def server(folder, authority):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", "--workers", "1"]
    places = ["--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", str(folder / "files")]
    encryption = ["--uvicorn-opts", f"--ssl-certfile {authority} --ssl-keyfile {authority.with_suffix('.key')}"]
    process = subprocess.Popen(
        [*command, "--host", "", "--port", str(port), *places, *encryption],
        env=environment_of(folder, PASSWORDS),
    )
    url = f"https://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(url, authority):
            assert process.poll() is None, "MLflow ended"
            assert time.monotonic() < deadline, "MLflow does not answer"
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url, authority):
    try:
        return requests.get(f"{url}/health", timeout=5, verify=str(authority)).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(autouse=True)
def trusting(authority, monkeypatch):
    """This process as a pod with `flts:mlflow.external.caSecret`; tests ask without MLflow's client, too."""
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(authority))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))


@pytest.fixture
def client(server, monkeypatch):
    """A client that has logged in, by user name."""

    def log_in(user, password=None):
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password or PASSWORDS[user])
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        return MlflowClient(tracking_uri=server)

    return log_in


def refused(call, *arguments):
    with pytest.raises(MlflowException) as found:
        call(*arguments)
    return found.value


def status_of(url, path, user=None, password=None):
    word = base64.b64encode(f"{user}:{password or PASSWORDS.get(user)}".encode()).decode()
    headers = {} if user is None else {"Authorization": f"Basic {word}"}
    return requests.get(f"{url}{path}", headers=headers, timeout=30).status_code


def test_a_browser_is_asked_for_a_password_and_a_probe_is_not(server):
    assert status_of(server, "/health") == 200
    assert status_of(server.replace("127.0.0.1", "[::1]"), "/health") == 200
    assert status_of(server, "/") == 401
    assert status_of(server, "/", "admin") == 200
    assert status_of(server, "/", "admin", "wrong") == 401


def test_a_wrong_password_is_an_outage_and_no_fault_of_the_claim(client):
    error = refused(client("train", "wrong").search_experiments)
    assert is_outage(error)


# Promise: external-mlflow-ca
def test_a_server_whose_authority_is_unknown_is_an_outage(client, tmp_path, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    another = tmp_path / "ca.crt"
    make_certificate(another)
    for path in (str(another), None):
        if path is None:
            monkeypatch.delenv("MLFLOW_TRACKING_SERVER_CERT_PATH")
        else:
            monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", path)
        error = refused(client("train").search_experiments)
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        assert is_outage(error)


# Promise: external-mlflow-ca
# Promise: mlflow-asks-for-login
def test_a_trainer_records_runs_and_the_evaluator_only_reads_them(client, tmp_path):
    trainer = client("train")
    experiment = trainer.create_experiment("series")
    run = trainer.create_run(experiment)
    (tmp_path / "model.onnx").write_bytes(b"model")
    trainer.log_artifact(run.info.run_id, str(tmp_path / "model.onnx"))
    trainer.log_inputs(run.info.run_id, [DatasetInput(Dataset("series", "digest", "local", "{}"))])
    trainer.set_terminated(run.info.run_id, "FINISHED")

    evaluator = client("eval")
    assert [found.info.run_id for found in evaluator.search_runs([experiment])] == [run.info.run_id]
    assert evaluator.get_run(run.info.run_id).info.status == "FINISHED"
    folder = tmp_path / "read"
    folder.mkdir()
    downloaded = evaluator.download_artifacts(run.info.run_id, "model.onnx", str(folder))
    assert Path(downloaded).read_bytes() == b"model"
    assert refused(evaluator.set_tag, run.info.run_id, "flts.model_sha256", "x").error_code == "PERMISSION_DENIED"
    with pytest.raises(Exception, match="403"):
        evaluator.log_artifact(run.info.run_id, str(tmp_path / "model.onnx"))


def test_the_evaluator_registers_what_it_promotes_and_people_load_it(client, server, store):
    # As a restore leaves it: there, and not the evaluator's.
    client("admin").create_experiment("flts-registry")
    trainer = client("train")
    experiment = trainer.create_experiment("registered")
    first, second = (trainer.create_run(experiment).info.run_id for _ in range(2))
    client("eval")
    registry = MlflowRegistry(server, store, BUCKET)
    for run_id in (first, second):
        registry.register(copied_promotion(store, run_id, series="site"))
    # What an evaluator that died before the alias finds, by MLflow's search.
    client("eval").delete_registered_model_alias("flts-site", "champion")
    registry.register(copied_promotion(store, second, series="site"))
    assert len(client("eval").search_model_versions("name = 'flts-site'")) == 2
    trainer = client("train")
    assert refused(trainer.set_registered_model_alias, "flts-site", "champion", "1").error_code == "PERMISSION_DENIED"
    people = client("admin")
    champion = people.get_model_version_by_alias("flts-site", "champion")
    assert champion.tags["flts.run_id"] == second
    assert people.get_model_version_by_alias("flts-site", "previous").tags["flts.run_id"] == first
    assert champion.source.startswith("mlflow-artifacts:/")
    names = {item.path for item in people.list_artifacts(champion.source.split("/")[2], "model")}
    assert {"model/MLmodel", "model/flts.zip", "model/model.onnx", "model/serving.json"} <= names


def test_a_trainer_records_runs_in_an_experiment_that_another_user_made(client):
    experiment = client("admin").create_experiment("by hand")
    assert client("train").create_run(experiment).info.experiment_id == experiment


def test_tiers_may_not_make_users(server, client):
    for user in GRANTS:
        assert status_of(server, "/api/2.0/mlflow/users/get?username=admin", user) == 403, user


def test_a_rotation_replaces_each_password_and_keeps_users_that_people_made(folder, server):
    auth = (PASSWORDS["admin"], "another-password")
    made = requests.post(
        f"{server}/api/2.0/mlflow/users/create",
        json={"username": "someone", "password": auth[1]},
        auth=("admin", auth[0]),
        timeout=30,
    )
    assert made.ok, made.text
    make_users(folder, {user: f"new-{password}" for user, password in PASSWORDS.items()})
    try:
        for user, password in PASSWORDS.items():
            assert status_of(server, "/version", user, f"new-{password}") == 200, user
            assert status_of(server, "/version", user, password) == 401, user
        assert status_of(server, "/version", "someone", auth[1]) == 200
    finally:
        make_users(folder, PASSWORDS)
