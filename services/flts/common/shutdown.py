"""A stop request as an event that long work can look at and waits can end on."""

import signal
import threading


class StopRequested(Exception):
    """The process was asked to stop before the work was done; the work is to be taken up again later."""


def stop_on_signals() -> threading.Event:
    """Event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
