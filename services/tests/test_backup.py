"""A snapshot is whole or not there, holds what belongs together, and gives back exactly what is missing."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from flts.backup.__main__ import main, vault_of
from flts.backup.creating import begin, create
from flts.backup.restoring import fetch, restore, restore_promotions
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ContentDamaged, NoSnapshot, Snapshots
from flts.backup.source import ListedObject, OpenedObject
from flts.backup.vault import Bucket, ContentMissing, Folder
from flts.backup.verifying import verify
from flts.common.settings import SettingsError, load_settings
from flts.common.storage import ObjectMissing

RUN = "0a" * 16
MODEL = f"1/{RUN}/artifacts/GRU"
POINTER = {
    "config_hash": "abc",
    "run_id": RUN,
    "model_type": "GRU",
    "experiment": "flts",
    "model_uri": f"runs:/{RUN}/GRU",
    "rmse": 1.0,
    "mae": 1.0,
    "mse": 1.0,
    "score": 1.0,
    "timestamp": "2026-01-01T00:00:00Z",
    "weights": {},
}
NIGHT = datetime(2026, 1, 1, 2, tzinfo=UTC)


class MemorySource:
    """Buckets in memory; `opened` lists every object that was read, `put_keys` every one that was written."""

    def __init__(self):
        self.content: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.opened: list[str] = []
        self.put_keys: list[str] = []
        self.fail_on: str | None = None

    def add(self, bucket, key, body, content_type="application/octet-stream"):
        self.content[bucket, key] = (body, content_type)

    def objects(self, bucket):
        for (owner, key), (body, _) in sorted(self.content.items()):
            if owner == bucket:
                yield ListedObject(key, len(body), hashlib.md5(body).hexdigest())

    def open(self, bucket, key):
        if key == self.fail_on:
            raise ConnectionError("store is gone")
        if (bucket, key) not in self.content:
            raise ObjectMissing(f"no object {bucket}/{key}")
        body, content_type = self.content[bucket, key]
        self.opened.append(key)
        return OpenedObject(io.BytesIO(body), hashlib.md5(body).hexdigest(), content_type)

    def put(self, bucket, key, stream, content_type):
        self.add(bucket, key, stream.read(), content_type)
        self.put_keys.append(key)


@pytest.fixture
def source():
    source = MemorySource()
    source.add("model-promotion", "current.json", json.dumps(POINTER).encode(), "application/json")
    source.add("model-promotion", "global/current.json", json.dumps(POINTER).encode(), "application/json")
    source.add("mlflow", f"{MODEL}/model.onnx", b"a model")
    source.add("mlflow", f"{MODEL}/serving.json", b"{}", "application/json")
    source.add("processed-data", "default/train.parquet", b"rows")
    source.add("dataset", "copy.csv", b"rows")
    return source


@pytest.fixture
def environment(tmp_path, monkeypatch):
    (tmp_path / "scratch").mkdir()
    # The caller's own variables are no settings of the test: make exports SNAPSHOT, empty where nobody chose one.
    for field in BackupSettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    values = {
        "BACKUP_DIRECTORY": tmp_path / "volume",
        "SCRATCH": tmp_path / "scratch",
        "BUCKETS": "dataset,processed-data,mlflow",
        "KEEP": 2,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))
    return monkeypatch


@pytest.fixture
def settings(environment):
    return load_settings(BackupSettings)


@pytest.fixture
def snapshots(settings):
    return Snapshots(vault_of(settings))


@pytest.fixture
def back_up(settings, source, snapshots):
    """Makes a snapshot as the pod's steps do, `days` after the first; returns its name."""

    def make(days=0, dump=b"a database"):
        now = NIGHT + timedelta(days=days)
        name = begin(settings, source, snapshots, now).name
        settings.dump.write_bytes(dump)
        create(settings, source, snapshots, now)
        return name

    return make


@pytest.fixture
def drill(settings, snapshots):
    """Verifies the newest snapshot as the pod's steps do, with these lines about the database's runs."""

    def verified(*runs):
        fetch(settings, snapshots)
        settings.runs.write_text("".join("\t".join(run) + "\n" for run in runs))
        return verify(settings, snapshots)

    return verified


def run_line(run_id=RUN, status="FINISHED", stage="active"):
    return (run_id, f"mlflow-artifacts:/1/{run_id}/artifacts", status, stage, "GRU")


def blob(settings, body):
    return settings.backup_directory / "objects" / hashlib.sha256(body).hexdigest()


def test_a_snapshot_holds_every_object_and_the_dump(back_up, snapshots, source):
    name = back_up()
    manifest = snapshots.manifest(name)
    assert name == "20260101T020000Z"
    assert {(one.bucket, one.key) for one in manifest.objects} == set(source.content)
    assert manifest.database.size == len(b"a database")
    assert {one.content_type for one in manifest.objects if one.key.endswith(".json")} == {"application/json"}


def test_equal_content_is_kept_once_and_unchanged_objects_are_not_read_again(back_up, settings, source):
    back_up()
    # Two rows objects, two pointers, one dump.
    assert len(list((settings.backup_directory / "objects").iterdir())) == len(source.content) - 2 + 1
    source.opened.clear()
    source.add("mlflow", f"{MODEL}/model.onnx", b"another model")
    back_up(days=1)
    assert source.opened == [f"{MODEL}/model.onnx"]


def test_old_snapshots_go_with_the_content_that_only_they_had(back_up, settings, source, snapshots):
    first = back_up(dump=b"first")
    source.add("mlflow", f"{MODEL}/model.onnx", b"another model")
    second, third = back_up(days=1), back_up(days=2)
    assert snapshots.names() == [second, third]
    assert not (settings.backup_directory / "snapshots" / first).exists()
    assert not blob(settings, b"first").exists()
    assert not blob(settings, b"a model").exists()
    assert blob(settings, b"rows").exists()


def test_an_interrupted_backup_leaves_no_snapshot_and_removes_none(back_up, settings, source, snapshots):
    kept = [back_up(), back_up(days=1)]
    source.add("mlflow", "new", b"new")
    source.fail_on = "new"
    with pytest.raises(ConnectionError):
        back_up(days=2)
    assert snapshots.names() == kept
    source.fail_on = None
    # The next one takes what is left of it away, a day later.
    assert back_up(days=4) in snapshots.names()
    assert not (settings.backup_directory / "snapshots" / "20260103T020000Z").exists()


def test_without_the_dump_there_is_no_snapshot(settings, source, snapshots):
    begin(settings, source, snapshots, NIGHT)
    with pytest.raises(FileNotFoundError):
        create(settings, source, snapshots, NIGHT)
    assert snapshots.names() == []


def test_content_that_another_backup_may_count_on_is_left_alone(back_up, settings, source, snapshots):
    back_up(dump=b"first")
    other = snapshots.begin(NIGHT + timedelta(days=2))
    back_up(days=2)
    back_up(days=2)
    assert other not in snapshots.names()
    assert blob(settings, b"first").exists()


def test_content_that_disappeared_meanwhile_makes_no_snapshot(settings, source, snapshots):
    begin(settings, source, snapshots, NIGHT)
    settings.dump.write_bytes(b"a database")
    for path in (settings.backup_directory / "objects").iterdir():
        path.unlink()
    with pytest.raises(ContentDamaged, match="disappeared"):
        create(settings, source, snapshots, NIGHT)
    assert snapshots.names() == []


def test_a_damaged_manifest_keeps_no_backup_from_being_made_and_all_content_from_being_removed(
    back_up, drill, settings, snapshots
):
    first, second = back_up(dump=b"first"), back_up(days=1)
    (settings.backup_directory / "snapshots" / second / "manifest.json").write_text("{")
    third = back_up(days=2)
    assert snapshots.names() == [first, second, third]
    assert blob(settings, b"first").exists()
    assert drill(run_line()) == [f"the manifest of snapshot {second} is damaged"]


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


def test_a_damaged_dump_is_neither_tried_nor_restored(back_up, settings, source, snapshots):
    back_up()
    blob(settings, b"a database").write_bytes(b"something")
    source.content.clear()
    with pytest.raises(ContentDamaged):
        restore(settings, source, snapshots)
    assert source.content == {}


def test_restoring_puts_back_what_is_missing_or_different_and_deletes_nothing(back_up, settings, source, snapshots):
    back_up()
    before = dict(source.content)
    del source.content["mlflow", f"{MODEL}/model.onnx"]
    del source.content["model-promotion", "current.json"]
    source.add("dataset", "copy.csv", b"other rows")
    source.add("dataset", "later.csv", b"came later")
    restore(settings, source, snapshots)
    assert sorted(source.put_keys) == [f"{MODEL}/model.onnx", "copy.csv"]
    # Pointers last: the database is restored before them.
    assert ("model-promotion", "current.json") not in source.content
    assert settings.dump.read_bytes() == b"a database"
    restore_promotions(settings, source, snapshots)
    assert source.put_keys[2:] == ["current.json"]
    assert source.content == before | {("dataset", "later.csv"): (b"came later", "application/octet-stream")}


def test_what_is_damaged_is_left_out_and_told_when_everything_else_is_back(back_up, settings, source, snapshots):
    back_up()
    blob(settings, b"a model").write_bytes(b"another")
    before = dict(source.content)
    source.content.clear()
    restore(settings, source, snapshots)
    with pytest.raises(ContentDamaged, match=r"could not restore mlflow/.*model\.onnx; everything else is back"):
        restore_promotions(settings, source, snapshots)
    del before["mlflow", f"{MODEL}/model.onnx"]
    assert source.content == before


def test_a_snapshot_is_restored_by_its_name(back_up, settings, snapshots, environment):
    first, second = back_up(dump=b"first"), back_up(days=1, dump=b"second")
    fetch(settings, snapshots)
    assert settings.dump.read_bytes() == b"second"
    environment.setenv("SNAPSHOT", first)
    fetch(load_settings(BackupSettings), snapshots)
    assert settings.dump.read_bytes() == b"first"
    environment.setenv("SNAPSHOT", "20200101T000000Z")
    with pytest.raises(NoSnapshot, match=f"there are: {first}, {second}"):
        fetch(load_settings(BackupSettings), snapshots)


def test_a_snapshot_of_a_stack_with_somebody_elses_mlflow_has_no_database(environment, source, snapshots):
    environment.setenv("DATABASE", "false")
    settings = load_settings(BackupSettings)
    begin(settings, source, snapshots, NIGHT)
    assert create(settings, source, snapshots, NIGHT).database is None
    fetch(settings, snapshots)
    assert not settings.dump.exists()
    assert verify(settings, snapshots) == []


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError("no more")

    vault = Folder(tmp_path)
    vault.write("a/b", io.BytesIO(b"old"))
    with pytest.raises(OSError, match="no more"):
        vault.write("a/b", Broken())
    assert vault.open("a/b").read() == b"old"
    assert vault.sizes("a/") == {"a/b": 3}
    assert vault.sizes("partial/") == {}
    with pytest.raises(ContentMissing):
        vault.open("a/c")


def test_snapshots_may_be_in_a_bucket_elsewhere(environment):
    environment.delenv("BACKUP_DIRECTORY")
    target = {"ENDPOINT": "http://elsewhere:9000", "BUCKET": "flts", "ACCESS_KEY": "key", "SECRET_KEY": "secret"}
    for name, value in target.items():
        environment.setenv(f"TARGET_{name}", value)
    assert isinstance(vault_of(load_settings(BackupSettings)), Bucket)


def test_all_wrong_settings_are_told_in_one_text(environment):
    environment.setenv("KEEP", "1")
    environment.setenv("SNAPSHOT", "yesterday")
    with pytest.raises(SettingsError) as told:
        load_settings(BackupSettings)
    assert "KEEP='1'" in str(told.value)
    assert "SNAPSHOT='yesterday'" in str(told.value)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"BACKUP_DIRECTORY": None}, "set either BACKUP_DIRECTORY or TARGET_ENDPOINT"),
        ({"TARGET_ENDPOINT": "http://elsewhere:9000"}, "go together"),
    ],
)
def test_snapshots_are_in_one_place(environment, variables, message):
    for name, value in variables.items():
        if value is None:
            environment.delenv(name)
        else:
            environment.setenv(name, value)
    with pytest.raises(SettingsError, match=message):
        load_settings(BackupSettings)


def test_a_step_that_cannot_be_done_says_why(environment, capsys):
    assert main(["fetch"]) == 1
    assert "there is no snapshot yet" in capsys.readouterr().out
    assert main([]) == 1
    assert "name a step: begin, create, fetch" in capsys.readouterr().err
