"""Puts a chosen snapshot back in two steps, with the restore of MLflow's database between them.

The reverse of a backup: objects, database, and the promotion pointers last, so that the model and the run that one
names are there before it. Nothing is deleted: what came after the snapshot stays.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import structlog

from flts.backup.diskmap import DiskMap
from flts.backup.manifests import Manifest, SavedObject
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ContentDamaged, Snapshots, digest
from flts.common.objectstreams import ListedObject, Source
from flts.common.promotions import is_artifact_key
from flts.common.storage import ObjectMissing


def fetch(settings: BackupSettings, snapshots: Snapshots) -> Manifest:
    """Choose the snapshot for this and the next steps, and lay its dump ready; ContentDamaged where that is damaged."""
    name = snapshots.resolve(settings.snapshot)
    manifest = snapshots.manifest(name)
    if manifest.database is not None:
        snapshots.check(manifest.database)
        with snapshots.open(manifest.database.sha256) as stream, settings.dump.open("wb") as file:
            shutil.copyfileobj(stream, file)
    _chosen(settings).write_text(name)
    structlog.get_logger().info(
        "snapshot_chosen", snapshot=name, created=manifest.created, database=manifest.database is not None
    )
    return manifest


def fetched(settings: BackupSettings) -> str:
    """Name of the snapshot that `fetch` chose."""
    return _chosen(settings).read_text()


def restore(settings: BackupSettings, source: Source, snapshots: Snapshots) -> None:
    """Put back the objects of all buckets but the promotion pointers', as far as they are missing or different.

    `fetch` chose the snapshot. What is damaged in it is left out and reported by the last step: it must not keep the
    database from coming back.
    """
    damaged = _put_back(settings, source, snapshots, lambda one: not _is_pointer(one, settings))
    _left_out(settings).write_text("\n".join(damaged))


def restore_promotions(settings: BackupSettings, source: Source, snapshots: Snapshots) -> None:
    """Put back the promotion pointers and their history; ContentDamaged with all keys that could not be restored."""
    damaged = [
        *_left_out(settings).read_text().splitlines(),
        *_put_back(settings, source, snapshots, lambda one: _is_pointer(one, settings)),
    ]
    if damaged:
        raise ContentDamaged(f"could not restore {', '.join(damaged)}; everything else is back")


def _is_pointer(saved: SavedObject, settings: BackupSettings) -> bool:
    return saved.bucket == settings.promotion_bucket and not is_artifact_key(saved.key)


def _chosen(settings: BackupSettings) -> Path:
    return settings.scratch / "snapshot"


def _left_out(settings: BackupSettings) -> Path:
    return settings.scratch / "damaged.txt"


def _put_back(
    settings: BackupSettings, source: Source, snapshots: Snapshots, wanted: Callable[[SavedObject], bool]
) -> list[str]:
    """Put back what is wanted and missing or different; returns what is damaged, as bucket/key."""
    log = structlog.get_logger()
    name = fetched(settings)
    present = _present(name, source, snapshots)
    written = unchanged = 0
    damaged = []
    for one in snapshots.objects(name):
        if not wanted(one):
            continue
        found = present.get(one.path)
        if found is not None and (found == _word(one) or _is_same(one, source)):
            unchanged += 1
            continue
        try:
            snapshots.check(one)
        except ContentDamaged as error:
            log.error("object_not_restored", bucket=one.bucket, key=one.key, error=str(error))
            damaged.append(one.path)
            continue
        with snapshots.open(one.sha256) as stream:
            source.put(one.bucket, one.key, stream, one.content_type)
        written += 1
        log.debug("object_restored", bucket=one.bucket, key=one.key, bytes=one.size)
    present.close()
    log.info("objects_restored", written=written, unchanged=unchanged)
    return damaged


def _present(name: str, source: Source, snapshots: Snapshots) -> DiskMap:
    """What the store has in the snapshot's buckets, by bucket and key."""
    present = snapshots.table()
    for bucket in {one.bucket for one in snapshots.objects(name)}:
        present.update((f"{bucket}/{listed.key}", _word(listed)) for listed in source.objects(bucket))
    return present


def _word(found: ListedObject | SavedObject) -> str:
    """What an object in the store is compared by."""
    return f"{found.size} {found.etag}"


def _is_same(saved: SavedObject, source: Source) -> bool:
    """Whether the store has the same content under another ETag, as after an upload in parts."""
    try:
        with source.open(saved.bucket, saved.key).stream as stream:
            return digest(stream).sha256 == saved.sha256
    except ObjectMissing:
        return False
