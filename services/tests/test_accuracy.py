"""The comparison of models with gradient boosting and baselines, as services/README.md shows it."""

import subprocess
import sys

from conftest import SERVICES


def test_the_comparison_prints_a_row_a_series_and_why_one_is_not_trained(tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text("time,a\n2024-01-01,many\n")
    command = ["benchmarks/accuracy.py", "sample/sample.csv", str(broken), "--steps", "1", "--families", "PROPHET"]
    # A process of its own: the script silences the log.
    done = subprocess.run([sys.executable, *command], cwd=SERVICES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    head, _, row, rejected = done.stdout.splitlines()[2:]
    cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
    assert cells["| series"] == "| sample"
    assert cells["promoted"] == "PROPHET"
    assert float(cells["PROPHET"]) < float(cells["last value"])
    assert rejected.startswith("| broken | 1 | not trained: ")
