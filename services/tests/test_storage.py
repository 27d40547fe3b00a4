"""What the S3 client sends and understands, against a server that pages, refuses conditions and counts as S3 does."""

import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
from botocore.exceptions import IncompleteReadError

from flts.common.outages import is_outage
from flts.common.storage import ObjectChanged, ObjectMissing, S3Store


class FakeS3(BaseHTTPRequestHandler):
    """One bucket; `objects` and `requests` belong to the server."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    @property
    def key(self):
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    def etag(self):
        body = self.server.objects.get(self.key)
        return None if body is None else f'"{hashlib.md5(body).hexdigest()}"'

    def do_GET(self):
        self.server.requests.append(("GET", self.path))
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if query.get("list-type") != "2":
            return self.answer_object()
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        keys = [key for key in sorted(self.server.objects) if key.startswith(prefix) and key > after]
        if query.get("delimiter") == "/":
            keys = [key for key in keys if "/" not in key.removeprefix(prefix)]
        page, more = keys[:1000], len(keys) > 1000
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key>"
            f"<ETag>&quot;{hashlib.md5(self.server.objects[key]).hexdigest()}&quot;</ETag></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return self.answer(
            200,
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{items}{token}</ListBucketResult>".encode(),
        )

    def answer_object(self):
        found = self.server.objects.get(self.key)
        if found is None:
            return self.refuse(404, "NoSuchKey")
        if self.headers.get("If-Match", self.etag()) != self.etag():
            return self.refuse(412, "PreconditionFailed")
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if self.server.breaks:
            # The connection ends in the middle of the answer.
            self.server.breaks -= 1
            self.send_response(200)
            self.send_header("ETag", self.etag())
            self.send_header("Content-Length", str(len(found) - first))
            self.end_headers()
            self.wfile.write(found[first : first + (len(found) - first) // 2])
            self.close_connection = True
            return None
        return self.answer(206 if first else 200, found[first:], ETag=self.etag())

    def do_POST(self):
        self.server.requests.append(("POST", self.path))
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        self.rfile.read(int(self.headers["Content-Length"]))
        if "uploads" in query:
            self.server.uploads["u1"] = {}
            return self.answer(200, b"<X><UploadId>u1</UploadId></X>")
        parts = self.server.uploads.pop(query["uploadId"][0])
        assert all(len(parts[number]) >= 5 << 20 for number in sorted(parts)[:-1])
        self.server.objects[self.key] = b"".join(parts[number] for number in sorted(parts))
        return self.answer(200, f"<X><ETag>{self.etag()}</ETag></X>".encode())

    def do_PUT(self):
        self.server.requests.append(("PUT", self.path))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        query = parse_qs(urlsplit(self.path).query)
        if "uploadId" in query:
            self.server.uploads[query["uploadId"][0]][int(query["partNumber"][0])] = body
            return self.answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if wanted and self.etag() is None:
            return self.refuse(404, "NoSuchKey")
        if (wanted and wanted != self.etag()) or (unwanted == "*" and self.etag() is not None):
            return self.refuse(412, "PreconditionFailed")
        self.server.objects[self.key] = body
        return self.answer(200, ETag=self.etag())

    def do_DELETE(self):
        self.server.requests.append(("DELETE", self.path))
        query = parse_qs(urlsplit(self.path).query)
        if "uploadId" in query:
            del self.server.uploads[query["uploadId"][0]]
            return self.answer(204)
        self.server.objects.pop(self.key, None)
        return self.answer(204)


@pytest.fixture
def server(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeS3) as server:
        server.objects, server.requests, server.uploads, server.breaks = {}, [], {}, 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield server
        server.shutdown()


def test_ten_thousand_keys_are_ten_requests_with_their_etags(server):
    server.objects = {f"site-{number:05}.csv": b"%d" % number for number in range(10_000)} | {"other/x.csv": b""}
    etags = S3Store().children("bucket", "")
    assert len(etags) == 10_000
    assert etags["site-00007.csv"] == hashlib.md5(b"7").hexdigest()
    assert len(server.requests) == 10


def test_a_download_is_of_one_version(server):
    server.objects = {"key": b"first" * 1000}
    store, file = S3Store(), io.BytesIO()
    etag = hashlib.md5(b"first" * 1000).hexdigest()
    store.download("bucket", "key", file, etag)
    assert file.getvalue() == b"first" * 1000
    server.objects["key"] = b"second"
    with pytest.raises(ObjectChanged):
        store.download("bucket", "key", file, etag)
    with pytest.raises(ObjectMissing):
        store.download("bucket", "other", file, etag)


def test_names_are_relative_to_the_prefix(server):
    server.objects = {"a/b & c.csv": b"1", "a/d/e.csv": b"2", "f.csv": b"3"}
    assert list(S3Store().children("bucket", "a/")) == ["b & c.csv"]


def test_an_object_is_replaced_only_as_the_version_that_was_meant(server):
    store = S3Store()
    first = store.replace("bucket", "key", b"1", "text/plain", None)
    with pytest.raises(ObjectChanged):
        store.replace("bucket", "key", b"2", "text/plain", None)
    second = store.replace("bucket", "key", b"2", "text/plain", first)
    with pytest.raises(ObjectChanged):
        store.replace("bucket", "key", b"3", "text/plain", first)
    assert store.get("bucket", "key").etag == second
    store.delete("bucket", "key")
    with pytest.raises(ObjectMissing):
        store.get("bucket", "key")
    with pytest.raises(ObjectChanged):
        store.replace("bucket", "key", b"4", "text/plain", second)


def test_an_object_is_read_as_it_comes_and_as_one_version(server):
    content = b"".join(b"%07d," % number for number in range(400_000))
    server.objects = {"x.csv": content}
    store = S3Store()
    with store.open("bucket", "x.csv") as file:
        assert file.read(4) == content[:4]
        file.seek(0)
        assert file.read() == content
        assert len(server.requests) == 1
        file.seek(-8, io.SEEK_END)
        assert file.read() == content[-8:]
        file.seek(1_000_003)
        server.objects["x.csv"] = b"another"
        with pytest.raises(ObjectChanged):
            file.read()
    with pytest.raises(ObjectChanged):
        store.open("bucket", "x.csv", "another")
    with pytest.raises(ObjectMissing):
        store.open("bucket", "y.csv")


def test_a_connection_that_breaks_is_opened_again_where_it_ended_and_not_for_ever(server):
    content = bytes(range(256)) * 20_000
    server.objects = {"x.csv": content}
    store = S3Store()
    server.breaks = 2
    with store.open("bucket", "x.csv") as file:
        assert file.read() == content
    server.breaks = 100
    with store.open("bucket", "x.csv") as file, pytest.raises(IncompleteReadError) as raised:
        file.read()
    assert is_outage(raised.value)


@pytest.mark.parametrize(("size", "requests"), [(0, 1), (1_000_000, 1), (40_000_000, 4)])
def test_an_object_of_any_size_is_written_in_parts(server, size, requests):
    def produce(file):
        for start in range(0, size, 300_000):
            file.write(bytes(min(300_000, size - start)))

    written = S3Store().write("bucket", "x.parquet", "text/plain", produce)
    assert (written.size, len(server.objects["x.parquet"])) == (size, size)
    assert written.etag == hashlib.md5(bytes(size)).hexdigest()
    assert len(server.requests) == requests


def test_nothing_is_left_of_an_object_whose_writing_failed(server):
    def produce(file):
        file.write(bytes(40_000_000))
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        S3Store().write("bucket", "x.parquet", "text/plain", produce)
    assert (server.objects, server.uploads) == ({}, {})
