"""The quality report beside the data: rows, gaps, missing cells and ranges, before anything was changed."""

from typing import Any

import numpy as np

from flts.preprocess.csvfile import Table

# More of them are counted, not listed: the report stays readable.
_MOST_GAPS_LISTED = 20
# Distances between rows up to this multiple of the usual one are clock jitter, not a gap.
_GAP_FACTOR = 1.5


def quality_report(table: Table) -> dict[str, Any]:
    """Report about one set of rows; distances in seconds, values in raw units."""
    distances = np.diff(table.times) / np.timedelta64(1, "s")
    usual = float(np.median(distances)) if distances.size else None
    gaps = np.flatnonzero(distances > usual * _GAP_FACTOR) if usual else np.array([], dtype=int)
    return {
        "rows": len(table.times),
        "first_time": str(table.times[0].astype("datetime64[s]")),
        "last_time": str(table.times[-1].astype("datetime64[s]")),
        "interval_seconds": usual,
        "gap_count": int(gaps.size),
        "gaps": [
            {"after": str(table.times[at].astype("datetime64[s]")), "seconds": float(distances[at])}
            for at in gaps[:_MOST_GAPS_LISTED]
        ],
        "rows_with_missing_cells": int(np.isnan(table.values).any(axis=1).sum()),
        "columns": {column: _column_report(table.values[:, at]) for at, column in enumerate(table.columns)},
    }


def _column_report(values: np.ndarray) -> dict[str, float | int | None]:
    present = values[~np.isnan(values)]
    if not present.size:
        return {"missing": int(values.size), "min": None, "max": None, "mean": None, "std": None}
    return {
        "missing": int(values.size - present.size),
        "min": float(present.min()),
        "max": float(present.max()),
        "mean": float(present.mean()),
        "std": float(present.std()),
    }
