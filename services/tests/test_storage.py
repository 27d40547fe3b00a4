"""What the S3 client sends and understands, against a server that pages, refuses conditions and counts as S3 does."""

import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

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
            found = self.server.objects.get(self.key)
            if found is not None and self.headers.get("If-Match", self.etag()) != self.etag():
                return self.refuse(412, "PreconditionFailed")
            return self.refuse(404, "NoSuchKey") if found is None else self.answer(200, found, ETag=self.etag())
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

    def do_PUT(self):
        self.server.requests.append(("PUT", self.path))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if wanted and self.etag() is None:
            return self.refuse(404, "NoSuchKey")
        if (wanted and wanted != self.etag()) or (unwanted == "*" and self.etag() is not None):
            return self.refuse(412, "PreconditionFailed")
        self.server.objects[self.key] = body
        return self.answer(200, ETag=self.etag())

    def do_DELETE(self):
        self.server.requests.append(("DELETE", self.path))
        self.server.objects.pop(self.key, None)
        self.answer(204)


@pytest.fixture
def server(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeS3) as server:
        server.objects, server.requests = {}, []
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
