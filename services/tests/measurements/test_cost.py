"""What a forecast costs, in CPU time and relative to an echo, so that neither the machine nor its load matters much."""

import json
import re
import socket
import subprocess
import sys
import time

from conftest import SERVICES
from served_process import BODY, Served, free_port, served

CLIENTS = 32
ROUNDS = 100
MEASUREMENTS = 5
MOST_ECHOES = 4
"""Version 0.1.0 took 7 with a GRU on 16 rows of 11 columns, and this one takes 2.5."""

CONTENT = json.dumps(BODY).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(CONTENT), CONTENT)


def answer(client: socket.socket) -> bytes:
    """Head and body, which may come one after the other."""
    received = b""
    while not (found := re.search(rb"(?i)content-length: (\d+)\r\n(?:.*\r\n)?\r\n(.*)", received, re.DOTALL)) or len(
        found[2]
    ) < int(found[1]):
        part = client.recv(10_000)
        assert part, "the connection was closed"
        received += part
    return received


def cpu_seconds(api: Served) -> float:
    """CPU time of requests by clients who ask at the same time."""
    clients = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(CLIENTS)]
    before = api.cpu_seconds()
    for _ in range(ROUNDS):
        for client in clients:
            client.sendall(REQUEST)
        for client in clients:
            assert answer(client).startswith(b"HTTP/1.1 200 ")
    took = api.cpu_seconds() - before
    for client in clients:
        client.close()
    return took


def test_a_forecast_takes_the_cpu_of_a_few_echoes():
    port = free_port()
    echo = subprocess.Popen([sys.executable, SERVICES.parent / "cli" / "bench" / "echo.py", str(port), "120"])
    try:
        with served(free_port()) as api:
            time.sleep(1)
            # In turns, and the least of each: other processes take caches and cores away, which only adds time.
            pairs = [(cpu_seconds(api), cpu_seconds(Served(port, echo.pid))) for _ in range(MEASUREMENTS)]
    finally:
        echo.kill()
        echo.wait()
    forecasts, echoes = (min(times) for times in zip(*pairs, strict=True))
    assert forecasts < MOST_ECHOES * echoes, f"{forecasts:.2f} s for forecasts, {echoes:.2f} s for echoes: {pairs}"
