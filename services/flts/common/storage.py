"""Objects in S3: bytes in and out, with ETags, so that a claim can name the very bytes it means."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from flts.common.objectfiles import ObjectUpload, reader

_PIECE = 1 << 20
# Two words for one state: MinIO and S3 answer NoSuchKey to GET and a bare 404 to HEAD.
_MISSING = {"404", "NoSuchKey", "NotFound"}
# The latter where two conditional writes meet.
_CHANGED = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}


class StoredObject(NamedTuple):
    """Content of an object with the ETag (without quotes) that the server gave it."""

    body: bytes
    etag: str


class WrittenObject(NamedTuple):
    """An object that was written."""

    size: int
    """Bytes."""
    etag: str


class ObjectMissing(LookupError):
    """The object, or its bucket, does not exist."""


class ObjectChanged(LookupError):
    """The object is no longer the version that was asked for."""


class ObjectTooLarge(ValueError):
    """The object is larger than its reader allows."""


class ObjectStore(Protocol):
    """The few operations that the workloads need of an object store."""

    def get(self, bucket: str, key: str, etag: str | None = None, largest: int | None = None) -> StoredObject:
        """Read an object; with an ETag, only if it is still that version; of at most `largest` bytes."""

    def download(self, bucket: str, key: str, file: BinaryIO, etag: str) -> None:
        """Write an object's content into a file, if it is still that version; memory holds a piece of it."""

    def open(self, bucket: str, key: str, etag: str | None = None) -> BinaryIO:
        """An object of any size as a file that can seek; with an ETag, only if it is still that version."""

    def put(self, bucket: str, key: str, body: bytes, content_type: str) -> str:
        """Write an object; returns its ETag."""

    def write(self, bucket: str, key: str, content_type: str, produce: "Callable[[BinaryIO], None]") -> "WrittenObject":
        """Write an object of any size by what `produce` writes to a file; it is there whole or not at all."""

    def replace(self, bucket: str, key: str, body: bytes, content_type: str, etag: str | None) -> str:
        """Write an object if it is still that version, or still absent for None; raises ObjectChanged otherwise."""

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; no error where there is none."""

    def etag(self, bucket: str, key: str) -> str | None:
        """ETag of an object, or None where there is none."""

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Sorted keys of all objects whose key begins with the prefix."""

    def etags(self, bucket: str, prefix: str) -> dict[str, str]:
        """ETags by key of all objects whose key begins with the prefix, sorted by key."""

    def children(self, bucket: str, prefix: str) -> dict[str, str]:
        """ETags of the objects directly below the prefix (no further `/`), by what follows it in their keys, sorted.

        One request for each 1,000 keys (`max-keys` of ListObjectsV2), and none for single objects.
        """


def s3_client(**where: str | None) -> Any:
    """boto3's client of an S3 store, whoever's it is.

    `where`: endpoint, region and credentials, as boto3 calls them; without them the AWS_* variables say so.
    """
    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 5},
            # boto3 has no variable for it.
            s3={"addressing_style": os.environ.get("AWS_S3_ADDRESSING_STYLE", "path")},
            # The optional checksums are a trailer that older S3 servers refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
        **where,
    )


def is_missing(error: ClientError) -> bool:
    """Whether an S3 store's refusal means that there is no such object."""
    return error.response["Error"]["Code"] in _MISSING


class S3Store:
    """Object store behind the S3 API. Endpoint, region and credentials come from the AWS_* variables."""

    def __init__(self) -> None:
        self._client = s3_client()

    def get(self, bucket: str, key: str, etag: str | None = None, largest: int | None = None) -> StoredObject:
        """See ObjectStore.get."""
        answer = self._answer(bucket, key, etag)
        size = answer["ContentLength"]
        if largest is not None and size > largest:
            answer["Body"].close()
            raise ObjectTooLarge(f"object {bucket}/{key} has {size} bytes; at most {largest} are read")
        return StoredObject(answer["Body"].read(), answer["ETag"].strip('"'))

    def download(self, bucket: str, key: str, file: BinaryIO, etag: str) -> None:
        """See ObjectStore.download."""
        for piece in self._answer(bucket, key, etag)["Body"].iter_chunks(_PIECE):
            file.write(piece)

    def open(self, bucket: str, key: str, etag: str | None = None) -> BinaryIO:
        """See ObjectStore.open."""
        answer = self._answer(bucket, key, etag)
        version = answer["ETag"].strip('"')

        def body_from(place: int) -> Any:
            return self._answer(bucket, key, version, Range=f"bytes={place}-")["Body"]

        return reader(answer["ContentLength"], answer["Body"], body_from)

    def _answer(self, bucket: str, key: str, etag: str | None, **more: str) -> dict[str, Any]:
        condition = {"IfMatch": f'"{etag}"'} if etag else {}
        try:
            return self._client.get_object(Bucket=bucket, Key=key, **condition, **more)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if is_missing(error) or code == "NoSuchBucket":
                raise ObjectMissing(f"no object {bucket}/{key}") from error
            if code in _CHANGED:
                raise ObjectChanged(f"object {bucket}/{key} is no longer the version {etag}") from error
            raise

    def put(self, bucket: str, key: str, body: bytes, content_type: str) -> str:
        """See ObjectStore.put."""
        answer = self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        return answer["ETag"].strip('"')

    def write(self, bucket: str, key: str, content_type: str, produce: Callable[[BinaryIO], None]) -> WrittenObject:
        """See ObjectStore.write."""
        upload = ObjectUpload(self._client, bucket, key, content_type)
        try:
            produce(upload)
            return WrittenObject(upload.tell(), upload.finish())
        except BaseException:
            upload.abandon()
            raise

    def replace(self, bucket: str, key: str, body: bytes, content_type: str, etag: str | None) -> str:
        """See ObjectStore.replace."""
        condition = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}
        try:
            answer = self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, **condition)
        except ClientError as error:
            # With If-Match, S3 answers 404 where the object is gone.
            if error.response["Error"]["Code"] in _CHANGED or (etag and is_missing(error)):
                raise ObjectChanged(f"object {bucket}/{key} is no longer the version {etag}") from error
            raise
        return answer["ETag"].strip('"')

    def delete(self, bucket: str, key: str) -> None:
        """See ObjectStore.delete."""
        self._client.delete_object(Bucket=bucket, Key=key)

    def etag(self, bucket: str, key: str) -> str | None:
        """See ObjectStore.etag."""
        try:
            return self._client.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """See ObjectStore.keys."""
        return list(self.etags(bucket, prefix))

    def etags(self, bucket: str, prefix: str) -> dict[str, str]:
        """See ObjectStore.etags."""
        found = self._list(Bucket=bucket, Prefix=prefix)
        return dict(sorted((item["Key"], item["ETag"].strip('"')) for item in found))

    def children(self, bucket: str, prefix: str) -> dict[str, str]:
        """See ObjectStore.children."""
        found = self._list(Bucket=bucket, Prefix=prefix, Delimiter="/")
        # S3 sorts by UTF-8 bytes already, other servers need not.
        return dict(sorted((item["Key"].removeprefix(prefix), item["ETag"].strip('"')) for item in found))

    def _list(self, **what: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator("list_objects_v2").paginate(**what):
            yield from page.get("Contents", [])


def get_json(store: ObjectStore, bucket: str, key: str) -> Any | None:
    """Parsed JSON object, or None where there is no such object."""
    try:
        return json.loads(store.get(bucket, key).body)
    except ObjectMissing:
        return None


def put_json(store: ObjectStore, bucket: str, key: str, value: Any) -> str:
    """Write a value as plain JSON; returns the ETag."""
    return store.put(bucket, key, json.dumps(value, indent=2).encode(), "application/json")
