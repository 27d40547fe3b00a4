"""A snapshot is whole or not there, and holds what belongs together."""

from datetime import timedelta

import pytest

from backup.backups import MODEL, NIGHT, blob, run_line
from flts.backup.creating import begin, create
from flts.backup.snapshots import ContentDamaged


def test_a_snapshot_holds_every_object_and_the_dump(back_up, snapshots, source):
    name = back_up()
    manifest = snapshots.manifest(name)
    objects = list(snapshots.objects(name))
    assert name == "20260101T020000Z"
    assert {(one.bucket, one.key) for one in objects} == set(source.content)
    assert manifest.database.size == len(b"a database")
    assert {one.content_type for one in objects if one.key.endswith(".json")} == {"application/json"}


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


# Promise: backup-postgresql-minio
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
