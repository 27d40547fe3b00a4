"""A source of promoted models that counts loads, and a clock."""

from serving_models import (
    BUCKET,
    KEYS,
)

from flts.inference.artifacts import PromotedArtifacts


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class Source(PromotedArtifacts):
    """Counts what is loaded; `outage` is raised in place of the next loads."""

    def __init__(self, store):
        super().__init__(store, BUCKET, KEYS)
        self.loads = []
        self.outage = None

    def load(self, promotion, threads):
        self.loads.append(promotion.run_id)
        if self.outage:
            raise self.outage
        return super().load(promotion, threads)


def served(models, series=""):
    return models.in_memory[series].model.version.run_id if series in models.in_memory else None
