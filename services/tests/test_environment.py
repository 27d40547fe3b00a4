"""services/environment.json lists the environment variables of each workload; the program's tests read it too.

`python tests/test_environment.py` writes it anew.
"""

import json
import sys
from pathlib import Path

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


WORKLOADS = {
    "preprocess": variables(PreprocessSettings),
    "trainer": variables(TrainingSettings),
    "evaluator": variables(EvaluatorSettings),
    "inference": variables(InferenceSettings),
    "locust": variables(LoadTestSettings),
    "flts.backup": variables(BackupSettings),
    "flts.lag": variables(ServiceSettings),
    "flts.mlflowauth": sorted(PASSWORD_VARIABLES.values()),
    "flts.predictionlogs": variables(CompactionSettings),
    "flts.topics": variables(ServiceSettings),
}
"""By image for `python main.py`, else by module."""


def content():
    """The file's text."""
    return json.dumps(WORKLOADS, indent=2) + "\n"


def test_the_file_lists_the_fields_of_the_settings():
    assert FILE.read_text() == content(), "run `python tests/test_environment.py` in services"


if __name__ == "__main__":
    FILE.write_text(content())
