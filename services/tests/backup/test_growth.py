"""Backups work on lists that are longer than memory, and on those that 0.1 wrote."""

import io
import json
import tracemalloc
from datetime import timedelta

import pytest

from backup.backups import MODEL, NIGHT, blob, run_line
from flts.backup.creating import begin, create
from flts.backup.diskmap import DiskMap
from flts.backup.manifests import read_former
from flts.backup.restoring import fetch, restore, restore_promotions
from flts.backup.snapshots import ContentDamaged, Snapshots
from flts.backup.vault import Folder
from flts.common.objectstreams import ListedObject, OpenedObject

MEBIBYTE = 2**20


class ManyObjects:
    """A store of so many small objects, none of which is kept anywhere."""

    def __init__(self, count):
        self._count = count
        self.put_count = 0

    def objects(self, bucket):
        if bucket == "processed-data":
            for number in range(self._count):
                yield ListedObject(f"default/20260101/120000-inference-{number:08}.parquet", 8, f"{number:032}")

    def open(self, bucket, key):
        number = int(key[-16:-8])
        return OpenedObject(io.BytesIO(b"%08d" % number), f"{number:032}", "application/octet-stream")

    def put(self, *_):
        self.put_count += 1


class ContentOnDisk(Folder):
    """A vault that remembers sizes in place of 100,000 small files, each of which would be synchronised."""

    def __init__(self, root, scratch):
        super().__init__(root)
        self._sizes = DiskMap(scratch)

    def write(self, key, content):
        if key.startswith("objects/"):
            self._sizes[key] = str(len(content.read()))
        else:
            super().write(key, content)

    def sizes(self, prefix):
        if prefix == "objects/":
            return ((key, int(size)) for key, size in self._sizes.items())
        return super().sizes(prefix)


def peak_of(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def back_up_and_restore(folder, settings, count):
    """Two backups and a restore in a folder that is not there yet, of a stack with an external MLflow."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    settings = settings.model_copy(update={"database": False, "scratch": scratch})
    source = ManyObjects(count)
    snapshots = Snapshots(ContentOnDisk(folder, scratch), scratch)
    for now in (NIGHT, NIGHT + timedelta(days=1)):
        begin(settings, source, snapshots, now)
        name = create(settings, source, snapshots, now)
    assert sum(1 for _ in snapshots.objects(name)) == count
    fetch(settings, snapshots)
    restore(settings, source, snapshots)
    restore_promotions(settings, source, snapshots)
    assert source.put_count == 0


def test_memory_does_not_grow_with_the_number_of_objects(settings, tmp_path):
    back_up_and_restore(tmp_path / "warm", settings, 10)
    # A mebibyte of a list is in memory at a time, as text and as lines. All 8,000 entries would take 30 MB.
    assert peak_of(lambda: back_up_and_restore(tmp_path / "many", settings, 8_000)) < 8 * MEBIBYTE


def former(manifest, objects):
    """A manifest as FLTS 0.1 wrote it."""
    fields = ("sha256", "size", "bucket", "key", "content_type", "etag")
    listed = [
        dict(zip(("sha256", "size", "bucket", "key", "contentType", "etag"), one, strict=True))
        for one in ([getattr(found, field) for field in fields] for found in objects)
    ]
    database = None if manifest.database is None else manifest.database.model_dump()
    document = {
        "version": 1,
        "created": manifest.created,
        "identifier": manifest.identifier,
        "objects": listed,
        "database": database,
    }
    return json.dumps(document, separators=(",", ":")).encode()


@pytest.fixture
def former_snapshot(back_up, settings, snapshots):
    """A snapshot of version 1; returns its name."""
    name = back_up()
    folder = settings.backup_directory / "snapshots" / name
    text = former(snapshots.manifest(name), snapshots.objects(name))
    (folder / "manifest.json").write_bytes(text)
    (folder / "objects.jsonl").unlink()
    return name


def test_a_snapshot_of_the_version_before_is_restored(former_snapshot, settings, source, snapshots):
    before = dict(source.content)
    source.content.clear()
    fetch(settings, snapshots)
    restore(settings, source, snapshots)
    restore_promotions(settings, source, snapshots)
    assert source.content == before
    assert settings.dump.read_bytes() == b"a database"


def test_a_backup_after_one_of_the_version_before_copies_only_what_changed(
    former_snapshot, back_up, drill, settings, source, snapshots
):
    source.opened.clear()
    source.add("mlflow", f"{MODEL}/model.onnx", b"another model")
    name = back_up(days=1)
    assert source.opened == [f"{MODEL}/model.onnx"]
    assert snapshots.names() == [former_snapshot, name]
    # What only the former has is still needed.
    assert blob(settings, b"a model").exists()
    assert drill(run_line()) == []


@pytest.mark.parametrize("length", [0, 30, 200, -80, -2])
def test_a_manifest_of_the_version_before_that_was_cut_is_damaged(length, former_snapshot, settings, snapshots):
    path = settings.backup_directory / "snapshots" / former_snapshot / "manifest.json"
    path.write_bytes(path.read_bytes()[:length])
    assert snapshots.unreadable() == [former_snapshot]


def test_entries_of_the_version_before_are_read_wherever_a_part_of_the_text_ends():
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(size if size < 0 else 1)

    entry = {"sha256": "ab", "size": 1, "bucket": "b", "contentType": "t", "etag": "e", "key": 'ä"}],"objects":[{\\'}
    document = {"version": 1, "created": "c", "identifier": "", "objects": [entry, entry | {"size": 2}]}
    for database in (None, {"sha256": "cd", "size": 3}):
        text = json.dumps(document | {"database": database}, separators=(",", ":"), ensure_ascii=False).encode()
        objects = read_former(Slow(text))
        found = []
        while True:
            try:
                found.append(next(objects))
            except StopIteration as end:
                manifest = end.value
                break
        assert [(one.key, one.size) for one in found] == [(entry["key"], 1), (entry["key"], 2)]
        assert (manifest.database is None) == (database is None)


@pytest.mark.parametrize("change", [lambda text: text[:-10], lambda text: text.replace(b"copy", b"cope"), None])
def test_a_snapshot_with_a_damaged_list_of_objects_is_not_chosen(change, back_up, settings, snapshots):
    name = back_up()
    path = settings.backup_directory / "snapshots" / name / "objects.jsonl"
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))
    assert snapshots.unreadable() == [name]
    with pytest.raises(ContentDamaged, match=r"missing|damaged"):
        fetch(settings, snapshots)
