"""The forecast API in a process of its own: real sockets, real limits from the environment, a small known model.

`python served_process.py PORT` serves, and `python served_process.py client URL` forecasts; `served` and
`second_client` start them.
"""

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

TIMES = ["2024-01-01 00:00:00", "2024-01-01 00:02:00", "2024-01-01 00:04:00"]
_FEWEST_ANSWERS = 30
BODY = {"data": {"time": TIMES, "a": [110, 120, 130.5], "b": [1, 2, 3]}}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Served(NamedTuple):
    """A running API."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def peak_memory(self) -> int:
        """Most resident memory so far, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])

    def cpu_seconds(self) -> float:
        """CPU time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(port: int, program: str | Path = __file__, **environment: str) -> Iterator[Served]:
    """An API with these settings, until the block ends; `program` serves it on the port of its first argument."""
    process = subprocess.Popen(
        [sys.executable, program, str(port)], env={**os.environ, "LOG_LEVEL": "error", **environment}
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield Served(port, process.pid)
        assert process.poll() is None, "the process ended during the test"
    finally:
        process.kill()
        process.wait()


@contextmanager
def second_client(url: str) -> Iterator[list[float]]:
    """Another client, in a process of its own, who forecasts one after the other.

    Afterwards the list has the seconds that each forecast took.
    """
    seconds: list[float] = []
    process = subprocess.Popen(
        [sys.executable, __file__, "client", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    try:
        yield seconds
    finally:
        output, _ = process.communicate(timeout=60)
    result = json.loads(output)
    assert result["statuses"] == [200]
    seconds.extend(result["seconds"])


def p99(seconds: list[float]) -> float:
    """What 99 of 100 stayed below."""
    return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]


def _serve(port: int) -> None:
    from serving_models import in_service_with, make_model

    from flts.inference.api import inference_app
    from flts.inference.predictor import Predictor
    from flts.inference.server import DrainingServer
    from flts.inference.settings import InferenceSettings

    settings = InferenceSettings()
    in_service = in_service_with(make_model())
    predictor = Predictor(in_service, "default", lambda line: None, limits=settings.limits)
    app = inference_app(in_service, predictor, limits=settings.limits)
    DrainingServer(
        app,
        port,
        threading.Event(),
        drain_seconds=0,
        grace_seconds=1,
        headers_seconds=settings.predict_body_seconds,
    ).run()


def _forecast_until_input_ends(url: str) -> None:
    seconds: list[float] = []
    statuses: set[int] = set()
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    with httpx.Client(base_url=url, timeout=30) as client:
        client.post("/predict", json=BODY)
        print("started", flush=True)
        # Of a short attack too there are enough of them; the slowest answer counts among so few.
        while not over.is_set() or len(seconds) < _FEWEST_ANSWERS:
            started = time.monotonic()
            statuses.add(client.post("/predict", json=BODY).status_code)
            seconds.append(time.monotonic() - started)
            time.sleep(0.01)
    print(json.dumps({"statuses": sorted(statuses), "seconds": seconds}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    if sys.argv[1] == "client":
        _forecast_until_input_ends(sys.argv[2])
    else:
        _serve(int(sys.argv[1]))
