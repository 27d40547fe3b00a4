"""The quality report beside the data: formats that were detected, rows, gaps, missing cells and ranges."""

from typing import Any

import numpy as np

from flts.common.calendar import Calendar
from flts.preprocess.csvfile import Table, table
from flts.preprocess.reading.cleaning import Cleaned
from flts.preprocess.reading.fates import Counts
from flts.preprocess.reading.frequency import text_of
from flts.preprocess.reading.judging import Judged
from flts.preprocess.reading.part import Part

# More of them are counted, not listed: the report stays readable.
_MOST_GAPS_LISTED = 20


def quality_report(judged: Judged) -> dict[str, Any]:
    """Report about a series: values in raw units, distances in seconds, counts of cells and rows."""
    return {
        "detected": judged.detected,
        "target": judged.target,
        "train": _part_report(judged.raw_train, judged.train, judged.calendar),
        "test": _part_report(judged.raw_held_out, judged.held_out, judged.calendar),
        "dropped_columns": judged.dropped,
    }


def _part_report(part: Part, cleaned: Cleaned, calendar: Calendar) -> dict[str, Any]:
    rows = table(part)
    distances = np.diff(rows.times) / np.timedelta64(1, "s")
    places = np.diff(np.array([calendar.position(wall) for wall in part.clock]))
    gaps = np.flatnonzero(places > 1)
    return {
        "rows": len(part),
        "first_time": text_of(part.times[0]),
        "last_time": text_of(part.times[-1]),
        "interval_seconds": float(np.median(distances)) if distances.size else None,
        "gap_count": int(gaps.size),
        "gaps": [
            {"after": text_of(part.times[at]), "seconds": float(distances[at]), "absent_rows": int(places[at]) - 1}
            for at in gaps[:_MOST_GAPS_LISTED]
        ],
        "rows_with_missing_cells": int(np.isnan(rows.values).any(axis=1).sum()),
        "inserted_rows": cleaned.inserted_rows,
        "excluded_rows": cleaned.excluded_rows,
        "unscored_targets": sum(cleaned.part.imputed),
        "columns": _column_reports(rows, cleaned.columns),
    }


def _column_reports(rows: Table, counts: dict[str, Counts]) -> dict[str, dict[str, float | int | None]]:
    reports = {}
    for at, column in enumerate(rows.columns):
        values = rows.values[:, at]
        present = values[~np.isnan(values)]
        some = present.size > 0
        reports[column] = {
            "missing": counts[column].missing,
            "interpolated": counts[column].interpolated,
            "excluded": counts[column].excluded,
            "min": float(present.min()) if some else None,
            "max": float(present.max()) if some else None,
            "mean": float(present.mean()) if some else None,
            "std": float(present.std()) if some else None,
        }
    return reports
