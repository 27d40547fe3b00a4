"""The start that all workloads share: refuse arguments, read settings, set up logs."""

import os
import sys
from typing import TypeVar

from flts.common.logs import configure_logs
from flts.common.settings import ServiceSettings, load_settings_or_exit

# Patience with a restarting MLflow: about a minute within a call; ClaimLoop waits out longer outages. Who does not
# talk to MLflow does not read them.
_MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    # Both would print lines that are not JSON.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

Settings = TypeVar("Settings", bound=ServiceSettings)


def start_service(name: str, kind: type[Settings], arguments: list[str], *, known: tuple[str, ...] = ()) -> Settings:
    """Settings of a workload whose logs are set up; ends the process with status 1 on a mistake.

    `known`: arguments of which one may be given.
    """
    if arguments and (len(arguments) > 1 or arguments[0] not in known):
        allowed = f"none or one of {', '.join(known)}" if known else "none"
        print(f"unknown arguments {arguments}: {name} takes {allowed}", file=sys.stderr)
        raise SystemExit(1)
    settings = load_settings_or_exit(kind)
    configure_logs(name, settings.log_level, **settings.log_fields)
    for variable, value in _MLFLOW_DEFAULTS.items():
        os.environ.setdefault(variable, value)
    return settings
