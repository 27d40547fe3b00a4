"""The worker that measures the served model on held-out rows."""

from serving_models import BUCKET, KEYS

from flts.inference.inservice import Models
from flts.inference.performance import PerformanceWorker
from flts.inference.pointers import Pointers
from flts.inference.settings import InferenceSettings


def worker_over(models: Models, store, publisher, stop, **settings) -> PerformanceWorker:
    pointers = Pointers(store, BUCKET, KEYS)
    return PerformanceWorker(InferenceSettings(**settings), models, pointers, store, publisher, stop)
