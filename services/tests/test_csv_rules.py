"""The rules for CSV files by the vectors in csvrules.json, which the CLI's tests run too."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from csv_inputs import CASES, EXPECTED, VALIDATION, content_of

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.options import ReadOptions, ValidationOptions, in_signs
from flts.preprocess.reading.rules import RULES
from flts.preprocess.reading.series import read
from flts.preprocess.reading.source import Source
from flts.preprocess.reading.validating import examine


def result_of(content: bytes, read_options: dict, validation_options: dict) -> dict:
    options = ReadOptions(**in_signs(read_options))
    try:
        series = read(Source("x.csv", lambda: io.BytesIO(content), options.encoding), options)
        return examine(series, None, ValidationOptions(**validation_options)).detected
    except CsvError as error:
        return {"code": error.code, "line": error.line, "column": error.column}


@pytest.mark.parametrize("vector", RULES["vectors"], ids=lambda vector: vector["promise"].encode("unicode_escape"))
def test_vector(vector):
    found = result_of(content_of(vector), vector.get("read", {}), VALIDATION | vector.get("validation", {}))
    expected = vector.get("reject") or vector["accept"]
    assert ("code" in found) == ("reject" in vector), found
    assert {name: found[name] for name in expected} == expected


def test_every_reason_fills_its_text_and_has_a_fix():
    for code, (reason, fix) in RULES["reasons"].items():
        assert reason, code
        assert fix, code


def test_every_reason_of_a_single_file_has_a_vector():
    rejected = {vector["reject"]["code"] for vector in RULES["vectors"] if "reject" in vector}
    # Those of splitting are test_splitting.py's.
    others = {code for code in RULES["reasons"] if code.startswith(("held_out_", "split_"))} - {"held_out_empty"}
    assert set(RULES["reasons"]) - rejected - others == {"archive", "line_long"}


def test_reading_needs_the_standard_library_only():
    # -S leaves out installed packages, -I the environment.
    code = "import sys; sys.path.insert(0, sys.argv[1]); import flts.preprocess.reading.check"
    root = str(Path(__file__).parent.parent)
    subprocess.run([sys.executable, "-I", "-S", "-c", code, root], check=True)


# The files stay outside the project; the vectors above cover the same classes on every machine.
@pytest.mark.parametrize("name", [name for name in EXPECTED if (CASES / name).is_file()] or ["none here"])
def test_case_as_users_have_them(name):
    if name not in EXPECTED:
        assert not CASES.exists()
        return
    wanted = EXPECTED[name]
    found = result_of((CASES / name).read_bytes(), {}, wanted.get("validation", {}))
    expected = wanted.get("reject") or wanted["accept"]
    assert {part: found.get(part) for part in expected} == expected
