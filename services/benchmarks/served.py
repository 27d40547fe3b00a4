"""`python -m benchmarks.served 1000`: one inference process that serves so many series.

The service as its image runs it, over HTTP, with its default settings, reads from a MinIO server, the program MINIO.
One model of each family is trained by the code of all services; the series are copies of their promotions under names
of their own, so that each has a model of its own in memory.
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np

from benchmarks.series import measure, synthetic
from benchmarks.stages import FAMILIES
from flts.common.storage import S3Store, s3_client

BUCKET = "model-promotion"
_START_SECONDS = 120
_SERVICES = Path(__file__).parent.parent


class Pass(NamedTuple):
    """One forecast of each series, one after the other, in random order."""

    name: str
    milliseconds: list[float]
    cpu_milliseconds: float
    """Of the process, a forecast."""
    mebibytes: float
    """Resident memory of the process afterwards."""


def promoted(folder: Path, family: str) -> Path:
    """Train a model of the family; the folder that is the bucket with its promotion."""
    dataset = folder / family / "objects" / "dataset"
    dataset.mkdir(parents=True)
    (dataset / "site.csv").write_bytes(synthetic(0))
    for stage in ("preprocess", f"train {family}", "evaluate"):
        measure(stage, folder / family, 1, FAMILIES=family)
    return folder / family / "objects" / BUCKET


def promote(buckets: list[Path], names: list[str]) -> None:
    """Put the models and a pointer for each name into the bucket of the server."""
    for bucket in (BUCKET, "inference-logs"):
        s3_client().create_bucket(Bucket=bucket)
    store = S3Store()
    for bucket in buckets:
        for path in bucket.rglob("models/*/*"):
            store.put(BUCKET, path.relative_to(bucket).as_posix(), path.read_bytes(), "application/octet-stream")
    pointers = [json.loads((bucket / "global/series/site/current.json").read_bytes()) for bucket in buckets]
    for number, name in enumerate(names):
        pointer = pointers[number % len(pointers)] | {"series": name}
        store.put(BUCKET, f"global/series/{name}/current.json", json.dumps(pointer).encode(), "application/json")


@contextmanager
def process(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the block ends; where that fails, the end of its log is printed."""
    with log.open("wb") as output:
        started = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output)
    try:
        yield started
    except Exception:
        print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
        raise
    finally:
        started.kill()
        started.wait()


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until_ok(url: str, of: subprocess.Popen[bytes]) -> httpx.Response:
    """The answer of `url` as soon as it is 200; raises RuntimeError where the process ends or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while of.poll() is None and time.monotonic() < deadline:
        try:
            answer = httpx.get(url)
            if answer.status_code == 200:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer 200; the process' exit status is {of.poll()}")


def count_listed(url: str) -> int:
    """How many series the API lists."""
    count, after = 0, ""
    while True:
        page = httpx.get(f"{url}/series", params={"after": after, "limit": 200}).raise_for_status().json()
        count += len(page["series"])
        if page.get("next") is None:
            return count
        after = page["next"]


def resident(pid: int, line: str = "VmRSS") -> float:
    """Memory of a process in MiB; VmHWM: the most so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(text for text in status.splitlines() if text.startswith(line)).split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far: fields 14 and 15 of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forecast_each(client: httpx.Client, name: str, bodies: dict[str, Any], pid: int) -> Pass:
    """Forecast each series once; raises RuntimeError for an answer other than a forecast."""
    order = random.sample(sorted(bodies), len(bodies))
    took = []
    spent = cpu_seconds(pid)
    for series in order:
        begun = time.perf_counter()
        answer = client.post("/predict", json=bodies[series])
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{series}: {answer.status_code} {answer.text}")
    return Pass(name, took, (cpu_seconds(pid) - spent) * 1000 / len(order), resident(pid))


def measured(url: str, names: list[str], pid: int) -> list[Pass]:
    """The passes over all series."""
    with httpx.Client(base_url=url, timeout=60) as client:
        # All are of the same data, so that the rows of one are those of all.
        rows = client.get("/rows", params={"series": names[0]}).raise_for_status().json()
        bodies = {name: rows | {"series": name} for name in names}
        return [
            forecast_each(client, "first forecast, loads the model", bodies, pid),
            forecast_each(client, "second forecast", bodies, pid),
            forecast_each(client, "third forecast", bodies, pid),
        ]


def serve(folder: Path, count: int) -> int:
    """Measure and print; returns the exit status: 1 where not all series are served."""
    buckets = [promoted(folder, family) for family in FAMILIES]
    names = [f"copy-{number:05d}" for number in range(count)]
    minio_port, port = free_port(), free_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{minio_port}",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark-benchmark",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    login = {"MINIO_ROOT_USER": "benchmark", "MINIO_ROOT_PASSWORD": "benchmark-benchmark", "MINIO_BROWSER": "off"}
    minio = [os.environ["MINIO"], "server", "--quiet", "--address", f"127.0.0.1:{minio_port}", str(folder / "minio")]
    settings = {
        "PYTHONPATH": str(_SERVICES),
        "HEALTH_PORT": str(port),
        "LOG_LEVEL": "error",
        # Nobody announces a promotion here.
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
    }
    with process(minio, folder / "minio.log", **login) as server:
        until_ok(f"http://127.0.0.1:{minio_port}/minio/health/live", server)
        promote(buckets, names)
        command = [sys.executable, str(_SERVICES / "main" / "inference.py")]
        with process(command, folder / "inference.log", **settings) as inference:
            url = f"http://127.0.0.1:{port}"
            until_ok(f"{url}/ready", inference)
            before = resident(inference.pid)
            listed = count_listed(url)
            passes = measured(url, names, inference.pid)
            most = resident(inference.pid, "VmHWM")
    print(table(passes))
    print(
        f"\n{listed} of {count} series are listed; {before:.0f} MiB before the first forecast, {most:.0f} MiB at most"
    )
    return 0 if listed == count else 1


def table(passes: list[Pass]) -> str:
    """One line for each pass."""
    lines = [
        "| forecasts | series | p50 ms | p95 ms | p99 ms | CPU ms | memory MiB |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for each in passes:
        p50, p95, p99 = np.percentile(each.milliseconds, [50, 95, 99])
        count = len(each.milliseconds)
        times = f"{p50:.1f} | {p95:.1f} | {p99:.1f} | {each.cpu_milliseconds:.1f}"
        lines.append(f"| {each.name} | {count} | {times} | {each.mebibytes:.0f} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Serve so many series; returns the exit status."""
    if len(arguments) != 1 or not arguments[0].isdecimal() or int(arguments[0]) < 1:
        print("name how many series, as in SERVED=1000", file=sys.stderr)
        return 1
    if not Path(os.environ.get("MINIO", "")).is_file():
        print("MINIO names no program: `make bench SERVED=1000` sets it", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="flts-served-") as name:
        return serve(Path(name), int(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
