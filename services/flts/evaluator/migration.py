"""Completes what an evaluator from before 0.2.0 left: pointers that name a run, but not its model by digest."""

import structlog

from flts.common.consuming import Refused
from flts.common.messages import Promotion
from flts.evaluator.artifacts import ArtifactCopies
from flts.evaluator.pointers import PromotionStore
from flts.evaluator.tracking import FinishedRuns


def migrate(pointers: PromotionStore, runs: FinishedRuns, copies: ArtifactCopies) -> None:
    """Copy the model of each pointer that has none, with the runs it was compared with, and rewrite the pointer.

    Those runs' trainers recorded no digests: what MLflow has now is what is taken. A pointer whose run cannot be
    copied stays as it is; inference waits for the next promotion.
    """
    for promotion in pointers.all():
        if promotion.model is None or promotion.spec is None:
            _migrate(promotion, pointers, runs, copies)


def _migrate(promotion: Promotion, pointers: PromotionStore, runs: FinishedRuns, copies: ArtifactCopies) -> None:
    log = structlog.get_logger()
    for run_id in sorted({promotion.run_id, *promotion.runs.values()}):
        run = runs.run(run_id)
        try:
            if run is None:
                raise Refused(f"MLflow has no finished run {run_id}")
            copied = copies.copy(run, trust_unrecorded=True)
        except Refused as error:
            log.error("run_not_migrated", run_id=run_id, promoted=run_id == promotion.run_id, error=str(error))
            continue
        changes = {"run_id": run_id, "model_type": run.model_type, **copied._asdict()}
        complete = promotion.model_copy(update=changes)
        pointers.offer(complete)
        if run_id == promotion.run_id:
            pointers.remember(complete)
            pointers.point_to(complete)
            log.info("pointer_migrated", run_id=run_id, series=promotion.series)
