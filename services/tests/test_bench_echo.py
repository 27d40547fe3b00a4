"""The raw echo with which `make bench` compares the forecast API."""

import subprocess
import sys
import time

import httpx
from conftest import SERVICES
from served_process import BODY, free_port

SECONDS = 5
"""Of the echo's life; enough for its start beside other suites."""


def test_the_echo_sends_a_body_back_and_ends_by_itself():
    port = free_port()
    source = (SERVICES.parent / "cli" / "bench" / "echo.py").read_text()
    process = subprocess.Popen([sys.executable, "-c", source, str(port), str(SECONDS)])
    try:
        while True:
            try:
                answer = httpx.post(f"http://127.0.0.1:{port}/predict", json=BODY)
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.05)
        assert answer.status_code == 200
        assert answer.json() == BODY
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
