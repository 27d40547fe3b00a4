"""The rules for CSV files, from csvrules.json."""

import json
import re
from pathlib import Path
from typing import Any

from flts.preprocess.csverror import CsvError

RULES: dict[str, Any] = json.loads((Path(__file__).parent.parent / "csvrules.json").read_text("utf-8"))

MISSING = frozenset(RULES["missing"])
"""Cells, in lower case, that count as missing."""
BLANKS: str = RULES["blanks"]
"""Characters that may surround a cell."""
LAG_COLUMN = re.compile(RULES["lagColumn"])


def rejected(
    file: str,
    code: str,
    *,
    line: int | None = None,
    column: str | None = None,
    value: str | None = None,
    **details: object,
) -> CsvError:
    """The error for a reason in csvrules.json; `details` fill its text."""
    reason, fix = (text.format(**details) for text in RULES["reasons"][code])
    return CsvError(file, reason, fix, line=line, column=column, value=value, code=code)
