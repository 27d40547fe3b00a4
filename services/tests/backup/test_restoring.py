"""A restore gives back exactly what is missing."""

import pytest

from backup.backups import MODEL, NIGHT, blob, promoted_model
from flts.backup.creating import begin, create
from flts.backup.restoring import fetch, restore, restore_promotions
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ContentDamaged, NoSnapshot
from flts.backup.verifying import verify
from flts.common.settings import load_settings


# Promise: was-lost-restored
def test_restoring_puts_back_what_is_missing_or_different_and_deletes_nothing(back_up, settings, source, snapshots):
    back_up()
    before = dict(source.content)
    del source.content["mlflow", f"{MODEL}/model.onnx"]
    del source.content["model-promotion", "current.json"]
    source.add("dataset", "copy.csv", b"other rows")
    source.add("dataset", "later.csv", b"came later")
    fetch(settings, snapshots)
    restore(settings, source, snapshots)
    assert sorted(source.put_keys) == [f"{MODEL}/model.onnx", "copy.csv"]
    # Pointers last: the database is restored before them.
    assert ("model-promotion", "current.json") not in source.content
    assert settings.dump.read_bytes() == b"a database"
    restore_promotions(settings, source, snapshots)
    assert source.put_keys[2:] == ["current.json"]
    assert source.content == before | {("dataset", "later.csv"): (b"came later", "application/octet-stream")}


def test_a_pointer_is_copied_before_the_model_that_it_names_and_restored_after_it(back_up, settings, source, snapshots):
    key = promoted_model(source)
    back_up()
    pointer = "global/series/site/current.json"
    assert source.opened.index(pointer) < source.opened.index(key)
    source.content.clear()
    fetch(settings, snapshots)
    restore(settings, source, snapshots)
    assert key in source.put_keys
    assert pointer not in source.put_keys
    restore_promotions(settings, source, snapshots)
    assert pointer in source.put_keys


def test_what_is_damaged_is_left_out_and_reported_when_everything_else_is_back(back_up, settings, source, snapshots):
    back_up()
    blob(settings, b"a model").write_bytes(b"another")
    before = dict(source.content)
    source.content.clear()
    fetch(settings, snapshots)
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


def test_a_snapshot_of_a_stack_with_an_external_mlflow_has_no_database(environment, source, snapshots):
    environment.setenv("DATABASE", "false")
    settings = load_settings(BackupSettings)
    begin(settings, source, snapshots, NIGHT)
    assert snapshots.manifest(create(settings, source, snapshots, NIGHT)).database is None
    fetch(settings, snapshots)
    assert not settings.dump.exists()
    assert verify(settings, snapshots) == []
