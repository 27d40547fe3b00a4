"""`python -m benchmarks.series 1 10 100`: what series cost, by service and by how many there are.

Synthetic series go through the code of all services, each service in a process of its own, one after the other; object
store, Kafka and MLflow are files. CPU time is counted, so that other work on the machine changes little, and the memory
is the largest that the process had.
"""

import asyncio
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np

# What is measured, once the imports are done.
Work = Callable[[], float | None]

FAMILIES = ("GRU", "LSTM", "PROPHET")
ROWS = 1_000
"""Rows of a series, a quarter of an hour apart: ten days."""


class Measured(NamedTuple):
    """What a service took for all series of a run."""

    stage: str
    series: int
    cpu_seconds: float
    """Of the work alone, without the imports."""
    mebibytes: float
    """Largest resident memory of the process."""
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


def preprocess(folder: Path) -> Work:
    """Process every series."""
    from benchmarks.folder import FilePublisher, FolderStore
    from flts.preprocess.processing import SeriesProcessor
    from flts.preprocess.series import list_series
    from flts.preprocess.settings import PreprocessSettings

    store = FolderStore(folder)
    processor = SeriesProcessor(PreprocessSettings(), store, FilePublisher(folder))

    def work() -> None:
        for series in list_series(store, "dataset", "").series:
            outcome = processor.handle(series).outcome
            if outcome != "processed":
                raise RuntimeError(f"{series.name}: {outcome}")

    return work


def train(family: str) -> Callable[[Path], Work]:
    """Train a model of the family for every claim."""

    def prepare(folder: Path) -> Work:
        from benchmarks.folder import FilePublisher, FolderStore, RunsOnDisk
        from flts.training.settings import TrainingSettings
        from flts.training.worker import TrainingWorker

        publisher = FilePublisher(folder)
        settings = TrainingSettings(model_type=family)
        worker = TrainingWorker(settings, FolderStore(folder), RunsOnDisk(folder, family), publisher, Event())

        def work() -> None:
            for payload in publisher.on("training-data"):
                worker.handle(payload)

        return work

    return prepare


def evaluate(folder: Path) -> Work:
    """Promote a model for every claim."""
    from benchmarks.folder import FilePublisher, FolderStore, NoRegistry, RunsOnDisk
    from flts.common.promotions import PromotionKeys
    from flts.evaluator.artifacts import ArtifactCopies
    from flts.evaluator.pointers import PromotionStore
    from flts.evaluator.registry import Registrations
    from flts.evaluator.settings import EvaluatorSettings
    from flts.evaluator.worker import EvaluatorWorker

    store, runs, publisher = FolderStore(folder), RunsOnDisk(folder), FilePublisher(folder)
    worker = EvaluatorWorker(
        EvaluatorSettings(expected_model_types=os.environ.get("EXPECTED_MODEL_TYPES") or FAMILIES),
        runs,
        PromotionStore(store, "model-promotion", "global", unnamed=True),
        ArtifactCopies(runs, store, "model-promotion", PromotionKeys("global")),
        publisher,
        Registrations(NoRegistry()),
    )

    def work() -> None:
        for payload in list(publisher.on("model-training")):
            worker.handle(payload)

    return work


def infer(folder: Path) -> Work:
    """Load every model and forecast every series; gives the 95th percentile of the answers in milliseconds."""
    from fastapi.testclient import TestClient

    from benchmarks.folder import FolderStore
    from flts.common.promotions import PromotionKeys
    from flts.inference.api import inference_app
    from flts.inference.artifacts import PromotedArtifacts
    from flts.inference.inservice import Models
    from flts.inference.pointers import Pointers
    from flts.inference.predictor import Predictor
    from flts.inference.promoted import PromotedModels

    store, keys = FolderStore(folder), PromotionKeys("global")
    models = Models()
    promoted = PromotedModels(
        models, Pointers(store, "model-promotion", keys), PromotedArtifacts(store, "model-promotion", keys)
    )
    client = TestClient(inference_app(models, Predictor(models, "default", lambda line: None)))

    def work() -> float:
        promoted.refresh()
        took = []
        for name in models.names:
            asyncio.run(models.get(name))
            body = client.get("/rows", params={"series": name}).json()
            begun = time.perf_counter()
            answer = client.post("/predict", json=body)
            took.append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {answer.text}")
        return float(np.percentile(took, 95)) * 1000

    return work


STAGES: dict[str, Callable[[Path], Work]] = {
    "preprocess": preprocess,
    **{f"train {family}": train(family) for family in FAMILIES},
    "evaluate": evaluate,
    "inference": infer,
}


def measure(stage: str, folder: Path, count: int, **environment: str) -> Measured:
    """Do a stage in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.series", "stage", stage, str(folder), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=os.environ | environment)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def run_stage(stage: str, folder: Path, count: int) -> Measured:
    """Do a stage in this process."""
    # It writes a line for each of Prophet's fits.
    logging.getLogger("cmdstanpy").disabled = True
    work = STAGES[stage](folder)
    begun = time.process_time()
    p95 = work()
    spent = time.process_time() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(stage, count, spent, most, p95)


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
        for stage in STAGES:
            first, last = of[stage, few], of[stage, many]
            seconds = (last.cpu_seconds - first.cpu_seconds) / (many - few)
            memory = (last.mebibytes - first.mebibytes) / (many - few)
            lines.append(f"| {stage} | {seconds:.3f} | {memory:.3f} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Measure so many series, for each number that is given; returns the exit status."""
    if arguments[:1] == ["stage"]:
        _, stage, folder, count = arguments
        print(json.dumps(run_stage(stage, Path(folder), int(count))._asdict()))
        return 0
    if not arguments or not all(argument.isdecimal() and int(argument) > 0 for argument in arguments):
        print('name how many series, as in SERIES="1 10 100"', file=sys.stderr)
        return 1
    results = []
    for count in sorted({int(argument) for argument in arguments}):
        with tempfile.TemporaryDirectory(prefix="flts-series-") as name:
            folder = Path(name)
            dataset = folder / "objects" / "dataset"
            dataset.mkdir(parents=True)
            for number in range(count):
                (dataset / f"site-{number:05d}.csv").write_bytes(synthetic(number))
            for stage in STAGES:
                results.append(measure(stage, folder, count))
                one = results[-1]
                print(f"{count} series, {stage}: {one.cpu_seconds:.1f} s CPU, {one.mebibytes:.0f} MiB", file=sys.stderr)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
