"""What a forecast costs, in CPU time and relative to a plain route of FastAPI.

Both are Python code for the most part, so the machine and its load matter little for the ratio. A raw echo, the
yardstick of `make bench`, is C code and system calls: a forecast took as long as 2.5 of them on one machine, and as 4.2
on another.
"""

import json
import re
import socket
from pathlib import Path

from served_process import BODY, Served, free_port, served

CLIENTS = 32
ROUNDS = 100
MEASUREMENTS = 5
MOST = 1.2
"""A forecast takes 0.8 of the route's time. With FastAPI's conveniences added it would take about 1.6."""

CONTENT = json.dumps(BODY).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(CONTENT),
    CONTENT,
)


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


def test_a_forecast_costs_about_what_fastapi_takes_to_read_and_answer_its_body():
    with (
        served(free_port()) as api,
        served(free_port(), Path(__file__).with_name("fastapi_route.py")) as route,
    ):
        # In turns, so that other processes take caches and cores away from both.
        pairs = [(cpu_seconds(api), cpu_seconds(route)) for _ in range(MEASUREMENTS)]
    forecasts, answers = (sum(times) for times in zip(*pairs, strict=True))
    assert forecasts < MOST * answers, f"{forecasts:.2f} s for forecasts, {answers:.2f} s for the route: {pairs}"
