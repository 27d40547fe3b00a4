"""Memory of a training follows the rows, and not the rows times the length of windows."""

import json
import subprocess
import sys

import pytest
from conftest import SERVICES

from flts.training import recurrent
from flts.training.batches import training_batch
from flts.training.settings import TrainingSettings

# Peak memory is of a whole process, so each training has one of its own. Before: what the frameworks take.
TRAIN = """
import json, resource, sys, threading
import numpy as np
from flts.common.frames import FeatureFrame
from flts.common.messages import DataClaim
from flts.common.transform import FeatureTransform
from flts.training.settings import TrainingSettings
from flts.training.trainer import train

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def frame(rows, columns, start):
    names = [f"c{at}" for at in range(columns)]
    transform = FeatureTransform(
        columns=names, target="c0", fill=[0.0] * columns, clip=[None] * columns, with_time=False,
        offset=[0.0] * columns, scale=[1.0] * columns, interval_seconds=600,
    )
    times = np.datetime64("2020-01-01", "ns") + (start + np.arange(rows)) * np.timedelta64(600, "s")
    values = np.random.default_rng(start).normal(size=(rows, columns)).cumsum(axis=0)
    return FeatureFrame(times, values, transform, "hash", "{}")

def run(rows, options):
    claim = DataClaim(bucket="b", object="o", size=1, etag="e", config_hash="hash", test_object="t")
    columns = 11
    train(
        TrainingSettings(**options), claim, frame(rows, columns, 0), frame(rows // 5, columns, rows),
        lambda number, metrics: None, threading.Event(),
    )

rows, options = int(sys.argv[1]), json.loads(sys.argv[2])
run(400, options | {"input_seq_len": 16})
before = peak()
run(rows, options)
print("PEAK", before, peak())
"""


def peaks(rows: int, **options) -> tuple[float, float]:
    """MiB of a process after a training of a few rows, and after one of `rows`."""
    command = [sys.executable, "-c", TRAIN, str(rows), json.dumps(options)]
    done = subprocess.run(command, cwd=SERVICES, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("PEAK"))
    before, after = map(float, line.split()[1:])
    return before, after


@pytest.mark.parametrize(("length", "wanted", "expected"), [(16, 128, 128), (1000, 128, 32), (10_000, 128, 3)])
def test_a_gradient_step_takes_fewer_windows_where_they_are_long(length, wanted, expected):
    network = recurrent.build(TrainingSettings(input_seq_len=length), 11)
    assert training_batch(network, wanted) == expected


# Promise: memory-training-follows-rows
@pytest.mark.parametrize("model_type", ["GRU", "PROPHET"])
def test_windows_of_hundreds_of_rows_take_little_more_than_the_rows(model_type):
    rows, length = 12_000, 400
    before, after = peaks(rows, model_type=model_type, input_seq_len=length, epochs=1, hidden_size=4, batch_size=16)
    all_windows = rows * length * 11 * 4 / 2**20
    assert all_windows > 200
    assert after - before < 0.6 * all_windows, f"{before:.0f} MiB before, {after:.0f} MiB at the peak"
