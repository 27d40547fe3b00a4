"""How to read and to validation a CSV."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flts.preprocess.reading.rules import RULES

_WORDS = ("separator", "decimal", "thousands")
_AUTO = "auto"


@dataclass(frozen=True)
class ReadOptions:
    """Formats that are known; an empty text means: detect, where one reading is possible."""

    separator: str = ""
    """One of `separators` in csvrules.json."""
    decimal: str = ""
    """`.` or `,`."""
    thousands: str = ""
    """`,`, `.`, a space or `'`; `none` for numbers without."""
    encoding: str = ""
    """A name that Python knows, such as latin-1."""
    time_column: str = ""
    time_format: str = ""
    """One of `timeFormats` in csvrules.json."""
    time_zone: str = ""
    """IANA name of the clock that times without an offset come from."""
    series_column: str = ""
    """The column that says which series a row belongs to; empty: a file is one series."""

    def __post_init__(self) -> None:
        if self.decimal and self.decimal == self.thousands:
            raise ValueError(f"{self.decimal!r} cannot be the decimal sign and the sign between thousands")


def in_signs(options: Mapping[str, str]) -> dict[str, str]:
    """ReadOptions' values from settings, which spell signs as words (`signs` in csvrules.json) and have `auto`."""
    signs = {name: RULES["signs"][options[name]] for name in _WORDS if name in options}
    return {name: "" if value == _AUTO else value for name, value in options.items()} | signs


def part_options(options: ReadOptions) -> ReadOptions:
    """How to read what flts.preprocess.reading.splitting made of a file that is read by these."""
    return replace(options, separator=",", encoding="utf-8", series_column="")


@dataclass(frozen=True)
class ValidationOptions:
    """What the data must suffice for; the defaults are those of the stack."""

    target_column: str = ""
    """The column to forecast; empty: the first beside the time."""
    holdout_fraction: float = 0.2
    """Share of rows at the end that is held out where there is no file of held-out rows."""
    input_rows: int = 16
    output_rows: int = 1
    lag_rows: int = 0
    """Rows that the oldest lag looks back."""
    handle_nans: bool = True
    nans_threshold: float = 0.33
    nans_drop_rows: bool = False
    nans_max_steps: int = 5
    """Longest run of missing rows, in steps of the calendar, that is interpolated."""
    resample: str = ""
    """Distance of rows, such as 15min, that means are made for; empty: rows stay as they are."""
