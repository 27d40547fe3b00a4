"""services/environment.json: the variables of each workload and the values that some are limited to.

The tests of the program read it too: it sets no other variables, and its settings allow the same values.

`python tests/test_environment.py` writes it again.
"""

import json
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

FILE = Path(__file__).parent.parent / "environment.json"

sys.path.insert(0, str(FILE.parent))

from flts.backup.settings import BackupSettings  # noqa: E402
from flts.common.settings import ServiceSettings  # noqa: E402
from flts.evaluator.settings import EvaluatorSettings  # noqa: E402
from flts.inference.settings import InferenceSettings  # noqa: E402
from flts.load_test.settings import LoadTestSettings  # noqa: E402
from flts.mlflowauth.grants import PASSWORD_VARIABLES  # noqa: E402
from flts.predictionlogs.__main__ import CompactionSettings  # noqa: E402
from flts.preprocess.settings import PreprocessSettings  # noqa: E402
from flts.training.settings import TrainingSettings  # noqa: E402


def variables(kind):
    """Environment variables of a group of settings."""
    return sorted(field.upper() for field in kind.model_fields)


def choices(kinds):
    """The values of each variable that takes a few only, by its name."""
    return {
        name.upper(): list(get_args(field.annotation))
        for kind in kinds
        for name, field in kind.model_fields.items()
        if get_origin(field.annotation) is Literal
    }


SETTINGS = {
    "preprocess": PreprocessSettings,
    "trainer": TrainingSettings,
    "evaluator": EvaluatorSettings,
    "inference": InferenceSettings,
    "locust": LoadTestSettings,
    "flts.backup": BackupSettings,
    "flts.lag": ServiceSettings,
    "flts.predictionlogs": CompactionSettings,
    "flts.topics": ServiceSettings,
}
"""By image for `python main.py`, else by module."""


def content():
    """The file's text."""
    found = {workload: variables(kind) for workload, kind in SETTINGS.items()}
    found["flts.mlflowauth"] = sorted(PASSWORD_VARIABLES.values())
    return json.dumps({"variables": found, "choices": choices(SETTINGS.values())}, indent=2) + "\n"


def test_the_file_lists_the_fields_and_choices_of_the_settings():
    assert FILE.read_text() == content(), "run `python tests/test_environment.py` in services"


if __name__ == "__main__":
    FILE.write_text(content())
