"""The drill finds what a restore would miss."""

import pytest

from backup.backups import MODEL, RUN, blob, promoted_model, run_line
from flts.backup.restoring import fetch
from flts.backup.snapshots import ContentDamaged


def test_the_drill_finds_nothing_wrong_with_a_whole_snapshot(back_up, drill):
    back_up()
    assert drill(run_line(), run_line("0b" * 16, status="FAILED"), run_line("0c" * 16, stage="deleted")) == []


def test_the_drill_finds_damaged_and_missing_content(back_up, drill, settings):
    back_up()
    blob(settings, b"a model").write_bytes(b"another")
    blob(settings, b"rows").unlink()
    damaged, missing = sorted(drill(run_line()), key=lambda text: "missing" in text)
    assert "is damaged" in damaged
    assert f"mlflow/{MODEL}/model.onnx" in damaged
    assert "is missing; it is dataset/copy.csv, processed-data/default/train.parquet" in missing


def test_the_drill_finds_a_run_without_its_model(back_up, drill, source):
    del source.content["mlflow", f"{MODEL}/serving.json"]
    back_up()
    assert drill(run_line()) == [f"run {RUN} has no {MODEL}/serving.json"]
    # The pointer counts, whatever became of the run.
    assert drill(run_line(stage="deleted")) == [f"run {RUN} has no {MODEL}/serving.json"]


def test_the_drill_finds_a_pointer_to_a_run_that_the_database_lacks(back_up, drill):
    back_up()
    problems = drill()
    assert len(problems) == 2
    assert f"current.json names run {RUN}, which the database lacks" in problems[0]


def test_the_drill_finds_a_pointer_to_a_model_that_the_snapshot_lacks(back_up, drill, source):
    key = promoted_model(source)
    back_up()
    assert drill(run_line()) == []
    source.content["model-promotion", key] = (b"changed", "application/octet-stream")
    back_up(days=1)
    problem = f"the promotion pointer global/series/site/current.json names {key}, which is not in the snapshot with"
    assert drill(run_line()) == [f"{problem} that SHA-256"]


def test_a_snapshot_with_a_damaged_dump_is_not_chosen(back_up, settings, snapshots):
    back_up()
    blob(settings, b"a database").write_bytes(b"something")
    with pytest.raises(ContentDamaged):
        fetch(settings, snapshots)
