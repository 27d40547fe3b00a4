"""Settings of preprocess for the formats of CSV files and for missing values."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from flts.common.settings import ServiceSettings
from flts.preprocess.reading.options import ReadOptions, ValidationOptions, in_signs

_FORMAT_FIELDS = (
    "csv_separator",
    "csv_decimal",
    "csv_thousands",
    "csv_encoding",
    "csv_time_column",
    "csv_time_format",
    "csv_time_zone",
)


class FormatSettings(ServiceSettings):
    """How CSVs are written; `auto` and an empty text mean: detect, and refuse where several readings are possible."""

    csv_separator: Literal["auto", "comma", "semicolon", "tab", "pipe"] = "auto"
    csv_decimal: Literal["auto", "point", "comma"] = "auto"
    csv_thousands: Literal["auto", "none", "comma", "point", "space", "apostrophe"] = "auto"
    csv_encoding: Literal[
        "auto", "utf-8", "utf-16", "latin-1", "windows-1250", "windows-1251", "windows-1252", "shift-jis"
    ] = "auto"
    csv_time_column: str = ""
    csv_time_format: Literal[
        "auto",
        "iso",
        "day-first",
        "month-first",
        "month-name-first",
        "day-month-name",
        "compact",
        "compact-hour",
        "epoch-seconds",
        "epoch-milliseconds",
        "epoch-microseconds",
        "epoch-nanoseconds",
    ] = "auto"
    csv_time_zone: str = ""
    """IANA name of the clock that times without an offset come from."""
    csv_resample: str = Field(default="", pattern=r"^([1-9][0-9]{0,4}(us|ms|s|min|h|D))?$")
    """Distance of rows that the means over the rows in each are made for; empty: rows stay as they are."""
    nans_max_steps: int = Field(default=5, ge=0, le=10_000)
    """Longest run of missing rows that is interpolated; rows in longer ones are left out."""
    input_seq_len: int = Field(default=16, ge=2, le=10_000)
    """Rows that the trainers' models look at: fewer rows than they need are refused here. Not hashed."""

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.csv_decimal == self.csv_thousands != "auto":
            raise ValueError("CSV_DECIMAL and CSV_THOUSANDS must differ")
        return self

    @property
    def read_options(self) -> ReadOptions:
        """The formats as signs."""
        return ReadOptions(**in_signs({name.removeprefix("csv_"): getattr(self, name) for name in _FORMAT_FIELDS}))

    @property
    def changed_formats(self) -> dict[str, Any]:
        """What is not as by default, for the config hash, which stays upstream's otherwise."""
        fields = FormatSettings.model_fields
        return {
            name: getattr(self, name)
            for name in (*_FORMAT_FIELDS, "csv_resample")
            if getattr(self, name) != fields[name].default
        }


def validation_options(settings: Any) -> ValidationOptions:
    """What a series must suffice for, by PreprocessSettings."""
    return ValidationOptions(
        target_column=settings.target_column,
        holdout_fraction=settings.holdout_fraction,
        input_rows=settings.input_seq_len,
        lag_rows=settings.lags_n * settings.lags_step if settings.lags_enable else 0,
        handle_nans=settings.handle_nans,
        nans_threshold=settings.nans_threshold,
        nans_drop_rows=settings.nans_drop_rows,
        nans_max_steps=settings.nans_max_steps,
        resample=settings.csv_resample,
    )
