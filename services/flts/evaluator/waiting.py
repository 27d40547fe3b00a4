"""Claims that wait for a model type, with their deadlines.

In memory only: a restarted worker finds them in MLflow, with their times.
"""

from collections.abc import Callable
from typing import NamedTuple

from flts.common.runs import ClaimKey
from flts.evaluator import metrics


class _Wait(NamedTuple):
    claim: ClaimKey
    since: float
    overdue: bool


class WaitingClaims:
    """What waits, shown as metrics. `timeout_seconds` count from a claim's first finished run."""

    def __init__(self, timeout_seconds: float, now: Callable[[], float]) -> None:
        self._timeout = timeout_seconds
        self._now = now
        self._waits: dict[ClaimKey, _Wait] = {}

    def note(self, claim: ClaimKey, since: float, missing: list[str]) -> bool:
        """Have the claim wait since a time (seconds since 1970); returns whether its missing types are overdue."""
        overdue = self._now() - since > self._timeout
        known = self._waits.get(_key(claim))
        if overdue and (known is None or not known.overdue):
            for kind in missing:
                metrics.TIMEOUTS.labels(kind).inc()
        named = claim if claim.series or known is None else known.claim
        self._waits[_key(claim)] = _Wait(named, since, overdue)
        self._show()
        return overdue

    def forget(self, claim: ClaimKey) -> None:
        """The claim waits no longer."""
        self._waits.pop(_key(claim), None)
        self._show()

    def longest_first(self) -> list[ClaimKey]:
        """The claims in the order in which they began to wait."""
        waits = sorted(self._waits.values(), key=lambda wait: (wait.since, wait.claim))
        return [wait.claim for wait in waits]

    def _show(self) -> None:
        oldest = min((wait.since for wait in self._waits.values()), default=self._now())
        metrics.CLAIMS_WAITING.set(len(self._waits))
        metrics.CLAIMS_TIMED_OUT.set(sum(wait.overdue for wait in self._waits.values()))
        metrics.OLDEST_WAITING.set(max(0.0, self._now() - oldest))


def _key(claim: ClaimKey) -> ClaimKey:
    # A run from before 0.2.0 does not name its series, the event that announces it again does: it is one claim.
    return claim._replace(series="")
