"""Keeps the promoted models in service: reads the pointers, loads what they name, refuses what does not work."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog

from flts.common.messages import Promotion
from flts.forecasting.model import BadModel, ServingModel
from flts.forecasting.refusals import NoModel
from flts.inference import metrics
from flts.inference.artifacts import NotCopied
from flts.inference.inservice import Models
from flts.inference.pointers import PointerSource

_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 120.0
# So that a thousand series are known after one look, and a hundred thousand do not hold up promotions meanwhile.
_LEARNED_PER_LOOK = 1000


class ModelSource(Protocol):
    """Where models come from."""

    def load(self, promotion: Promotion, threads: int) -> ServingModel:
        """Download and check a model; BadModel where it must not be served."""


class _Refusal(NamedTuple):
    """A pointer whose model could not be served: why, and when it is tried again."""

    etag: str
    reason: str
    pause: float
    due: float


class PromotedModels:
    """Follows the pointers of all series.

    The preferred series' model is loaded as soon as there is one, the others' when they are first asked for; all that
    are in memory follow their pointers. What cannot be served is tried again, with growing pauses of random length, so
    that many pods do not do so at once; a series without a model gets the one that was promoted before.
    """

    def __init__(
        self,
        models: Models,
        pointers: PointerSource,
        source: ModelSource,
        threads: int = 1,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._models = models
        self._pointers = pointers
        self._source = source
        self._threads = threads
        self._now = now
        self._seen: dict[str, str] = {}
        self._followed: dict[str, str] = {}
        self._learned: dict[str, str] = {}
        self._refusals: dict[str, _Refusal] = {}
        self._on_previous: set[str] = set()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._logger = structlog.get_logger()
        models.load_with(self.load)

    def refresh(self) -> bool:
        """Read the pointers and follow them; returns whether a model changed. Raises where the store fails."""
        self._seen = self._pointers.etags()
        self._models.know(self._seen)
        changed = False
        for name in {self._models.preferred, *self._models.in_memory} & self._seen.keys():
            if not self._is_followed(name) and self._is_due(name):
                with self._locks[name]:
                    changed |= self._follow(name)
        held = self._models.in_memory
        metrics.MODELS_OUTDATED.set(sum(name in held and not self._is_followed(name) for name in self._seen))
        metrics.POINTERS_READ.set_to_current_time()
        self._learn()
        return changed

    def load(self, name: str) -> ServingModel:
        """The model of a series, from memory or from the store; raises NoModel where it cannot be served now."""
        with self._locks[name]:
            model = self._models.touched(name)
            if model is None and self._is_due(name):
                try:
                    self._follow(name)
                except Exception as error:
                    raise NoModel(f"the model of {name!r} could not be loaded: {error}") from error
                model = self._models.touched(name)
        if model is None:
            refusal = self._refusals.get(name)
            raise NoModel(f"the model of {name!r} cannot be served: {refusal.reason if refusal else 'it is gone'}")
        return model

    def _learn(self) -> None:
        """Read what the promotions say whose models nobody has asked for yet."""
        unread = [name for name, etag in self._seen.items() if self._learned.get(name) != etag]
        for name in unread[:_LEARNED_PER_LOOK]:
            try:
                pointer = self._pointers.read(name)
            except BadModel as error:
                self._logger.warning("pointer_unreadable", series=name, error=str(error))
                pointer = None
            self._learned[name] = pointer.etag if pointer else self._seen[name]
            if pointer:
                self._models.learn(name, pointer.promotion)

    def _is_followed(self, name: str) -> bool:
        return name in self._models.in_memory and self._followed.get(name) == self._seen.get(name)

    def _is_due(self, name: str) -> bool:
        refusal = self._refusals.get(name)
        return refusal is None or refusal.etag != self._seen.get(name) or self._now() >= refusal.due

    def _follow(self, name: str) -> bool:
        """Serve what the pointer names, or else what it named before; returns whether the model changed."""
        etag = self._seen.get(name, "")
        try:
            pointer = self._pointers.read(name)
            if pointer is None:
                raise BadModel("its pointer is not there any more")
            etag = pointer.etag
            self._learned[name] = etag
            self._models.learn(name, pointer.promotion)
            changed = self._serve(name, pointer.promotion)
        except BadModel as error:
            self._refuse(name, etag, error)
            return name not in self._models.in_memory and self._fall_back(name)
        self._followed[name] = etag
        self._refusals.pop(name, None)
        self._on_previous.discard(name)
        metrics.SERIES_ON_PREVIOUS.set(len(self._on_previous))
        return changed

    def _serve(self, name: str, promotion: Promotion) -> bool:
        served = self._models.in_memory.get(name)
        before = served.promotion if served else None
        if before is not None and (before.run_id, before.model, before.spec) == (
            promotion.run_id,
            promotion.model,
            promotion.spec,
        ):
            self._models.describe(name, promotion)
            return False
        started = time.perf_counter()
        model = self._source.load(promotion, self._threads)
        self._models.serve(model, time.perf_counter() - started, name, promotion)
        return True

    def _fall_back(self, name: str) -> bool:
        try:
            previous = self._pointers.previous(name)
            if previous is None:
                return False
            self._serve(name, previous)
        except BadModel as error:
            self._logger.error("previous_model_refused", series=name, error=str(error))
            return False
        self._on_previous.add(name)
        metrics.SERIES_ON_PREVIOUS.set(len(self._on_previous))
        self._logger.warning("serving_previous_model", series=name, run_id=previous.run_id)
        return True

    def _refuse(self, name: str, etag: str, error: BadModel) -> None:
        last = self._refusals.get(name)
        again = last is not None and last.etag == etag
        pause = min(last.pause * 2, _LONGEST_RETRY_SECONDS) if again else _FIRST_RETRY_SECONDS
        wait = pause * random.uniform(0.5, 1.0)
        self._refusals[name] = _Refusal(etag, str(error), pause, self._now() + wait)
        if again and last.reason == str(error):
            return
        served = self._models.in_memory.get(name)
        kept = served.model.version.run_id if served else None
        if isinstance(error, NotCopied):
            self._logger.warning("model_not_copied", series=name, reason=str(error), kept=kept)
            return
        metrics.MODELS_REFUSED.inc()
        self._logger.error("model_refused", series=name, error=str(error), kept=kept, next_try_seconds=round(wait, 1))
