"""What the services do in an object store, with a service's variables: `store.py BUCKET [forbidden]`."""

import os
import socket
import sys

from botocore.exceptions import ClientError

from flts.common.storage import ObjectChanged, ObjectMissing, S3Store

resolve = socket.getaddrinfo
asked = set()


def resolve_store(host, *rest, **more):
    """The store's name, and those of its buckets below it, are in no DNS."""
    asked.add(host)
    return resolve("127.0.0.1" if host.endswith("store.test") else host, *rest, **more)


socket.getaddrinfo = resolve_store
bucket = sys.argv[1]
store = S3Store()

if sys.argv[2:] == ["forbidden"]:
    try:
        store.put(bucket, "a", b"1", "text/plain")
    except ClientError as error:
        print(error.response["Error"]["Code"])
    sys.exit()


def refused(call, *arguments):
    """The class of the error that the call ends with."""
    try:
        call(*arguments)
    except (ObjectChanged, ObjectMissing) as error:
        return type(error)
    raise AssertionError("nothing was refused")


etag = store.put(bucket, "a/one", b"1", "text/plain")
assert store.get(bucket, "a/one", etag).body == b"1"
assert store.etag(bucket, "a/one") == etag
assert store.etag(bucket, "a/none") is None
assert refused(store.get, bucket, "a/none") is ObjectMissing
assert refused(store.get, bucket, "a/one", "0" * 32) is ObjectChanged
# The evaluator's pointers: two writers must not overwrite each other.
second = store.replace(bucket, "a/one", b"2", "text/plain", etag)
assert refused(store.replace, bucket, "a/one", b"3", "text/plain", etag) is ObjectChanged
assert refused(store.replace, bucket, "a/one", b"3", "text/plain", None) is ObjectChanged
assert store.get(bucket, "a/one", second).body == b"2"
# In parts, and read as a file that can seek.
size = 12 << 20
written = store.write(bucket, "a/large", "text/plain", lambda file: file.write(b"x" * size))
assert written.size == size
with store.open(bucket, "a/large", written.etag) as file:
    file.seek(size - 1)
    assert file.read() == b"x"
assert list(store.children(bucket, "a/")) == ["large", "one"]
store.delete(bucket, "a/large")
store.delete(bucket, "a/large")
assert store.keys(bucket, "a/") == ["a/one"]
if os.environ["AWS_S3_ADDRESSING_STYLE"] == "virtual":
    assert asked == {f"{bucket}.store.test"}
print("done")
