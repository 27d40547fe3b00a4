"""Says what is wrong with a snapshot: damaged content, promoted or finished runs without their model."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError

from flts.backup.diskmap import DiskMap
from flts.backup.manifests import Content, SavedObject
from flts.backup.restoring import fetched
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ContentDamaged, Snapshots
from flts.common.messages import Promotion
from flts.common.promotions import MODEL_FILE, SERVING_FILE

_POINTER = "current.json"
_PROXY_SCHEME = "mlflow-artifacts"
_SHOWN = 20


class RestoredRun(NamedTuple):
    """A run of the pipeline in the restored database, as a line of `BackupSettings.runs` says."""

    run_id: str
    artifact_uri: str
    status: str
    lifecycle_stage: str
    model_type: str


def read_runs(path: Path) -> dict[str, RestoredRun]:
    """Runs by id, from lines with tabs between the fields; FileNotFoundError where the database left none."""
    with path.open(newline="") as file:
        return {row[0]: RestoredRun(*row) for row in csv.reader(file, delimiter="\t")}


def verify(settings: BackupSettings, snapshots: Snapshots) -> list[str]:
    """Everything that is wrong with the snapshot that `fetch` chose; empty for one that can be relied on."""
    name = fetched(settings)
    problems = [f"the manifest of snapshot {other} is damaged" for other in snapshots.unreadable()]
    problems += _damaged(name, snapshots)
    held = _held(name, snapshots)
    promoted, unreadable = _promoted(settings, name, snapshots)
    problems += unreadable + _not_servable(settings, held, promoted)
    if snapshots.manifest(name).database is not None:
        problems += _without_model(settings, held, read_runs(settings.runs), promoted)
    objects = sum(1 for _ in held.items())
    held.close()
    log = structlog.get_logger()
    for problem in problems[:_SHOWN]:
        log.error("snapshot_problem", problem=problem)
    log.info("snapshot_verified", objects=objects, problems=len(problems))
    return problems


def _damaged(name: str, snapshots: Snapshots) -> list[str]:
    contents = snapshots.table()
    contents.update((content.sha256, str(content.size)) for content in snapshots.contents(name))
    problems = []
    for sha256, size in contents.items():
        try:
            snapshots.check(Content(sha256=sha256, size=int(size)))
        except ContentDamaged as error:
            keys = [one.path for one in snapshots.objects(name) if one.sha256 == sha256]
            problems.append(f"{error}; it is {', '.join(keys) or 'the database'}")
    contents.close()
    return problems


def _held(name: str, snapshots: Snapshots) -> DiskMap:
    """SHA-256 of each object of the snapshot by bucket and key."""
    held = snapshots.table()
    held.update((one.path, one.sha256) for one in snapshots.objects(name))
    return held


def _promoted(settings: BackupSettings, name: str, snapshots: Snapshots) -> tuple[dict[str, Promotion], list[str]]:
    """What each promotion pointer names, by the pointer's key, and the pointers that cannot be read."""
    promoted = {}
    problems = []
    for one in snapshots.objects(name):
        if one.bucket == settings.promotion_bucket and one.key.rsplit("/", 1)[-1] == _POINTER:
            try:
                promoted[one.key] = _pointer(one, snapshots)
            except (LookupError, ValidationError) as error:
                problems.append(f"the promotion pointer {one.key} cannot be read: {error}")
    return promoted, problems


def _pointer(saved: SavedObject, snapshots: Snapshots) -> Promotion:
    with snapshots.open(saved.sha256) as stream:
        return Promotion.model_validate_json(stream.read())


def _not_servable(settings: BackupSettings, held: DiskMap, promoted: dict[str, Promotion]) -> list[str]:
    """Pointers whose model or spec is not in the snapshot as the pointer names it."""
    return [
        f"the promotion pointer {key} names {named.key}, which is not in the snapshot with that SHA-256"
        for key, promotion in promoted.items()
        for named in (promotion.model, promotion.spec)
        if named is not None and held.get(f"{settings.promotion_bucket}/{named.key}") != named.sha256
    ]


def _without_model(
    settings: BackupSettings, held: DiskMap, runs: dict[str, RestoredRun], promoted: dict[str, Promotion]
) -> list[str]:
    needed = {run.run_id for run in runs.values() if (run.status, run.lifecycle_stage) == ("FINISHED", "active")}
    problems = []
    for key, promotion in promoted.items():
        if promotion.run_id in runs:
            needed.add(promotion.run_id)
        else:
            problems.append(f"the promotion pointer {key} names run {promotion.run_id}, which the database lacks")
    for run_id in sorted(needed):
        problems += _lacking(runs[run_id], lambda key: held.get(f"{settings.artifact_bucket}/{key}") is not None)
    return problems


def _lacking(run: RestoredRun, is_there: Callable[[str], bool]) -> list[str]:
    uri = urlsplit(run.artifact_uri)
    if uri.scheme != _PROXY_SCHEME:
        return [f"run {run.run_id} has its artifacts at {run.artifact_uri}, not behind MLflow's proxy"]
    folder = f"{uri.path.strip('/')}/{run.model_type}"
    lacking = [name for name in (MODEL_FILE, SERVING_FILE) if not is_there(f"{folder}/{name}")]
    return [f"run {run.run_id} has no {folder}/{name}" for name in lacking]
