"""A trainer that starts itself anew: after so many claims, the last one committed, in the same process."""

import subprocess
import sys
import threading
from pathlib import Path

from consumers import FakeGroup, run

from flts.training.renewal import Renewal

PROGRAM = """
import os, sys
sys.path.insert(0, os.environ["SERVICES"])
from flts.training.renewal import replace_process
print(os.getpid(), sys.argv[1:], os.environ.get("ROUND", "first"), flush=True)
if "ROUND" not in os.environ:
    os.environ["ROUND"] = "second"
    replace_process()
"""


def test_the_loop_ends_for_a_new_process_after_so_many_claims_and_loses_none(publisher):
    group = FakeGroup([b"1", b"2", b"3", b"4", b"5"])
    seen = []
    rounds = 0
    while group.offset < 5:
        stop = threading.Event()
        renewal = Renewal(seen.append, stop, trainings=2)
        run(group, renewal.handle, publisher, stop)
        rounds += renewal.due
    assert seen == group.done == [b"1", b"2", b"3", b"4", b"5"]
    assert rounds == 2


def test_a_claim_that_fails_counts_and_is_tried_again_by_the_new_process(publisher):
    group = FakeGroup([b"1"])
    stop = threading.Event()

    def fail(payload):
        raise RuntimeError("no luck")

    renewal = Renewal(fail, stop, trainings=1)
    run(group, renewal.handle, publisher, stop)
    assert renewal.due
    assert group.done == []
    assert publisher.sent == []
    again = threading.Event()
    seen = []
    run(group, Renewal(seen.append, again, trainings=2).handle, publisher, again)
    assert seen == [b"1"]


def test_a_pod_that_is_to_end_starts_no_new_process(publisher, stop):
    def interrupted(payload):
        stop.set()

    renewal = Renewal(interrupted, stop, trainings=1)
    run(FakeGroup([b"1"]), renewal.handle, publisher, stop)
    assert not renewal.due


def test_the_new_process_has_the_same_number_and_arguments(tmp_path):
    program = tmp_path / "main.py"
    program.write_text(PROGRAM)
    environment = {"SERVICES": str(Path(__file__).parent.parent), "PATH": "/usr/bin"}
    result = subprocess.run(
        [sys.executable, str(program), "serve"], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    first, second = (line.split(" ", 1) for line in result.stdout.splitlines())
    assert first[0] == second[0]
    assert (first[1], second[1]) == ("['serve'] first", "['serve'] second")
