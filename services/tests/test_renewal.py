"""A trainer that restarts itself: when it has grown, the last claim committed, in the same process."""

import subprocess
import sys
import threading
from pathlib import Path

from consumers import FakeGroup, run

from flts.training.renewal import Renewal, resident_mebibytes

PROGRAM = """
import os, sys
sys.path.insert(0, os.environ["SERVICES"])
from flts.training.renewal import replace_process
print(os.getpid(), sys.argv[1:], os.environ.get("ROUND", "first"), flush=True)
if "ROUND" not in os.environ:
    os.environ["ROUND"] = "second"
    replace_process()
"""


def test_the_loop_ends_for_a_new_process_when_this_one_has_grown_and_loses_no_claim(publisher):
    group = FakeGroup([b"1", b"2", b"3", b"4", b"5"])
    seen = []
    rounds = 0
    while group.offset < 5:
        stop = threading.Event()
        # The first claim loads a framework; each later one takes 20 MiB.
        renewal = Renewal(seen.append, stop, 19, resident=iter([700, 720, 740]).__next__)
        run(group, renewal.handle, publisher, stop)
        rounds += renewal.due
    assert seen == group.done == [b"1", b"2", b"3", b"4", b"5"]
    assert rounds == 2


def test_a_process_that_does_not_grow_goes_on(publisher, stop):
    group = FakeGroup([b"1"] * 100)
    renewal = Renewal(lambda payload: None, stop, 800, resident=iter([400, *[1_200] * 99]).__next__)
    run(group, renewal.handle, publisher, stop)
    assert len(group.done) == 100
    assert not renewal.due


def test_a_claim_that_fails_counts_and_is_tried_again_by_the_new_process(publisher):
    group = FakeGroup([b"1", b"2"])
    stop = threading.Event()
    seen = []

    def handle(payload):
        if seen:
            raise RuntimeError("no luck")
        seen.append(payload)

    renewal = Renewal(handle, stop, 800, resident=iter([700, 1_600]).__next__)
    run(group, renewal.handle, publisher, stop)
    assert renewal.due
    assert group.done == [b"1"]
    assert publisher.sent == []
    again = threading.Event()
    run(group, Renewal(seen.append, again, 800).handle, publisher, again)
    assert seen == [b"1", b"2"]


def test_a_pod_that_is_to_end_starts_no_new_process(publisher, stop):
    def interrupted(payload):
        if payload == b"2":
            stop.set()

    renewal = Renewal(interrupted, stop, 800, resident=iter([700, 1_600]).__next__)
    run(FakeGroup([b"1", b"2"]), renewal.handle, publisher, stop)
    assert not renewal.due


def test_memory_is_that_of_now():
    before = resident_mebibytes()
    held = bytearray(b"1") * 2**26
    assert 60 < resident_mebibytes() - before < 100
    del held
    assert resident_mebibytes() - before < 30


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
