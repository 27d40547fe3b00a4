"""The form of the snapshots.

objects/<sha256>                     content, once, however many snapshots have it
snapshots/<UTC time>/started         says that a backup is running, so that no other one takes content away
snapshots/<UTC time>/objects.jsonl   the objects that the snapshot holds, one a line
snapshots/<UTC time>/manifest.json   what the snapshot is; written last, so without it there is no snapshot
"""

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from flts.backup.diskmap import DiskMap
from flts.backup.manifests import Content, Manifest, SavedObject, read_former, read_lines
from flts.backup.settings import LATEST
from flts.backup.vault import ContentMissing, Vault

_OBJECTS = "objects/"
_SNAPSHOTS = "snapshots/"
_MANIFEST = "manifest.json"
_LISTING = "objects.jsonl"
_STARTED = "started"
_NAME = "%Y%m%dT%H%M%SZ"
_MEBIBYTE = 2**20
_VERSION_1 = b'{"version":1,'
# A backup that has not ended after this is taken for dead; the Job's deadline is a quarter of it.
_LONGEST = timedelta(days=1)


class NoSnapshot(LookupError):
    """There is no snapshot, or none of that name."""


class ContentDamaged(ValueError):
    """Content is missing from the vault, or is not what its name says."""


class ManifestsUnreadable(ValueError):
    """Manifests of snapshots are damaged."""


class Snapshots:
    """Snapshots in a vault. `scratch`: folder for what is too much for memory."""

    def __init__(self, vault: Vault, scratch: Path) -> None:
        self._vault = vault
        self._scratch = scratch

    def names(self) -> list[str]:
        """Names of all snapshots, oldest first."""
        return sorted(name for name, parts in self._parts().items() if _MANIFEST in parts)

    def manifest(self, name: str) -> Manifest:
        """What a snapshot is; ContentDamaged where its manifest, or the list of its objects, is damaged."""
        try:
            manifest = self._manifest(name)
        except (ValueError, ContentMissing) as error:
            raise ContentDamaged(f"the manifest of snapshot {name} is damaged: {error}") from error
        if manifest.listing is not None:
            self._check(f"{_SNAPSHOTS}{name}/{_LISTING}", manifest.listing)
        return manifest

    def objects(self, name: str) -> Iterator[SavedObject]:
        """What a snapshot holds, in no order; `manifest` says whether it is whole."""
        if self._manifest(name).version == 1:
            with self._vault.open(f"{_SNAPSHOTS}{name}/{_MANIFEST}") as stream:
                yield from read_former(stream)
        else:
            with self._vault.open(f"{_SNAPSHOTS}{name}/{_LISTING}") as stream:
                yield from read_lines(stream)

    def contents(self, name: str) -> Iterator[Content]:
        """What a snapshot needs of the vault, its database too; some more than once."""
        database = self._manifest(name).database
        if database is not None:
            yield database
        yield from self.objects(name)

    def newest(self) -> str | None:
        """Name of the newest snapshot that is not damaged; None without one."""
        for name in reversed(self.names()):
            if self._is_readable(name):
                return name
        return None

    def unreadable(self) -> list[str]:
        """Names of the snapshots whose manifests are damaged, oldest first."""
        return [name for name in self.names() if not self._is_readable(name)]

    def resolve(self, name: str) -> str:
        """The name of an existing snapshot: the given one, or that of the newest for `latest`."""
        names = self.names()
        if not names:
            raise NoSnapshot("there is no snapshot yet: `make backup` makes one")
        if name == LATEST:
            return names[-1]
        if name not in names:
            raise NoSnapshot(f"there is no snapshot {name}; there are: {', '.join(names)}")
        return name

    def begin(self, now: datetime) -> str:
        """Announce a new snapshot; returns its name."""
        taken = self._parts()
        while (name := now.strftime(_NAME)) in taken:
            now += timedelta(seconds=1)
        self._vault.write(f"{_SNAPSHOTS}{name}/{_STARTED}", io.BytesIO(b""))
        return name

    def complete(self, name: str, *, created: str, identifier: str, listing: Path, database: Content | None) -> None:
        """Turn what was begun into a snapshot; ContentDamaged where content of it is not there.

        `listing`: file with the objects that the snapshot holds, as flts.backup.manifests.written_lines writes them.
        """
        with listing.open("rb") as stream:
            content = digest(stream)
            stream.seek(0)
            self._vault.write(f"{_SNAPSHOTS}{name}/{_LISTING}", stream)
        present = self.present()
        with listing.open("rb") as stream:
            needed = (one for part in ([database] if database else [], read_lines(stream)) for one in part)
            lacking = [one.sha256 for one in needed if present.get(one.sha256) != str(one.size)]
        present.close()
        if lacking:
            raise ContentDamaged(f"content disappeared while the backup ran: {', '.join(lacking[:3])}")
        manifest = Manifest(version=2, created=created, identifier=identifier, listing=content, database=database)
        text = manifest.model_dump_json(by_alias=True).encode()
        self._vault.write(f"{_SNAPSHOTS}{name}/{_MANIFEST}", io.BytesIO(text))

    def present(self) -> DiskMap:
        """Size in bytes of each content by its SHA-256; close it after use."""
        found = self.table()
        found.update((key.removeprefix(_OBJECTS), str(size)) for key, size in self._vault.sizes(_OBJECTS))
        return found

    def table(self) -> DiskMap:
        """An empty mapping on disk; close it after use."""
        return DiskMap(self._scratch)

    def put(self, sha256: str, stream: IO[bytes]) -> None:
        """Keep content under its SHA-256, which the caller has found."""
        self._vault.write(f"{_OBJECTS}{sha256}", stream)

    def open(self, sha256: str) -> IO[bytes]:
        """Content as a stream, unchecked."""
        return self._vault.open(f"{_OBJECTS}{sha256}")

    def check(self, content: Content) -> None:
        """Read content whole; ContentDamaged where it is not what its name says."""
        self._check(f"{_OBJECTS}{content.sha256}", content)

    def prune(self, keep: int, now: datetime) -> tuple[int, int]:
        """Remove all but the newest snapshots, and content that no snapshot has; returns how many of each.

        Content stays while another backup may be running, which may count on it. ManifestsUnreadable, and nothing is
        removed, where a manifest is damaged: nobody knows what it needs.
        """
        unreadable = self.unreadable()
        if unreadable:
            raise ManifestsUnreadable(f"the manifests of these snapshots are damaged: {', '.join(unreadable)}")
        parts = self._parts()
        names = self.names()
        kept = names[-keep:]
        oldest = (now - _LONGEST).strftime(_NAME)
        at_work = [name for name in parts if name not in names and name >= oldest]
        old = [name for name in parts if name not in kept and name not in at_work]
        for name in old:
            # The manifest first: half a snapshot is none.
            for part in sorted(parts[name], key=lambda part: part != _MANIFEST):
                self._vault.delete(f"{_SNAPSHOTS}{name}/{part}")
        return len(old), 0 if at_work else self._remove_all_but(kept)

    def _remove_all_but(self, kept: list[str]) -> int:
        """Remove content that none of these snapshots has; returns how many."""
        needed = self.table()
        for name in kept:
            needed.update((content.sha256, "") for content in self.contents(name))
        present = self.present()
        removed = 0
        for sha256, _ in present.items():
            if needed.get(sha256) is None:
                self._vault.delete(f"{_OBJECTS}{sha256}")
                removed += 1
        present.close()
        needed.close()
        return removed

    def _manifest(self, name: str) -> Manifest:
        key = f"{_SNAPSHOTS}{name}/{_MANIFEST}"
        with self._vault.open(key) as stream:
            # Only one of version 1, with all objects in it, is longer.
            beginning = stream.read(_MEBIBYTE)
        if beginning.startswith(_VERSION_1):
            return self._former(key)
        return Manifest.model_validate_json(beginning)

    def _former(self, key: str) -> Manifest:
        with self._vault.open(key) as stream:
            objects = read_former(stream)
            while True:
                try:
                    next(objects)
                except StopIteration as end:
                    return end.value

    def _check(self, key: str, content: Content) -> None:
        try:
            with self._vault.open(key) as stream:
                found = digest(stream)
        except ContentMissing as error:
            raise ContentDamaged(f"content {content.sha256} is missing") from error
        if (found.sha256, found.size) != (content.sha256, content.size):
            raise ContentDamaged(f"content {content.sha256} is damaged: its SHA-256 is {found.sha256}")

    def _is_readable(self, name: str) -> bool:
        try:
            self.manifest(name)
        except ContentDamaged:
            return False
        return True

    def _parts(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, _ in self._vault.sizes(_SNAPSHOTS):
            name, _, part = key.removeprefix(_SNAPSHOTS).partition("/")
            found.setdefault(name, set()).add(part)
        return found


def digest(stream: IO[bytes]) -> Content:
    """SHA-256 and size of what is left of a stream."""
    hashing = hashlib.sha256()
    size = 0
    while chunk := stream.read(_MEBIBYTE):
        hashing.update(chunk)
        size += len(chunk)
    return Content(sha256=hashing.hexdigest(), size=size)
