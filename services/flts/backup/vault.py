"""Where snapshots are kept: content by key in a folder, or in a bucket of an S3 store elsewhere.

Not through pyarrow.fs: a stream of its that ends with an error writes what it has under the final name.
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from botocore.exceptions import ClientError

from flts.common.storage import is_missing

_DAY = 86_400
_MEBIBYTE = 2**20


class ContentMissing(LookupError):
    """There is nothing under the key."""


class Vault(Protocol):
    """Content by key. Keys have slashes; a key's content is there whole or not at all."""

    def write(self, key: str, content: IO[bytes]) -> None:
        """Write the content, replacing what is under the key."""

    def open(self, key: str) -> IO[bytes]:
        """The content as a stream; ContentMissing where there is none."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Key and size in bytes of everything whose key begins with the prefix, which ends with a slash."""

    def delete(self, key: str) -> None:
        """Delete what is under the key, if anything is."""


class Folder:
    """A vault in a file system: what is written gets its name when it is whole and on disk."""

    _PARTIAL = "partial"

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, key: str, content: IO[bytes]) -> None:
        """See Vault.write."""
        partial = self._root / self._PARTIAL
        partial.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned(partial)
        part = partial / uuid.uuid4().hex
        try:
            with part.open("wb") as file:
                shutil.copyfileobj(content, file, _MEBIBYTE)
                file.flush()
                os.fsync(file.fileno())
            path = self._root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(path)
            _synchronise(path.parent)
        finally:
            part.unlink(missing_ok=True)

    def open(self, key: str) -> IO[bytes]:
        """See Vault.open."""
        try:
            return (self._root / key).open("rb")
        except FileNotFoundError as error:
            raise ContentMissing(f"no {key} in {self._root}") from error

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See Vault.sizes."""
        try:
            # Not Path.iterdir and its like, which put all of a folder's names into a list.
            entries = os.scandir(self._root / prefix)
        except FileNotFoundError:
            # Nothing was written there yet.
            return
        with entries:
            for entry in entries:
                key = f"{prefix}{entry.name}"
                if entry.is_dir():
                    yield from self.sizes(f"{key}/")
                else:
                    yield key, entry.stat().st_size

    def delete(self, key: str) -> None:
        """See Vault.delete."""
        path = self._root / key
        path.unlink(missing_ok=True)
        if path.parent != self._root and path.parent.exists() and not any(path.parent.iterdir()):
            path.parent.rmdir()

    @staticmethod
    def _remove_abandoned(partial: Path) -> None:
        for part in partial.iterdir():
            if part.stat().st_mtime < time.time() - _DAY:
                part.unlink(missing_ok=True)


class Bucket:
    """A vault in a bucket. `client`: boto3's, of that store."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def write(self, key: str, content: IO[bytes]) -> None:
        """See Vault.write: in parts where it is big, which the store puts together at the end."""
        self._client.upload_fileobj(content, self._bucket, key)

    def open(self, key: str) -> IO[bytes]:
        """See Vault.open."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            if is_missing(error):
                raise ContentMissing(f"no {key} in the bucket {self._bucket}") from error
            raise

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See Vault.sizes."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield item["Key"], item["Size"]

    def delete(self, key: str) -> None:
        """See Vault.delete."""
        self._client.delete_object(Bucket=self._bucket, Key=key)


def _synchronise(folder: Path) -> None:
    """A file's name is on disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
