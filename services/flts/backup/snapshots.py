"""The form of the snapshots.

objects/<sha256>                     content, once, however many snapshots have it
snapshots/<UTC time>/started         says that a backup is at work, so that no other one takes content away
snapshots/<UTC time>/manifest.json   what the snapshot holds; written last, so without it there is no snapshot
"""

import hashlib
import io
from datetime import datetime, timedelta
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from flts.backup.settings import LATEST
from flts.backup.vault import ContentMissing, Vault

_OBJECTS = "objects/"
_SNAPSHOTS = "snapshots/"
_MANIFEST = "manifest.json"
_STARTED = "started"
_NAME = "%Y%m%dT%H%M%SZ"
_MEBIBYTE = 2**20
# A backup that has not ended after this is taken for dead; the Job's deadline is a quarter of it.
_LONGEST = timedelta(days=1)


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Content(_Model):
    """Bytes in the vault."""

    sha256: str
    size: int
    """Bytes."""


class SavedObject(Content):
    """An object of the object store as it was."""

    bucket: str
    key: str
    content_type: str
    etag: str
    """The store's own word for the content, by which the next backup sees that it has not changed."""


class Manifest(_Model):
    """What a snapshot holds."""

    version: Literal[1] = 1
    created: str
    """When the backup began; UTC, ISO 8601."""
    identifier: str
    """Pipeline of the stack that made it; the buckets may hold other pipelines' objects too."""
    objects: list[SavedObject]
    database: Content | None
    """Dump of MLflow's database in pg_dump's custom format; None where MLflow is somebody else's."""

    @property
    def contents(self) -> dict[str, Content]:
        """Each content once, by its SHA-256."""
        return {one.sha256: one for one in [*self.objects, *([self.database] if self.database else [])]}


class NoSnapshot(LookupError):
    """There is no snapshot, or none of that name."""


class ContentDamaged(ValueError):
    """Content is missing from the vault, or is not what its name says."""


class ManifestsUnreadable(ValueError):
    """Manifests of snapshots are damaged."""


class Snapshots:
    """Snapshots in a vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def names(self) -> list[str]:
        """Names of all snapshots, oldest first."""
        return sorted(name for name, parts in self._parts().items() if _MANIFEST in parts)

    def manifest(self, name: str) -> Manifest:
        """What a snapshot holds; ValidationError where its manifest is damaged."""
        with self._vault.open(f"{_SNAPSHOTS}{name}/{_MANIFEST}") as stream:
            return Manifest.model_validate_json(stream.read())

    def newest(self) -> Manifest | None:
        """What the newest snapshot holds whose manifest can be read; None without one."""
        unreadable = self.unreadable()
        names = [name for name in self.names() if name not in unreadable]
        return self.manifest(names[-1]) if names else None

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

    def complete(self, name: str, manifest: Manifest) -> None:
        """Turn what was begun into a snapshot; ContentDamaged where content of it is not there."""
        present = self.present()
        lacking = [one.sha256 for one in manifest.contents.values() if present.get(one.sha256) != one.size]
        if lacking:
            raise ContentDamaged(f"content disappeared while the backup ran: {', '.join(lacking[:3])}")
        text = manifest.model_dump_json(by_alias=True).encode()
        self._vault.write(f"{_SNAPSHOTS}{name}/{_MANIFEST}", io.BytesIO(text))

    def present(self) -> dict[str, int]:
        """Size in bytes of each content by its SHA-256."""
        return {key.removeprefix(_OBJECTS): size for key, size in self._vault.sizes(_OBJECTS).items()}

    def put(self, sha256: str, stream: IO[bytes]) -> None:
        """Keep content under its SHA-256, which the caller has found."""
        self._vault.write(f"{_OBJECTS}{sha256}", stream)

    def open(self, sha256: str) -> IO[bytes]:
        """Content as a stream, unchecked."""
        return self._vault.open(f"{_OBJECTS}{sha256}")

    def check(self, content: Content) -> None:
        """Read content whole; ContentDamaged where it is not what its name says."""
        try:
            with self.open(content.sha256) as stream:
                found = digest(stream)
        except ContentMissing as error:
            raise ContentDamaged(f"content {content.sha256} is missing") from error
        if (found.sha256, found.size) != (content.sha256, content.size):
            raise ContentDamaged(f"content {content.sha256} is damaged: its SHA-256 is {found.sha256}")

    def prune(self, keep: int, now: datetime) -> tuple[int, int]:
        """Remove all but the newest snapshots, and content that no snapshot has; returns how many of each.

        Content stays while another backup may be at work, which may count on it. ManifestsUnreadable, and nothing is
        removed, where a manifest is damaged: nobody knows what it needs.
        """
        unreadable = self.unreadable()
        if unreadable:
            raise ManifestsUnreadable(f"the manifests of these snapshots are damaged: {', '.join(unreadable)}")
        parts = self._parts()
        names = self.names()
        kept = names[-keep:]
        needed = {sha256 for name in kept for sha256 in self.manifest(name).contents}
        oldest = (now - _LONGEST).strftime(_NAME)
        at_work = [name for name in parts if name not in names and name >= oldest]
        old = [name for name in parts if name not in kept and name not in at_work]
        for name in old:
            # The manifest first: half a snapshot is none.
            for part in sorted(parts[name], key=lambda part: part != _MANIFEST):
                self._vault.delete(f"{_SNAPSHOTS}{name}/{part}")
        unneeded = [] if at_work else [sha256 for sha256 in self.present() if sha256 not in needed]
        for sha256 in unneeded:
            self._vault.delete(f"{_OBJECTS}{sha256}")
        return len(old), len(unneeded)

    def _is_readable(self, name: str) -> bool:
        try:
            self.manifest(name)
        except ValidationError:
            return False
        return True

    def _parts(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key in self._vault.sizes(_SNAPSHOTS):
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
