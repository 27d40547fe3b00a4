"""Says what is wrong with a snapshot: damaged content, promoted or finished runs without their model."""

import csv
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError

from flts.backup.restoring import fetched
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ContentDamaged, Manifest, SavedObject, Snapshots
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
    manifest = fetched(settings, snapshots)
    problems = [f"the manifest of snapshot {name} is damaged" for name in snapshots.unreadable()]
    problems += _damaged(manifest, snapshots)
    promoted, unreadable = _promoted(settings, manifest, snapshots)
    problems += unreadable + _not_servable(settings, manifest, promoted)
    if manifest.database is not None:
        problems += _without_model(settings, manifest, read_runs(settings.runs), promoted)
    log = structlog.get_logger()
    for problem in problems[:_SHOWN]:
        log.error("snapshot_problem", problem=problem)
    log.info("snapshot_verified", objects=len(manifest.objects), problems=len(problems))
    return problems


def _damaged(manifest: Manifest, snapshots: Snapshots) -> list[str]:
    problems = []
    for content in manifest.contents.values():
        try:
            snapshots.check(content)
        except ContentDamaged as error:
            keys = [f"{one.bucket}/{one.key}" for one in manifest.objects if one.sha256 == content.sha256]
            problems.append(f"{error}; it is {', '.join(keys) or 'the database'}")
    return problems


def _promoted(
    settings: BackupSettings, manifest: Manifest, snapshots: Snapshots
) -> tuple[dict[str, Promotion], list[str]]:
    """What each promotion pointer names, by the pointer's key, and the pointers that cannot be read."""
    promoted = {}
    problems = []
    for one in manifest.objects:
        if one.bucket == settings.promotion_bucket and one.key.rsplit("/", 1)[-1] == _POINTER:
            try:
                promoted[one.key] = _pointer(one, snapshots)
            except (LookupError, ValidationError) as error:
                problems.append(f"the promotion pointer {one.key} cannot be read: {error}")
    return promoted, problems


def _pointer(saved: SavedObject, snapshots: Snapshots) -> Promotion:
    with snapshots.open(saved.sha256) as stream:
        return Promotion.model_validate_json(stream.read())


def _not_servable(settings: BackupSettings, manifest: Manifest, promoted: dict[str, Promotion]) -> list[str]:
    """Pointers whose model or spec is not in the snapshot as the pointer names it."""
    digests = {one.key: one.sha256 for one in manifest.objects if one.bucket == settings.promotion_bucket}
    return [
        f"the promotion pointer {key} names {named.key}, which is not in the snapshot with that SHA-256"
        for key, promotion in promoted.items()
        for named in (promotion.model, promotion.spec)
        if named is not None and digests.get(named.key) != named.sha256
    ]


def _without_model(
    settings: BackupSettings, manifest: Manifest, runs: dict[str, RestoredRun], promoted: dict[str, Promotion]
) -> list[str]:
    keys = {one.key for one in manifest.objects if one.bucket == settings.artifact_bucket}
    needed = {run.run_id for run in runs.values() if (run.status, run.lifecycle_stage) == ("FINISHED", "active")}
    problems = []
    for key, promotion in promoted.items():
        if promotion.run_id in runs:
            needed.add(promotion.run_id)
        else:
            problems.append(f"the promotion pointer {key} names run {promotion.run_id}, which the database lacks")
    for run_id in sorted(needed):
        problems += _lacking(runs[run_id], keys)
    return problems


def _lacking(run: RestoredRun, keys: set[str]) -> list[str]:
    uri = urlsplit(run.artifact_uri)
    if uri.scheme != _PROXY_SCHEME:
        return [f"run {run.run_id} has its artifacts at {run.artifact_uri}, not behind MLflow's proxy"]
    folder = f"{uri.path.strip('/')}/{run.model_type}"
    lacking = [name for name in (MODEL_FILE, SERVING_FILE) if f"{folder}/{name}" not in keys]
    return [f"run {run.run_id} has no {folder}/{name}" for name in lacking]
