"""The benchmark of one process that serves many series, in small."""

import http.server
import json
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from benchmarks.served import Pass, count_listed, forecast_each, main, process, resident, table, until_ok


class Api(http.server.BaseHTTPRequestHandler):
    """Lists five series on pages of two, and forecasts all but one."""

    names = tuple(f"site-{number}" for number in range(5))

    def do_GET(self):
        after = self.path.partition("after=")[2].partition("&")[0]
        page = [name for name in self.names if name > after][:2]
        more = page and page[-1] != self.names[-1]
        self._answer(200, {"series": [{"series": name} for name in page], "next": page[-1] if more else None})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer(503 if body["series"] == "site-4" else 200, {})

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_all_pages_of_series_are_counted(url):
    assert count_listed(url) == 5


def test_each_series_is_forecast_once_and_an_answer_that_is_none_ends_the_benchmark(url):
    pid = int(Path("/proc/self").resolve().name)
    with httpx.Client(base_url=url) as client:
        done = forecast_each(client, "first", {name: {"series": name} for name in Api.names[:4]}, pid)
        assert len(done.milliseconds) == 4
        assert 0 < done.mebibytes == pytest.approx(resident(pid), rel=0.2)
        with pytest.raises(RuntimeError, match="site-4: 503"):
            forecast_each(client, "first", {name: {"series": name} for name in Api.names}, pid)


def test_the_table_has_a_line_for_each_pass():
    lines = table([Pass("first", [1.0] * 94 + [30.0] * 6, 2.5, 400)]).splitlines()
    assert lines[2] == "| first | 100 | 1.0 | 30.0 | 30.0 | 2.5 | 400 |"


def test_a_process_that_ends_is_reported_with_its_log(tmp_path, capsys):
    command = [sys.executable, "-c", "print('no port'); raise SystemExit(3)"]
    begun = time.monotonic()
    with pytest.raises(RuntimeError, match="exit status is 3"), process(command, tmp_path / "log") as started:
        until_ok("http://127.0.0.1:9/ready", started)
    assert time.monotonic() - begun < 10
    assert "no port" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["many"], ["0"], ["1", "2"]])
def test_it_says_what_to_give(arguments, capsys):
    assert main(arguments) == 1
    assert "SERVED=1000" in capsys.readouterr().err


def test_it_needs_minio(monkeypatch, capsys):
    monkeypatch.delenv("MINIO", raising=False)
    assert main(["10"]) == 1
    assert "MINIO" in capsys.readouterr().err
