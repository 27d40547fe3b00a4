"""Which rows are used where not all are."""

import numpy as np

from flts.preprocess.csvfile import Table
from flts.preprocess.settings import PreprocessSettings


def sample(table: Table, rows: int, settings: PreprocessSettings) -> Table:
    """At most `rows` rows (0: all), the first or seeded random ones, in time order."""
    if rows == 0 or rows >= len(table.times):
        return table
    if settings.sample_strategy == "head":
        return table.take(slice(0, rows))
    chosen = np.random.default_rng(settings.sample_seed).choice(len(table.times), rows, replace=False)
    return table.take(np.sort(chosen))
