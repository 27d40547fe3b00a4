"""One load test without a user interface: runs Locust with the load of `LOCUST_*`, and checks its limits."""

import subprocess
import sys
import time
from pathlib import Path

from flts.common.settings import load_settings_or_exit
from flts.load_test.outcome import Outcome, outcome_of
from flts.load_test.settings import LoadTestSettings

_COLLECTED = "collected"


def main() -> int:
    """Exit code of a run: 0 when it met its limits, 1 when not, Locust's own when that could not run."""
    settings = load_settings_or_exit(LoadTestSettings)
    settings.report_directory.mkdir(parents=True, exist_ok=True)
    statistics = settings.report_directory / "load_test"
    ended = subprocess.run(_locust(settings, statistics), check=False)
    if ended.returncode != 0:
        print(f"locust ended with {ended.returncode}; what it said is above", file=sys.stderr)
        return ended.returncode
    outcome = outcome_of(
        Path(f"{statistics}_stats.csv"),
        p95_limit=settings.p95_limit_milliseconds,
        failure_ratio_limit=settings.failure_ratio_limit,
    )
    print(summary(outcome), flush=True)
    result = outcome.model_dump_json(by_alias=True) + "\n"
    (settings.report_directory / "result.json").write_text(result)
    settings.result_file.write_text(result)
    _hold(settings)
    return 0 if outcome.passed else 1


def summary(outcome: Outcome) -> str:
    """The outcome as a reader wants it."""
    metrics = (
        f"{outcome.requests} requests, {outcome.requests_per_second:g} a second, {outcome.failure_ratio:.2%} failed; "
        f"forecasts p50 {outcome.p50_milliseconds:g} ms, p95 {outcome.p95_milliseconds:g} ms"
    )
    return "\n".join([metrics, *(outcome.reasons or ["all limits were met"])])


def _locust(settings: LoadTestSettings, statistics: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "locust", "--headless", "--only-summary"),
        # Requests that are under way when the time is over are waited for and counted.
        "--stop-timeout=30",
        f"--csv={statistics}",
        f"--html={settings.report_directory / 'report.html'}",
        # The outcome counts failed requests; any other code is a fault of the run itself.
        "--exit-code-on-error=0",
    ]


def _hold(settings: LoadTestSettings) -> None:
    """An ended container's files cannot be read, so it stays until they were collected."""
    deadline = time.monotonic() + settings.hold_seconds
    while time.monotonic() < deadline and not (settings.report_directory / _COLLECTED).exists():
        time.sleep(0.5)
