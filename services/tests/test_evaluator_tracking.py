"""What the evaluator asks of MLflow, over MLflow's own file store."""

import pytest
from mlflow.tracking import MlflowClient

from flts.common.runs import ClaimKey, run_tags
from flts.evaluator import tracking
from flts.evaluator.tracking import FinishedClaim, MlflowRuns


@pytest.fixture
def client(mlflow_uri):
    return MlflowClient(mlflow_uri)


def finish(client, end, config_hash, identifier="", kind="GRU", experiment="Default", status="FINISHED", series=""):
    found = client.get_experiment_by_name(experiment)
    number = found.experiment_id if found else client.create_experiment(experiment)
    run = client.create_run(number, tags=run_tags(ClaimKey(identifier, config_hash, 1, series), kind))
    client.set_terminated(run.info.run_id, status, end_time=end)
    return run.info.run_id


def test_claims_are_this_pipelines_finished_ones_in_order(client, tmp_path, monkeypatch):
    finish(client, 300, "late")
    finish(client, 200, "early", kind="LSTM", experiment="Other", series="site")
    finish(client, 400, "early", series="site")
    finish(client, 250, "failed", status="FAILED")
    finish(client, 260, "foreign", identifier="team-a")
    # More runs than one page holds.
    monkeypatch.setattr(tracking, "_PAGE", 1)
    runs = MlflowRuns(tmp_path.as_uri())
    assert runs.claims("") == [
        FinishedClaim(ClaimKey("", "early", 1, "site"), 200, 400),
        FinishedClaim(ClaimKey("", "late", 1), 300, 300),
    ]
    assert runs.claims("team-a") == [FinishedClaim(ClaimKey("team-a", "foreign", 1), 260, 260)]
    assert runs.claims("team-b") == []


@pytest.mark.parametrize(
    "tags",
    [
        {"flts.generation": "three"},
        {"flts.config_hash": "../other"},
        {"flts.series": "a/b"},
    ],
)
def test_a_run_with_tags_that_no_trainer_wrote_is_left_out(client, tmp_path, tags):
    finish(client, 100, "hash", series="site")
    odd = finish(client, 200, "other", series="site")
    for name, value in tags.items():
        client.set_tag(odd, name, value)
    assert [claim.key.config_hash for claim in MlflowRuns(tmp_path.as_uri()).claims("")] == ["hash"]


def test_a_last_value_that_is_no_number_is_none(client, tmp_path):
    run = finish(client, 100, "hash")
    client.log_param(run, "last_row_value", "nan")
    assert MlflowRuns(tmp_path.as_uri()).run(run).last_row_value is None


def test_a_run_is_found_by_its_id_unless_it_is_deleted_or_not_finished(client, tmp_path):
    runs = MlflowRuns(tmp_path.as_uri())
    done = finish(client, 7, "hash")
    failed = finish(client, 8, "hash", status="FAILED")
    assert runs.run(done).run_id == done
    assert runs.run(failed) is None
    assert runs.run("0" * 32) is None
    client.delete_run(done)
    assert runs.run(done) is None


def test_runs_of_a_claim_come_from_all_experiments_with_what_a_decision_needs(client, tmp_path):
    one = finish(client, 7, "hash")
    other = finish(client, 9, "hash", kind="LSTM", experiment="Other")
    finish(client, 8, "hash", identifier="team-a")
    client.log_metric(one, "test_rmse", float("nan"))
    found = {run.run_id: run for run in MlflowRuns(tmp_path.as_uri()).of(ClaimKey("", "hash", 1))}
    assert set(found) == {one, other}
    assert (found[other].model_type, found[other].experiment, found[other].end_time) == ("LSTM", "Other", 9)
    assert found[one].score == float("inf")
