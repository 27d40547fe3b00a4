"""A store, an empty folder for snapshots, and the steps of the pods."""

import json
from datetime import timedelta

import pytest

from backup.backups import MODEL, NIGHT, POINTER, MemorySource
from flts.backup.__main__ import vault_of
from flts.backup.creating import begin, create
from flts.backup.restoring import fetch
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import Snapshots
from flts.backup.verifying import verify
from flts.common.settings import load_settings


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
    # The caller's own variables are not settings of the test: make exports SNAPSHOT, empty where nobody chose one.
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
    return Snapshots(vault_of(settings), settings.scratch)


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
