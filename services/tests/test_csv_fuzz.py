"""Whatever a file holds, it is read or rejected: damaged vectors, and series with odd calendars. Seeded."""

import io
import random
from itertools import pairwise

import pytest
from csv_inputs import PIECES, VALIDATION, ZONES, content_of, odd_series

from flts.common.calendar import Calendar
from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.cleaning import Cleaned, clean
from flts.preprocess.reading.options import ReadOptions, ValidationOptions
from flts.preprocess.reading.rules import RULES
from flts.preprocess.reading.series import read
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.validating import examine


def cleaned(content: bytes, options: ReadOptions, demands: ValidationOptions) -> tuple[Cleaned, Calendar] | None:
    """The training rows and their calendar."""
    try:
        found = examine(read(Source("x.csv", lambda: io.BytesIO(content)), options), None, demands)
    except CsvError:
        return None
    return clean((found.train, found.held_out), demands)[0], found.calendar


@pytest.mark.parametrize("seed", range(10))
def test_damaged_files_are_read_or_rejected(seed):
    chance = random.Random(seed)
    for _ in range(100):
        content = bytearray(content_of(chance.choice(RULES["vectors"])))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(content) + 1)
            content[at : at + chance.choice([0, 0, 1, 5])] = chance.choice(PIECES)
        cleaned(bytes(content), ReadOptions(time_zone=chance.choice(ZONES)), ValidationOptions(**VALIDATION))


def increases(values: list) -> bool:
    return all(before < after for before, after in pairwise(values))


@pytest.mark.parametrize("seed", range(10))
def test_rows_keep_the_calendar_that_was_found_and_forecasts_come_after_them(seed):
    chance = random.Random(seed)
    accepted = 0
    for _ in range(40):
        demands = ValidationOptions(
            **VALIDATION, nans_max_steps=chance.choice([0, 1, 5]), resample=chance.choice(["", "", "1D"])
        )
        found = cleaned(odd_series(chance), ReadOptions(time_zone=chance.choice(ZONES)), demands)
        if found is None:
            continue
        accepted += 1
        part, calendar = found[0].part, found[1]
        assert isinstance(calendar, Calendar)
        assert increases(list(part.times))
        assert increases([calendar.position(wall) for wall in part.clock])
        assert increases([part.clock[-1], *calendar.following(part.clock[-1], 3)])
        assert not any(value != value for values in part.values for value in values)
    assert accepted > 5
