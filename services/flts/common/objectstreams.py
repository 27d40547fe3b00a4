"""Buckets as streams: their objects may be bigger, and their listings longer, than memory."""

from collections.abc import Iterator
from typing import IO, Any, NamedTuple, Protocol

from botocore.exceptions import ClientError

from flts.common.storage import ObjectMissing, is_missing, s3_client


class ListedObject(NamedTuple):
    """An object as a listing has it."""

    key: str
    size: int
    """Bytes."""
    etag: str
    """Without quotes."""


class OpenedObject(NamedTuple):
    """An object that is being read."""

    stream: IO[bytes]
    etag: str
    content_type: str


class Source(Protocol):
    """What backups and compactions do with the object store."""

    def objects(self, bucket: str, prefix: str = "") -> Iterator[ListedObject]:
        """All objects of a bucket whose key begins with the prefix, sorted by key."""

    def open(self, bucket: str, key: str) -> OpenedObject:
        """An object's content; ObjectMissing where it is gone."""

    def put(self, bucket: str, key: str, stream: IO[bytes], content_type: str) -> None:
        """Write an object, replacing what is there; it is there whole or not at all."""

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; no error where there is none."""


class S3Source:
    """A source behind the S3 API. Endpoint, region and credentials come from the AWS_* variables."""

    def __init__(self, client: Any | None = None) -> None:
        self._client = client or s3_client()

    def objects(self, bucket: str, prefix: str = "") -> Iterator[ListedObject]:
        """See Source.objects."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield ListedObject(item["Key"], item["Size"], item["ETag"].strip('"'))

    def open(self, bucket: str, key: str) -> OpenedObject:
        """See Source.open."""
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if is_missing(error):
                raise ObjectMissing(f"no object {bucket}/{key}") from error
            raise
        return OpenedObject(answer["Body"], answer["ETag"].strip('"'), answer["ContentType"])

    def put(self, bucket: str, key: str, stream: IO[bytes], content_type: str) -> None:
        """See Source.put."""
        self._client.upload_fileobj(stream, bucket, key, ExtraArgs={"ContentType": content_type})

    def delete(self, bucket: str, key: str) -> None:
        """See Source.delete."""
        self._client.delete_object(Bucket=bucket, Key=key)
