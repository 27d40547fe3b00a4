"""What one client sends neither ends the process nor keeps another client waiting.

In a process of its own, over real sockets: memory, time and closed connections are the kernel's.
"""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from served_process import BODY, TIMES, free_port, p99, second_client, served

MEGABYTE = 1_000_000
LARGEST = 1_048_576
BODY_SECONDS = 2
# The second client's promise, and what 256 waiting requests and 64 bodies of a megabyte may take.
LONGEST_P99 = 1.0
MOST_MEMORY = 400 * MEGABYTE


@pytest.fixture(scope="module")
def api():
    with served(free_port(), PREDICT_BODY_SECONDS=str(BODY_SECONDS)) as process:
        yield process


def filled(start: str, cell: str, end: str, size: int = LARGEST) -> bytes:
    """A body of at most `size` bytes: `start`, as many cells as fit, `end`."""
    count = (size - len(start) - len(end)) // (len(cell) + 1)
    return (start + ",".join([cell] * count) + end).encode()


def numbered_columns(values: str, size: int = LARGEST) -> bytes:
    columns, length, number = [], 12, 0
    while length + 20 + len(values) < size:
        columns.append(f'"c{number}":{values}')
        length += len(columns[-1]) + 1
        number += 1
    return ('{"data":{' + ",".join(columns) + "}}").encode()


LONG_NAME = "x" * 500_000
ATTACKS = {
    "340,000 empty objects": filled('{"data":{"a":[', "{}", "]}}"),
    "empty arrays": filled('{"data":{"a":[', "[]", "]}}"),
    "text in a column of numbers": filled('{"data":{"time":["t"],"b":[1],"a":[', '"x"', "]}}"),
    "half a million numbers": filled('{"data":{"a":[', "1", "]}}"),
    "a number of 4,300 digits, again and again": filled('{"data":{"a":[', "9" * 4300, "]}}"),
    "a number of a million digits": filled('{"data":{"a":[', "9" * 1_000_000, "]}}"),
    "NaN, again and again": filled('{"data":{"a":[', "NaN", "]}}"),
    "infinities, again and again": filled('{"data":{"a":[', "-Infinity", "]}}"),
    "a hundred thousand columns": numbered_columns("[]"),
    "a hundred thousand columns of objects": numbered_columns("{}"),
    "a column name of half a megabyte": json.dumps(
        {"data": {LONG_NAME: ["x"] * 3, "a": [1, 2, 3], "b": [1, 2, 3]}, "index_col": LONG_NAME}
    ).encode(),
    "an unknown column name of half a megabyte": json.dumps({"data": {"a": [1]}, "index_col": LONG_NAME}).encode(),
    "a value of half a megabyte": json.dumps({"data": BODY["data"] | {"a": [1, 2, LONG_NAME]}}).encode(),
    "a time of half a megabyte": json.dumps({"data": BODY["data"] | {"time": [*TIMES[:2], LONG_NAME]}}).encode(),
    "a length of half a megabyte": json.dumps({"inference_length": LONG_NAME}).encode(),
    "deep arrays": b"[" * LARGEST,
    "deep objects in an unknown key": b'{"more":' + b'{"a":' * 200_000,
    "deep arrays in a column": b'{"data":{"a":' + b"[" * 1_000_000,
    "a body that is not JSON": b"\xff" * LARGEST,
    "quotes and backslashes": b'"' + b"\\" * 1_000_000,
}


# Promise: client-cannot-end-pod
@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_large_wrong_body_gets_a_short_answer_and_holds_nobody_up(api, body):
    assert len(body) <= LARGEST
    with (
        second_client(api.url) as seconds,
        httpx.Client(base_url=api.url, timeout=60) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        answers = list(pool.map(lambda _: client.post("/predict", content=body), range(32)))
    assert {answer.status_code for answer in answers} <= {400, 422}
    assert max(len(answer.content) for answer in answers) < 1000
    assert p99(seconds) < LONGEST_P99
    assert api.peak_memory() < MOST_MEMORY


def test_a_long_query_is_refused_shortly(api):
    answer = httpx.post(f"{api.url}/predict?inference_length={'1' * 60_000}", json=BODY)
    assert answer.status_code == 422
    assert len(answer.content) < 1000


def test_a_head_without_end_costs_a_connection_and_no_memory(api):
    with socket.create_connection(("127.0.0.1", api.port)) as sender:
        sender.sendall(b"POST /predict HTTP/1.1\r\nX-Long: ")
        with pytest.raises(ConnectionError):
            sender.sendall(b"x" * 50 * MEGABYTE)


def test_forecasts_that_cost_too_much_are_refused_before_they_start(api):
    body = json.dumps(BODY | {"inference_length": 10_000})
    with second_client(api.url) as seconds, ThreadPoolExecutor(64) as pool, httpx.Client(base_url=api.url) as client:
        answers = list(pool.map(lambda _: client.post("/predict", content=body, timeout=30), range(256)))
    assert {answer.status_code for answer in answers} == {400}
    assert "PREDICT_MAX_CALLS=1000 (setting flts:inference.limits.calls)" in answers[0].json()["detail"]
    assert p99(seconds) < LONGEST_P99


def test_the_longest_forecasts_of_many_clients_hold_nobody_up(api):
    body = json.dumps(BODY | {"inference_length": 1000})
    limits = httpx.Limits(max_connections=None)
    with (
        second_client(api.url) as seconds,
        httpx.Client(base_url=api.url, timeout=60, limits=limits) as client,
        ThreadPoolExecutor(64) as pool,
    ):
        answers = list(pool.map(lambda _: client.post("/predict", content=body), range(256)))
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "PREDICT_MAX_WAITING_CALLS=4000" in refused.json()["detail"]
    assert p99(seconds) < LONGEST_P99


def test_a_forecast_ends_when_its_client_leaves(api):
    def calls() -> float:
        lines = httpx.get(f"{api.url}/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith("inference_batch_size_count")).split()[1])

    body = json.dumps(BODY | {"inference_length": 1000}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    before = calls()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", api.port)) as leaving:
            leaving.sendall(head + body)
            time.sleep(0.02)
    time.sleep(0.3)
    made = calls() - before
    assert made < 3000
    time.sleep(0.5)
    assert calls() - before == made


# Promise: client-cannot-end-pod
def test_slow_senders_get_408_and_lose_their_connection(api):
    """300 sockets: of some the head never ends, of the others the body."""
    heads = [
        b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{",
    ]
    sockets = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(300)]
    received = dict.fromkeys(range(300), b"")

    def trickle() -> None:
        deadline = time.monotonic() + BODY_SECONDS + 3
        for number, sender in enumerate(sockets):
            sender.sendall(heads[number % 2])
            sender.settimeout(0.001)
        remaining = dict(enumerate(sockets))
        while remaining and time.monotonic() < deadline:
            for number, sender in list(remaining.items()):
                try:
                    sender.send(b" ")
                    part = sender.recv(1000)
                    received[number] += part
                    if part == b"":
                        del remaining[number]
                except TimeoutError:
                    continue
                except OSError:
                    del remaining[number]
        assert not remaining, f"{len(remaining)} of 300 connections are still open"

    with second_client(api.url) as seconds, ThreadPoolExecutor(1) as pool:
        pool.submit(trickle).result()
    for sender in sockets:
        sender.close()
    answers = [received[number] for number in range(1, 300, 2)]
    # The end of a connection may overtake the answer where the client still sends.
    assert sum(answer.startswith(b"HTTP/1.1 408 ") for answer in answers) > 100
    assert any(b"PREDICT_BODY_SECONDS=2 (setting flts:inference.limits.bodySeconds)" in answer for answer in answers)
    assert p99(seconds) < LONGEST_P99


def test_a_connection_that_says_nothing_is_closed(api):
    with socket.create_connection(("127.0.0.1", api.port)) as silent:
        silent.settimeout(BODY_SECONDS + 3)
        assert silent.recv(1) == b""


def test_a_kept_connection_is_not_closed_while_it_is_used(api):
    with httpx.Client(base_url=api.url) as client:
        started = time.monotonic()
        while time.monotonic() - started < BODY_SECONDS + 1:
            assert client.post("/predict", json=BODY).status_code == 200
            time.sleep(0.25)


def test_few_large_bodies_are_read_at_a_time():
    with served(free_port(), PREDICT_MAX_LARGE_BODIES="2") as api:
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b" " * 200_000
        senders = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(8)]
        for sender in senders:
            threading.Thread(target=sender.sendall, args=(head,), daemon=True).start()
        time.sleep(0.5)
        answers = []
        for sender in senders:
            sender.settimeout(0.2)
            try:
                answers.append(sender.recv(1000))
            except TimeoutError:
                answers.append(b"")
            except OSError:
                answers.append(b"HTTP/1.1 429 ")
        assert sum(answer.startswith(b"HTTP/1.1 429 ") for answer in answers) == 6
        # Small ones pass meanwhile.
        assert httpx.post(f"{api.url}/predict", json=BODY).status_code == 200
        for sender in senders:
            sender.close()
