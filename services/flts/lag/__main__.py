"""`python -m flts.lag`: serve the consumer groups' lag on /metrics until a stop is requested."""

import sys

from confluent_kafka.admin import AdminClient
from prometheus_client import REGISTRY

from flts.common.health import health_app, serve_in_background
from flts.common.kafka import client_settings
from flts.common.service import start_service
from flts.common.settings import ServiceSettings
from flts.common.shutdown import stop_on_signals
from flts.lag.collector import LagCollector


def main(arguments: list[str]) -> int:
    """Serve; returns the exit status."""
    settings = start_service("lag", ServiceSettings, arguments)
    stop = stop_on_signals()
    REGISTRY.register(LagCollector(lambda: AdminClient(client_settings(settings, "lag"))))
    server = serve_in_background(health_app("lag", alive=lambda: True), settings.health_port)
    stop.wait()
    server.should_exit = True
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
