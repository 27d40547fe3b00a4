"""Prediction logs become one object for each day and series, and no line is lost or there twice."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from backup.backups import MemorySource

from flts.predictionlogs.compacting import Compactor

BUCKET = "inference-logs"
EVENING = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
MORNING = datetime(2026, 1, 2, 0, 30, tzinfo=UTC)


class FailingSource(MemorySource):
    """Fails with the operation of a number, as if the process were killed then."""

    def __init__(self):
        super().__init__()
        self.fail_at = None

    def _count(self):
        if self.fail_at is not None:
            self.fail_at -= 1
            if self.fail_at < 0:
                raise ConnectionError("killed")

    def put(self, *arguments):
        self._count()
        super().put(*arguments)

    def delete(self, *arguments):
        self._count()
        super().delete(*arguments)


@pytest.fixture
def source():
    source = FailingSource()
    number = 0
    for hour in ("00", "01", "22", "23"):
        for minute in range(0, 60, 10):
            lines = []
            for series in ("site", "site-2", "site", None):
                number += 1
                lines.append({"series": series, "number": number} if series else {"number": number})
            body = "".join(json.dumps(line) + "\n" for line in lines).encode()
            source.add(BUCKET, f"default/20260101/{hour}{minute:02}05-inference-abc-{number:08x}.jsonl", body)
    return source


@pytest.fixture
def compact(source, tmp_path):
    return lambda now: Compactor(source, BUCKET, "default", tmp_path).run(now)


def keys(source):
    return sorted(key for _, key in source.content)


def lines(source):
    """How often each line is in the bucket."""
    found = Counter()
    for (_, key), (body, _) in source.content.items():
        if key.endswith(".gz"):
            body = gzip.decompress(body)
        if "/compactions/" not in key:
            found.update(body.splitlines())
    return found


def test_hours_that_are_over_become_one_object_for_each_series(source, compact):
    before = lines(source)
    compact(EVENING)
    left = [key.removeprefix("default/") for key in keys(source)]
    assert sum(key.startswith("20260101/23") for key in left) == 6
    assert sorted(key.split("/")[1] for key in left if "/20260101T22-" in key) == ["_", "site", "site-2"]
    assert len(left) == 6 + 3 * 3
    assert lines(source) == before


def test_a_day_that_is_over_becomes_one_object_for_each_series_in_the_order_of_its_lines(source, compact):
    before = lines(source)
    compact(EVENING)
    compact(MORNING)
    assert sorted(key.split("/")[2] for key in keys(source)) == ["_", "site", "site-2"]
    assert all(key.split("/")[3].startswith("20260101-") for key in keys(source))
    assert lines(source) == before
    body, content_type = source.content[BUCKET, keys(source)[-1]]
    numbers = [json.loads(line)["number"] for line in gzip.decompress(body).splitlines()]
    assert numbers == sorted(numbers)
    assert content_type == "application/gzip"


def test_lines_that_come_late_are_added_to_those_of_their_day(source, compact):
    compact(MORNING)
    source.add(BUCKET, "default/20260101/230000-inference-abc-ffffffff.jsonl", b'{"series": "site", "number": 0}\n')
    before = lines(source)
    compact(MORNING)
    assert lines(source) == before
    assert len(keys(source)) == 4


# Promise: prediction-logs-compacted-deleted
def test_a_run_that_is_killed_anywhere_loses_and_repeats_no_line(source, compact):
    before, content = lines(source), dict(source.content)
    kills = 0
    while True:
        source.content = dict(content)
        source.fail_at = kills
        try:
            compact(MORNING)
        except ConnectionError:
            kills += 1
        else:
            break
        assert set(lines(source)) == set(before), kills
        source.fail_at = None
        compact(MORNING)
        assert lines(source) == before, kills
        assert len(keys(source)) == 3
    assert kills > 40


def test_other_pipelines_and_other_objects_are_left_alone(source, compact):
    others = {
        "other/20260101/000005-inference-abc-00000001.jsonl",
        "default/20260101/held-out-1-0a.jsonl",
        "default/20260101/240005-inference-abc-00000001.jsonl",
        "default/20261301/000005-inference-abc-00000001.jsonl",
        "default/notes.txt",
    }
    for key in others:
        source.add(BUCKET, key, b"{}\n")
    compact(MORNING)
    assert others <= set(keys(source))


def test_lines_that_are_not_json_or_name_no_proper_series_are_kept(source, compact):
    body = b'nonsense\n{"series": "../x"}\n{"series": 1}\n{"series": ""}\n\xff\n'
    source.content = {(BUCKET, "default/20260101/000005-pod-1.jsonl"): (body, "")}
    compact(MORNING)
    (key,) = keys(source)
    assert key.startswith("default/series/_/20260101-")
    assert gzip.decompress(source.content[BUCKET, key][0]) == body
