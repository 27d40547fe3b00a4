"""The quality report of the data: formats that were detected, rows, gaps, missing cells and ranges."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from flts.common.calendar import Calendar
from flts.preprocess.csvfile import Table, table
from flts.preprocess.reading.cleaning import Cleaned
from flts.preprocess.reading.frequency import text_of
from flts.preprocess.reading.part import Part
from flts.preprocess.reading.validating import Examined

# More of them are counted, not listed: the report stays readable.
_MOST_GAPS_LISTED = 20

Description = dict[str, Any]


def quality_report(found: Examined, descriptions: Sequence[Description], cleaned: Sequence[Cleaned]) -> dict[str, Any]:
    """Report about a series: values in raw units, distances in seconds, counts of cells and rows.

    `descriptions` and what became of the rows: of the training rows first, then of the held-out ones.
    """
    train, test = (_part_report(*part) for part in zip(descriptions, cleaned, strict=True))
    return {
        "detected": found.detected,
        "target": found.target,
        "train": train,
        "test": test,
        "dropped_columns": found.dropped,
    }


def described(part: Part, calendar: Calendar) -> Description:
    """Rows, gaps and ranges before anything is done to them."""
    rows = table(part)
    distances = np.diff(rows.times)
    gaps, absent = _gaps(part, calendar)
    return {
        "rows": len(part),
        "first_time": text_of(part.times[0]),
        "last_time": text_of(part.times[-1]),
        "interval_seconds": _seconds(np.median(distances)) if distances.size else None,
        "gap_count": len(gaps),
        "gaps": [
            {"after": text_of(part.times[at]), "seconds": _seconds(distances[at]), "absent_rows": count}
            for at, count in zip(gaps[:_MOST_GAPS_LISTED].tolist(), absent, strict=False)
        ],
        "rows_with_missing_cells": _rows_with_missing_cells(rows),
        "columns": {column: _range(values) for column, values in zip(rows.columns, rows.values, strict=True)},
    }


def _part_report(description: Description, cleaned: Cleaned) -> dict[str, Any]:
    columns = {
        column: {
            "missing": counts.missing,
            "interpolated": counts.interpolated,
            "excluded": counts.excluded,
            **description["columns"][column],
        }
        for column, counts in cleaned.columns.items()
    }
    return description | {
        "inserted_rows": cleaned.inserted_rows,
        "excluded_rows": cleaned.excluded_rows,
        "unscored_targets": sum(cleaned.part.imputed),
        "columns": columns,
    }


def _gaps(part: Part, calendar: Calendar) -> tuple[np.ndarray, list[int]]:
    """Rows that gaps come after, and how many rows are absent in each."""
    places = np.fromiter(map(calendar.position, part.clock), "float64", len(part))
    follows = np.diff(places)
    gaps = np.flatnonzero(follows > 1)
    return gaps, [int(follows[at]) - 1 for at in gaps[:_MOST_GAPS_LISTED]]


def _seconds(distance: np.timedelta64) -> float:
    return float(distance / np.timedelta64(1, "s"))


def _rows_with_missing_cells(rows: Table) -> int:
    missing = np.zeros(len(rows.times), bool)
    for values in rows.values:
        missing |= np.isnan(values)
    return int(missing.sum())


def _range(values: np.ndarray) -> dict[str, float | None]:
    present = values[~np.isnan(values)]
    if not present.size:
        return dict.fromkeys(("min", "max", "mean", "std"))
    return {
        "min": float(present.min()),
        "max": float(present.max()),
        "mean": float(present.mean()),
        "std": float(present.std()),
    }
