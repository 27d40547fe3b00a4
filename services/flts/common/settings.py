"""Environment settings that every workload reads, and one report for all mistakes in them."""

import sys
from typing import TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings

from flts.common.kafka import KafkaSettings

IDENTIFIER_PATTERN = r"^([A-Za-z0-9][A-Za-z0-9._-]{0,62})?$"

# Upstream's scopes of the unnamed pipeline: a pipeline of that name would share its objects.
_UNNAMED_DATA = "default"
UNNAMED_PROMOTIONS = "global"


class ServiceSettings(KafkaSettings):
    """Settings common to all workloads; each field is the environment variable of the same name in capitals."""

    identifier: str = Field(default="", pattern=IDENTIFIER_PATTERN)
    """Name of the pipeline (tenant). Becomes a part of object keys, hence the narrow alphabet. Empty: unnamed."""

    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error)$")
    """Lowest level that is logged."""

    health_port: int = Field(default=8000, ge=1, le=65535)
    """TCP port of /healthz and /metrics."""

    @field_validator("identifier")
    @classmethod
    def _is_not_reserved(cls, value: str) -> str:
        if value in (_UNNAMED_DATA, UNNAMED_PROMOTIONS):
            raise ValueError("is where pipelines without an identifier keep their objects; choose another name")
        return value

    @property
    def data_scope(self) -> str:
        """First part of the keys of data and prediction logs (upstream contract: `default` when unnamed)."""
        return self.identifier or _UNNAMED_DATA

    @property
    def promotion_scope(self) -> str:
        """First part of the keys of promotion pointers (upstream contract: `global` when unnamed)."""
        return self.identifier or UNNAMED_PROMOTIONS

    @property
    def log_fields(self) -> dict[str, str]:
        """Fields of every log line of this workload, besides its name."""
        return {}


class SettingsError(ValueError):
    """One text that lists every wrong setting with its value and what is allowed."""


Settings = TypeVar("Settings", bound=BaseSettings)


def load_settings(kind: type[Settings]) -> Settings:
    """Read settings of the given kind from the environment; raises SettingsError naming all wrong ones."""
    try:
        return kind()
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in item['loc']).upper()}={item['input']!r}: {item['msg']}"
            # What concerns several settings has all of them as its input, passwords too.
            if item["loc"]
            else item["msg"]
            for item in error.errors()
        ]
        raise SettingsError("wrong settings: " + "; ".join(mistakes)) from error


def load_settings_or_exit(kind: type[Settings]) -> Settings:
    """Like load_settings, but ends the process with status 1 and the message on standard error."""
    try:
        return load_settings(kind)
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error
