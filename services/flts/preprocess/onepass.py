"""Lets one pass at a time work on a series in a pod: the watcher's, or one that a user runs with `kubectl exec`."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the pod's lock, for one series; waits until it is free. The kernel releases it when a process dies.

    Passes in different pods cannot meet here: they are kept apart by conditional writes of meta.json.
    """
    # Of this user, since a test machine's folder is shared.
    path = Path(tempfile.gettempdir()) / f"flts-preprocess-{os.getuid()}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            structlog.get_logger().info("waiting_for_another_pass", lock=str(path))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
