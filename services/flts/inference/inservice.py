"""The models that answer now, one a series."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import structlog
from prometheus_client import REGISTRY

from flts.common.messages import Promotion
from flts.forecasting.model import ModelVersion, ServingModel
from flts.forecasting.refusals import NoModel, SeriesRequired, UnknownSeries
from flts.inference import metrics
from flts.inference.facts import SeriesFacts

_LISTED_NAMES = 20
# Labels of this metric are names of series, of which there may be thousands.
_SHOWN_MODELS = 100
_LOADS_AT_A_TIME = 4


class Served(NamedTuple):
    """A model in memory, and the promotion that it came with."""

    model: ServingModel
    promotion: Promotion | None


class Models:
    """Holds the models of all series, the least recently used being the first to go.

    A request keeps the model that it began with. `default_series` answers requests that name none; without it the
    only series does. At most `most_in_memory` models are held; the one that readiness depends on always stays.
    """

    def __init__(self, *, default_series: str = "", most_in_memory: int = 64) -> None:
        self._default = default_series
        self._most = most_in_memory
        self._names: tuple[str, ...] = ()
        self._known: frozenset[str] = frozenset()
        self._facts: dict[str, SeriesFacts] = {}
        self._served: OrderedDict[str, Served] = OrderedDict()
        self._shown: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self._load: Callable[[str], ServingModel] | None = None
        self._loading: dict[str, asyncio.Future[ServingModel]] = {}
        self._pool = ThreadPoolExecutor(_LOADS_AT_A_TIME, thread_name_prefix="model-load")
        self.ready_after_seconds: float | None = None
        """How long after the process' start the first model was there."""

    def load_with(self, load: Callable[[str], ServingModel]) -> None:
        """Set what loads the model of a series that is not in memory; it raises NoModel where that is impossible."""
        self._load = load

    @property
    def names(self) -> tuple[str, ...]:
        """All series that have a promotion, sorted."""
        return self._names

    @property
    def in_memory(self) -> dict[str, Served]:
        """What is held, least recently used first."""
        with self._lock:
            return dict(self._served)

    @property
    def preferred(self) -> str | None:
        """The series that readiness depends on: the default one, else the first; None while there is none."""
        if self._default in self._names:
            return self._default
        return self._names[0] if self._names else None

    @property
    def current(self) -> ServingModel | None:
        """The model of the preferred series."""
        served = self._served.get(self.preferred or "")
        return served.model if served else None

    @property
    def version(self) -> ModelVersion | None:
        """Which one that is."""
        model = self.current
        return model.version if model else None

    def any_known(self) -> None:
        """Raise NoModel while no series has a promotion."""
        if not self._names:
            raise NoModel("no model is in service yet; try again later")

    def name_of(self, series: str | None) -> str:
        """The series that a request means; raises UnknownSeries, SeriesRequired, or NoModel while there is none."""
        self.any_known()
        if series:
            if series not in self._known:
                raise UnknownSeries(f"there is no series {series!r}; there are {self._listed()}")
            return series
        if self._default:
            if self._default not in self._names:
                raise NoModel(f"the default series {self._default!r} has no model yet; there are {self._listed()}")
            return self._default
        if len(self._names) > 1:
            raise SeriesRequired(f"name a series; there are {self._listed()}")
        return self._names[0]

    async def get(self, series: str | None) -> ServingModel:
        """The model of a series, loaded where it is not in memory; raises what name_of and loading raise.

        Requests for the same series wait for one load, and nobody else's request for any.
        """
        name = self.name_of(series)
        model = self.touched(name)
        if model is not None:
            return model
        loading = self._loading.get(name)
        if loading is None:
            if self._load is None:
                raise NoModel(f"the series {name!r} has no model yet; try again later")
            loading = asyncio.get_running_loop().run_in_executor(self._pool, self._load, name)
            self._loading[name] = loading
            loading.add_done_callback(lambda done: self._forget_load(name, done))
        # Shielded: one client that goes away must not take the model from the others who wait.
        return await asyncio.shield(loading)

    def load(self, series: str) -> ServingModel:
        """The same, from a thread that may wait; an empty series counts as none."""
        name = self.name_of(series)
        model = self.touched(name)
        if model is None and self._load is not None:
            model = self._load(name)
        if model is None:
            raise NoModel(f"the series {name!r} has no model yet; try again later")
        return model

    def touched(self, name: str) -> ServingModel | None:
        """The model of a series if it is in memory; it then counts as just used."""
        with self._lock:
            served = self._served.get(name)
            if served is None:
                return None
            self._served.move_to_end(name)
            return served.model

    def know(self, names: Iterable[str]) -> None:
        """Take note of series that have a promotion. None is forgotten: a lost pointer takes no model away."""
        with self._lock:
            known = {*self._names, *names}
            if "" in known and len(known) > 1:
                # The series from before 0.2.0 got its name; its model answers under that name.
                known.remove("")
                unnamed = self._served.get("")
                self._hold("", None)
                if unnamed is not None:
                    self._hold(min(known), unnamed)
            self._known = frozenset(known)
            self._names = tuple(sorted(known))
            metrics.SERIES.set(len(self._names))

    def learn(self, series: str, promotion: Promotion) -> None:
        """Take note of what a series' promotion says."""
        self._facts[series] = SeriesFacts.of(promotion)

    def facts_of(self, series: str) -> SeriesFacts | None:
        """What the promotion of a series says; None until it was read."""
        return self._facts.get(series)

    def serve(
        self, model: ServingModel, load_seconds: float, series: str = "", promotion: Promotion | None = None
    ) -> None:
        """Take a model that proved to work into service, in place of its series' one before."""
        self.know([series])
        with self._lock:
            self._hold(series, Served(model, promotion))
            self._served.move_to_end(series)
            self._evict()
            metrics.MODELS_IN_MEMORY.set(len(self._served))
        if self.ready_after_seconds is None:
            self.ready_after_seconds = time.time() - _process_start()
            metrics.STARTUP.set(self.ready_after_seconds)
        metrics.MODEL_READY.set(1)
        metrics.MODEL_SWAPS.inc()
        metrics.MODEL_SWAPPED.set_to_current_time()
        metrics.MODEL_LOAD.set(load_seconds)
        structlog.get_logger().info(
            "model_in_service", series=series, **model.version._asdict(), load_seconds=round(load_seconds, 3)
        )

    def describe(self, series: str, promotion: Promotion) -> None:
        """The model in memory is also what a newer promotion names."""
        with self._lock:
            served = self._served.get(series)
            if served is not None:
                self._hold(series, Served(served.model, promotion))

    def _evict(self) -> None:
        preferred = self.preferred
        while len(self._served) > self._most:
            oldest = next((name for name in self._served if name != preferred), None)
            if oldest is None:
                return
            self._hold(oldest, None)
            metrics.MODELS_EVICTED.inc()

    def _hold(self, series: str, served: Served | None) -> None:
        """Keep a model in place of the series' one before; None: drop that."""
        self._hide(series)
        if served is None:
            self._served.pop(series, None)
            return
        self._served[series] = served
        if len(self._shown) < _SHOWN_MODELS:
            version = served.model.version
            below = "true" if served.promotion is not None and served.promotion.below_floor else "false"
            self._shown[series] = (version.model_type, version.run_id, version.config_hash, series, below)
            metrics.MODEL_INFO.labels(*self._shown[series]).set(1)

    def _hide(self, series: str) -> None:
        labels = self._shown.pop(series, None)
        if labels is not None:
            metrics.MODEL_INFO.remove(*labels)

    def _forget_load(self, name: str, done: "asyncio.Future[ServingModel]") -> None:
        self._loading.pop(name, None)
        # Retrieved here as well: where all who waited have left, nobody else does.
        if not done.cancelled():
            done.exception()

    def _listed(self) -> str:
        shown = ", ".join(self._names[:_LISTED_NAMES])
        more = len(self._names) - _LISTED_NAMES
        return f"{shown} and {more} more: see GET /series" if more > 0 else shown


def _process_start() -> float:
    # From prometheus_client's collector of the process, which reads /proc; there is none on other systems than Linux.
    return REGISTRY.get_sample_value("process_start_time_seconds") or time.time()
