"""`python -m flts.predictionlogs`: compact the prediction logs of all hours and days that are over."""

import sys
from pathlib import Path

from flts.common.objectstreams import S3Source
from flts.common.service import start_service
from flts.common.settings import ServiceSettings
from flts.predictionlogs.compacting import Compactor


class CompactionSettings(ServiceSettings):
    """Every option; each field is the environment variable of the same name in capitals."""

    inference_log_bucket: str = "inference-logs"
    scratch: Path = Path("/tmp")
    """Folder for the compressed lines of a day."""


def main(arguments: list[str]) -> int:
    """Compact once; returns the exit status."""
    settings = start_service("log-compaction", CompactionSettings, arguments)
    Compactor(S3Source(), settings.inference_log_bucket, settings.data_scope, settings.scratch).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
