"""Work that cannot be interrupted from within, such as a call into a library that blocks."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

import structlog

from flts.common.shutdown import StopRequested

_POLL_SECONDS = 0.2
_REPORT_SECONDS = 5.0

Result = TypeVar("Result")


def run_until_stopped(
    work: Callable[[], Result], stop: threading.Event, progress: Callable[[], dict[str, object]]
) -> Result:
    """The result of `work`, which runs in a thread; raises StopRequested at once when `stop` is set.

    The thread and the processes that it started are then left behind: they end with this process, which is about to
    end. `progress` says what is logged every few seconds meanwhile, besides the time that has passed.
    """
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    started = reported = time.monotonic()
    # A daemon: it must not keep the process from ending.
    threading.Thread(target=run, name="blocking-work", daemon=True).start()
    while not stop.is_set():
        if wait([outcome], timeout=_POLL_SECONDS).done:
            return outcome.result()
        if time.monotonic() - reported >= _REPORT_SECONDS:
            reported = time.monotonic()
            structlog.get_logger().info("fitting", elapsed_seconds=round(reported - started, 1), **progress())
    raise StopRequested
