"""Settings of a load test with limits; how much load it makes are Locust's own settings, `LOCUST_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LoadTestSettings(BaseSettings):
    """Every option of a run; each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore", frozen=True)

    p95_limit_milliseconds: float = Field(default=500, gt=0)
    """Time within which 95 of 100 forecasts must be there."""
    failure_ratio_limit: float = Field(default=0.01, ge=0, le=1)
    """Share of all requests that may fail."""
    report_directory: Path = Path("/tmp/report")
    """Where report.html and the CSV files go."""
    hold_seconds: float = Field(default=0, ge=0)
    """How long the reports are kept for whoever collects them and then makes the file `collected` beside them."""
    result_file: Path = Path("/dev/termination-log")
    """Where the result goes as one line of JSON; Kubernetes keeps this file's content with the ended container."""
