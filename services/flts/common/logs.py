"""Structured logs: one JSON object a line (upstream contract), or readable lines on a terminal."""

import logging
import sys

import structlog


def configure_logs(service: str, level: str = "INFO", **fields: str) -> None:
    """Send this process's logs to standard output; every line has the service name and the further fields."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stdout, format="%(message)s")
    for handler in logging.getLogger().handlers:
        # Some libraries choose a lower level for their own loggers, which the root logger's does not hold back.
        handler.setLevel(max(number, logging.WARNING))
    renderer = structlog.dev.ConsoleRenderer() if sys.stdout.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            # Not context variables: those would be lost in the threads that do the work.
            lambda logger, method, event: {"service": service, **fields, **event},
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # Not cached, so that tests can reconfigure and capture.
        cache_logger_on_first_use=False,
    )
