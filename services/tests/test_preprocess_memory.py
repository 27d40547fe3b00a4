"""Memory of preprocess follows the numbers of a file: 8 bytes each, and little more, whatever is done with them."""

import subprocess
import sys

from conftest import SERVICES

# Peak memory is of a whole process, so it has one of its own. Before: what libraries take, and one small series.
PREPARE = """
import io
import numpy as np
from flts.preprocess import features
from flts.preprocess.pipeline import process
from flts.preprocess.settings import PreprocessSettings

features.PART_ROWS = 2048

class Sink(io.RawIOBase):
    size = 0

    def writable(self):
        return True

    def write(self, content):
        self.size += memoryview(content).nbytes
        return memoryview(content).nbytes

    def tell(self):
        return self.size

class Lines(io.RawIOBase):
    # The text of a file of any length, which nobody holds whole.
    def __init__(self, rows):
        self._rows, self._row, self._left = rows, 0, b"time,a,b,c,d,e\\n"

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.__init__(self._rows)
        return 0

    def readinto(self, buffer):
        if not self._left and self._row < self._rows:
            end = min(self._row + 1000, self._rows)
            times = np.datetime64("2015-01-01", "s") + np.arange(self._row, end) * np.timedelta64(10, "s")
            cells = ("" if row % 501 == 7 else f"{row % 977}.5" for row in range(self._row, end))
            lines = (f"{time},{cell},1.5,2.5,{row},4\\n" for row, (time, cell) in enumerate(zip(times, cells)))
            self._left = "".join(lines).encode()
            self._row = end
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

def run(rows):
    processed = process(PreprocessSettings(train_file="x.csv"), lambda: io.BufferedReader(Lines(rows)), None)
    for output in (processed.train, processed.test):
        output.write(Sink())

def memory(name):
    with open("/proc/self/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith(name))

run(2000)
# The peak begins again with what is taken now.
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
before = memory("VmRSS")
run(100_000)
print(memory("VmHWM") - before)
"""


def test_a_long_series_takes_little_more_memory_than_its_numbers():
    done = subprocess.run([sys.executable, "-c", PREPARE], cwd=SERVICES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    numbers = 100_000 * 6 * 8
    # The text has about as many bytes as the numbers; all features at once would take twice as many, and a copy each.
    assert int(done.stdout) < 4 * numbers
