"""`python -m benchmarks.stages preprocess FOLDER 100 0`: one process of a service, for benchmarks.series.

It prints a line of JSON, and meanwhile to the other output how far it is.
"""

import asyncio
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np

FAMILIES = ("GRU", "LSTM", "PROPHET")
_REPORT_SECONDS = 10.0


class Part(NamedTuple):
    """What one process of a service did."""

    done: int
    """Series that are done now, also by the processes before."""
    cpu_seconds: float
    """Of the work alone, without the imports."""
    process_seconds: float
    """CPU of the whole process, with its start and the imports."""
    mebibytes: float
    """Largest resident memory of the process."""
    p95_milliseconds: float | None
    """Of a forecast of each series, from the request to the answer; of inference."""


class Progress:
    """Counts what is done of a stage, and reports every few seconds how long the rest will take."""

    def __init__(self, stage: str, count: int, done: int) -> None:
        self._stage = stage
        self.count = count
        self.done = self._before = done
        self._begun = self._reported = time.monotonic()

    def one(self) -> None:
        """Another one is done."""
        self.reached(self.done + 1)

    def reached(self, done: int) -> None:
        """So many are done."""
        self.done = done
        now = time.monotonic()
        if done > self._before and now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            left = (self.count - done) * (now - self._begun) / (done - self._before)
            print(f"{self._stage}: {done} of {self.count} series, {left:.0f} s left", file=sys.stderr, flush=True)


# What is measured, once the imports are done.
Work = Callable[[Progress], float | None]


def families() -> tuple[str, ...]:
    """The families that FAMILIES names, all without it; raises ValueError for another word."""
    named = os.environ.get("FAMILIES", "").upper().replace(",", " ").split()
    unknown = [name for name in named if name not in FAMILIES]
    if unknown:
        raise ValueError(f"FAMILIES: {unknown[0]} is none of {', '.join(FAMILIES)}")
    return tuple(family for family in FAMILIES if not named or family in named)


def preprocess(folder: Path) -> Work:
    """Process every series."""
    from benchmarks.folder import FilePublisher, FolderStore
    from flts.preprocess.processing import SeriesProcessor
    from flts.preprocess.series import list_series
    from flts.preprocess.settings import PreprocessSettings

    store = FolderStore(folder)
    processor = SeriesProcessor(PreprocessSettings(), store, FilePublisher(folder))

    def work(progress: Progress) -> None:
        for series in list_series(store, "dataset", "").series:
            outcome = processor.handle(series).outcome
            if outcome != "processed":
                raise RuntimeError(f"{series.name}: {outcome}")
            progress.one()

    return work


def train(family: str) -> Callable[[Path], Work]:
    """Train a model of the family for the next claims, until a trainer's process would be renewed."""

    def prepare(folder: Path) -> Work:
        from benchmarks.folder import FilePublisher, FolderStore, RunsOnDisk
        from flts.training import families as frameworks
        from flts.training.renewal import Renewal
        from flts.training.settings import TrainingSettings
        from flts.training.worker import TrainingWorker

        publisher = FilePublisher(folder)
        settings = TrainingSettings(model_type=family)
        frameworks.load(settings.model_type)
        worker = TrainingWorker(settings, FolderStore(folder), RunsOnDisk(folder, family), publisher, Event())
        renewal = Renewal(worker.handle, Event(), settings.process_growth_mebibytes)

        def work(progress: Progress) -> None:
            for payload in islice(publisher.on("training-data"), progress.done, None):
                renewal.handle(payload)
                progress.one()
                if renewal.due:
                    return

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
        EvaluatorSettings(expected_model_types=families()),
        runs,
        PromotionStore(store, "model-promotion", "global", unnamed=True),
        ArtifactCopies(runs, store, "model-promotion", PromotionKeys("global")),
        publisher,
        Registrations(NoRegistry()),
    )

    def work(progress: Progress) -> None:
        events = list(publisher.on("model-training"))
        for number, payload in enumerate(events, 1):
            worker.handle(payload)
            progress.reached(progress.count * number // len(events))

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

    def work(progress: Progress) -> float:
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
            progress.one()
        return float(np.percentile(took, 95)) * 1000

    return work


STAGES: dict[str, Callable[[Path], Work]] = {
    "preprocess": preprocess,
    **{f"train {family}": train(family) for family in FAMILIES},
    "evaluate": evaluate,
    "inference": infer,
}


def stages_of(chosen: Sequence[str]) -> list[str]:
    """The stages, in order, with the trainers of these families only."""
    left_out = {f"train {family}" for family in FAMILIES if family not in chosen}
    return [stage for stage in STAGES if stage not in left_out]


def run_stage(stage: str, folder: Path, count: int, done: int = 0) -> Part:
    """Do a stage in this process, for the series after those that are done."""
    # It writes a line for each of Prophet's fits.
    logging.getLogger("cmdstanpy").disabled = True
    work = STAGES[stage](folder)
    progress = Progress(stage, count, done)
    begun = _cpu_seconds()
    p95 = work(progress)
    all_of_it = _cpu_seconds()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Part(progress.done, all_of_it - begun, all_of_it, most, p95)


def _cpu_seconds() -> float:
    # Prophet's optimiser is a process of its own.
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    _stage, _folder, _count, _done = sys.argv[1:]
    print(json.dumps(run_stage(_stage, Path(_folder), int(_count), int(_done))._asdict()))
