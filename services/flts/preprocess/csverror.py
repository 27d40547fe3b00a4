"""The error of a CSV that cannot be used: where, what, and what would work."""

_LONGEST_VALUE = 80


class CsvError(ValueError):
    """The file cannot be used.

    `line` counts from 1, the header included, `column` is the column's name (its number where it has none) and
    `value` the text of the cell, shortened; each is None where the reason is not about one. The text of the error is
    one sentence with all of them.
    """

    def __init__(
        self,
        file: str,
        reason: str,
        fix: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        code: str = "unusable",
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.value = value if value is None or len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
        self.reason = reason
        self.fix = fix
        self.code = code
        """Short name of the reason, a key of `reasons` in csvrules.json."""
        where = "".join(
            [
                file,
                "" if line is None else f", line {line}",
                "" if column is None else f", column {column!r}",
            ]
        )
        what = reason if self.value is None else f"{self.value!r} {reason}"
        super().__init__(f"{where}: {what}; {fix}")
