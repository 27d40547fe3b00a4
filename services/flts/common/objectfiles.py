"""Objects as files: read as they come, written in parts, so that their size is no matter of memory."""

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import botocore.exceptions
import urllib3.exceptions

_BLOCK = 1 << 20
# S3 takes parts of 5 MiB and more, at most 10,000 of them.
_PART = 16 << 20
_TRIES = 3
_BROKEN = (
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.IncompleteReadError,
    urllib3.exceptions.HTTPError,
    ConnectionError,
    TimeoutError,
)


class _ObjectReader(io.RawIOBase):
    def __init__(self, size: int, body: Any, body_from: Callable[[int], Any]) -> None:
        self._size = size
        self._body: Any | None = body
        self._body_from = body_from
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if place != self._at:
            self._drop()
            self._at = place
        return place

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        part = self._read(wanted)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, wanted: int) -> bytes:
        for left in reversed(range(_TRIES)):
            try:
                if self._body is None:
                    self._body = self._body_from(self._at)
                part = self._body.read(wanted)
                if part:
                    return part
                raise ConnectionError(f"the object ends after {self._at} of {self._size} bytes")
            except _BROKEN:
                self._drop()
                if left == 0:
                    raise
        raise AssertionError("the last try raises")

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def reader(size: int, body: Any, body_from: Callable[[int], Any]) -> io.BufferedReader:
    """A file of `size` bytes that can seek. `body_from` opens it again at a place, also where a connection broke."""
    return io.BufferedReader(_ObjectReader(size, body, body_from), _BLOCK)


class ObjectUpload(io.RawIOBase):
    """A file whose content becomes an object when it is finished, completely or not at all."""

    def __init__(self, client: Any, bucket: str, key: str, content_type: str) -> None:
        self._client = client
        self._where = {"Bucket": bucket, "Key": key}
        self._content_type = content_type
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._size = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes so far."""
        return self._size

    def write(self, content: Any) -> int:
        """Take bytes, and send those that fill a part."""
        self._buffer += content
        added = memoryview(content).nbytes
        self._size += added
        while len(self._buffer) >= 2 * _PART:
            self._send(_PART)
        return added

    def finish(self) -> str:
        """Make it an object; returns its ETag."""
        if self._upload is None:
            answer = self._client.put_object(**self._where, Body=bytes(self._buffer), ContentType=self._content_type)
            return answer["ETag"].strip('"')
        self._send(len(self._buffer))
        answer = self._client.complete_multipart_upload(
            **self._where, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )
        return answer["ETag"].strip('"')

    def abandon(self) -> None:
        """Leave no part behind, where the server can be reached."""
        if self._upload is not None:
            with suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload)

    def _send(self, size: int) -> None:
        if self._upload is None:
            answer = self._client.create_multipart_upload(**self._where, ContentType=self._content_type)
            self._upload = answer["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            **self._where, UploadId=self._upload, PartNumber=number, Body=bytes(self._buffer[:size])
        )
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})
        del self._buffer[:size]
