"""What probes and Prometheus ask answers, whatever family the pod's address is of."""

import socket
import time

import httpx
import pytest

from flts.common.health import health_app, serve_in_background


@pytest.fixture(scope="module")
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = serve_in_background(health_app("any", alive=lambda: True), port)
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_the_health_server_listens_on_both_families(address, port):
    assert httpx.get(f"http://{address}:{port}/healthz").status_code == 200
