"""`python -m benchmarks.series 1 10 100`: what series cost, by service and by how many there are.

Synthetic series go through the code of all services, each service in a process of its own, one after the other; object
store, Kafka and MLflow are files. A trainer's process is renewed as in the cluster. CPU time is
counted, so that other work on the machine changes little, and the memory is the largest that a process of Python had.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.stages import Part, families, stages_of

ROWS = 1_000
"""Rows of a series, a quarter of an hour apart: ten days."""


class Measured(NamedTuple):
    """What a service took for all series of a run."""

    stage: str
    series: int
    cpu_seconds: float
    """Of the work, without the imports of the first process but with those of its renewals."""
    mebibytes: float
    """Largest resident memory of a process."""
    p95_milliseconds: float | None = None
    """Of a forecast of each series, from the request to the answer; of inference."""


def synthetic(number: int) -> bytes:
    """CSV of a series with a daily course, a second column, and noise of its own."""
    random = np.random.default_rng(number)
    hours = np.arange(ROWS) / 4
    load = 100 + 30 * np.sin(2 * np.pi * hours / 24) + random.normal(0, 3, ROWS)
    users = 50 + 10 * np.cos(2 * np.pi * hours / 24) + random.normal(0, 2, ROWS)
    times = np.datetime64("2026-01-01T00:00:00") + np.arange(ROWS) * np.timedelta64(15, "m")
    rows = (f"{at},{one:.3f},{other:.3f}" for at, one, other in zip(times, load, users, strict=True))
    return ("time,load,users\n" + "\n".join(rows) + "\n").encode()


def measure(stage: str, folder: Path, count: int, **environment: str) -> Measured:
    """Do a stage in a process of its own, and in others where the service renews it."""
    spent, most, done = 0.0, 0.0, 0
    while True:
        command = [sys.executable, "-m", "benchmarks.stages", stage, str(folder), str(count), str(done)]
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=os.environ | environment)
        part = Part(**json.loads(ended.stdout.splitlines()[-1]))
        spent += part.process_seconds if done else part.cpu_seconds
        most, done = max(most, part.mebibytes), part.done
        if done >= count:
            return Measured(stage, count, spent, most, part.p95_milliseconds)


def table(results: list[Measured]) -> str:
    """One line for each stage and number of series, and the slopes from the fewest to the most."""
    lines = [
        "| service | series | series per minute and core | memory MiB | p95 ms |",
        "| --- | --: | --: | --: | --: |",
    ]
    for one in results:
        rate = 60 * one.series / max(one.cpu_seconds, 1e-9)
        p95 = "" if one.p95_milliseconds is None else f"{one.p95_milliseconds:.1f}"
        lines.append(f"| {one.stage} | {one.series} | {rate:.1f} | {one.mebibytes:.0f} | {p95} |")
    counts = sorted({one.series for one in results})
    if len(counts) > 1:
        few, many = counts[0], counts[-1]
        lines += ["", f"| from {few} to {many} series | CPU s a series | MiB a series |", "| --- | --: | --: |"]
        of = {(one.stage, one.series): one for one in results}
        for stage in dict.fromkeys(one.stage for one in results):
            first, last = of[stage, few], of[stage, many]
            seconds = (last.cpu_seconds - first.cpu_seconds) / (many - few)
            memory = (last.mebibytes - first.mebibytes) / (many - few)
            lines.append(f"| {stage} | {seconds:.3f} | {memory:.3f} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Measure so many series, for each number that is given; returns the exit status. FAMILIES leaves trainers out."""
    if not arguments or not all(argument.isdecimal() and int(argument) > 0 for argument in arguments):
        print('name how many series, as in SERIES="1 10 100"', file=sys.stderr)
        return 1
    try:
        stages = stages_of(families())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    results = []
    for count in sorted({int(argument) for argument in arguments}):
        with tempfile.TemporaryDirectory(prefix="flts-series-") as name:
            folder = Path(name)
            dataset = folder / "objects" / "dataset"
            dataset.mkdir(parents=True)
            for number in range(count):
                (dataset / f"site-{number:05d}.csv").write_bytes(synthetic(number))
            for stage in stages:
                begun = time.monotonic()
                results.append(measure(stage, folder, count))
                one, took = results[-1], time.monotonic() - begun
                took_of = f"{one.cpu_seconds:.1f} s CPU, {one.mebibytes:.0f} MiB, {took:.0f} s"
                print(f"{count} series, {stage}: {took_of}", file=sys.stderr, flush=True)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
