"""Makes a snapshot in two steps, with the dump of MLflow's database between them.

The promotion pointers are copied first, then the database, then all other objects: so a run that a pointer names is
in the dump, and an artifact that the pointer or the dump names is among the objects.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import structlog
from pydantic import BaseModel

from flts.backup.manifests import Content, SavedObject, read_lines, written_lines
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ManifestsUnreadable, Snapshots, digest
from flts.common.objectstreams import ListedObject, Source
from flts.common.promotions import is_artifact_key
from flts.common.storage import ObjectMissing

_IN_MEMORY = 8 * 2**20
_MEBIBYTE = 2**20
_SECONDS_BETWEEN_REPORTS = 5.0


class Begun(BaseModel):
    """What the first step leaves to the second, beside the list of the promotion pointers."""

    name: str
    created: str


def begin(settings: BackupSettings, source: Source, snapshots: Snapshots, now: datetime | None = None) -> Begun:
    """Announce a snapshot and copy the promotion pointers, with their history."""
    started = now or datetime.now(UTC)
    name = snapshots.begin(started)
    with _Copier(source, snapshots) as copier, settings.listing.open("wb") as listing:
        listing.writelines(
            written_lines(copier.bucket(settings.promotion_bucket, lambda key: not is_artifact_key(key)))
        )
    begun = Begun(name=name, created=started.isoformat(timespec="seconds"))
    _file(settings).write_text(begun.model_dump_json())
    structlog.get_logger().info("backup_started", snapshot=name, promotions=copier.objects)
    return begun


def create(settings: BackupSettings, source: Source, snapshots: Snapshots, now: datetime | None = None) -> str:
    """Copy all other objects and the dump, complete the snapshot, and remove the ones that are too many.

    Returns the snapshot's name.
    """
    log = structlog.get_logger()
    begun = Begun.model_validate_json(_file(settings).read_text())
    with settings.listing.open("rb") as listing:
        promotions = [one.size for one in read_lines(listing)]
    with _Copier(source, snapshots) as copier:
        with settings.listing.open("ab") as listing:
            listing.writelines(written_lines(copier.bucket(settings.promotion_bucket, is_artifact_key)))
            for bucket in settings.bucket_names:
                listing.writelines(written_lines(copier.bucket(bucket)))
        database = copier.file(settings.dump) if settings.database else None
    snapshots.complete(
        begun.name,
        created=begun.created,
        identifier=settings.identifier,
        listing=settings.listing,
        database=database,
    )
    log.info(
        "backup_complete",
        snapshot=begun.name,
        objects=len(promotions) + copier.objects,
        bytes=sum(promotions) + copier.bytes,
        new_bytes=copier.new_bytes,
        database_bytes=database.size if database else None,
    )
    # Only now: a backup that failed must not cost the ones that did not.
    try:
        removed, contents = snapshots.prune(settings.keep, now or datetime.now(UTC))
        log.info("backup_pruned", snapshots=removed, contents=contents)
    except ManifestsUnreadable as error:
        # The new one is good; the drill fails of the others.
        log.error("backup_not_pruned", error=str(error))
    return begun.name


def _file(settings: BackupSettings) -> Path:
    return settings.scratch / "begun.json"


class _Copier:
    """Copies content that the vault does not have yet, and counts what it was asked for."""

    def __init__(self, source: Source, snapshots: Snapshots) -> None:
        self._source = source
        self._snapshots = snapshots
        self._present = snapshots.present()
        self._before = snapshots.table()
        newest = snapshots.newest()
        if newest is not None:
            self._before.update((one.path, one.model_dump_json()) for one in snapshots.objects(newest))
        self.objects = 0
        self.bytes = 0
        self.new_bytes = 0

    def __enter__(self) -> "_Copier":
        return self

    def __exit__(self, *_: object) -> None:
        self._present.close()
        self._before.close()

    def bucket(self, name: str, wanted: Callable[[str], bool] = lambda key: True) -> Iterator[SavedObject]:
        """Each object of a bucket whose key is wanted, once it is in the vault."""
        reported = time.monotonic()
        for listed in self._source.objects(name):
            if not wanted(listed.key):
                continue
            saved = self._unchanged(name, listed) or self._copied(name, listed.key)
            if saved is not None:
                self.objects += 1
                self.bytes += saved.size
                yield saved
            if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                structlog.get_logger().info("copying", bucket=name, objects=self.objects, new_bytes=self.new_bytes)

    def file(self, path: Path) -> Content:
        """A file, once it is in the vault; FileNotFoundError where the step before did not leave it."""
        with path.open("rb") as stream:
            return self._keep(stream)

    def _unchanged(self, bucket: str, listed: ListedObject) -> SavedObject | None:
        line = self._before.get(f"{bucket}/{listed.key}")
        if line is None:
            return None
        before = SavedObject.model_validate_json(line)
        same = (before.etag, before.size) == (listed.etag, listed.size)
        return before if same and self._is_present(before) else None

    def _copied(self, bucket: str, key: str) -> SavedObject | None:
        try:
            opened = self._source.open(bucket, key)
        except ObjectMissing:
            # Deleted since it was listed.
            return None
        # Its name in the vault is known when it has been read; small ones stay in memory until then.
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            with opened.stream as stream:
                shutil.copyfileobj(stream, spool, _MEBIBYTE)
            content = self._keep(spool)
        return SavedObject(
            bucket=bucket,
            key=key,
            content_type=opened.content_type,
            etag=opened.etag,
            **content.model_dump(),
        )

    def _keep(self, stream: IO[bytes]) -> Content:
        stream.seek(0)
        content = digest(stream)
        if not self._is_present(content):
            stream.seek(0)
            self._snapshots.put(content.sha256, stream)
            self._present[content.sha256] = str(content.size)
            self.new_bytes += content.size
        return content

    def _is_present(self, content: Content) -> bool:
        return self._present.get(content.sha256) == str(content.size)
