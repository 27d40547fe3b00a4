"""Which rows train and which are held out: always earlier rows for training, later rows for testing."""

import numpy as np

from flts.preprocess.csvfile import CsvError, Table
from flts.preprocess.settings import PreprocessSettings


def split(settings: PreprocessSettings, train: Table, test: Table | None) -> tuple[Table, Table]:
    """Training and held-out rows, sampled as the settings say; raises CsvError where the files do not fit."""
    if test is None:
        border = round(len(train.times) * (1 - settings.holdout_fraction))
        if not 0 < border < len(train.times):
            raise CsvError(
                settings.train_object,
                f"{len(train.times)} rows cannot be split by HOLDOUT_FRACTION={settings.holdout_fraction}",
                "add rows",
                line=len(train.times) + 1,
            )
        train, test = train.take(slice(0, border)), train.take(slice(border, None))
    else:
        test = _in_order_of(settings, train, test)
    return (
        sample(train, settings.sample_train_rows, settings),
        sample(test, settings.sample_test_rows, settings),
    )


def sample(table: Table, rows: int, settings: PreprocessSettings) -> Table:
    """At most `rows` rows (0: all), the first or seeded random ones, in time order."""
    if rows == 0 or rows >= len(table.times):
        return table
    if settings.sample_strategy == "head":
        return table.take(slice(0, rows))
    chosen = np.random.default_rng(settings.sample_seed).choice(len(table.times), rows, replace=False)
    return table.take(np.sort(chosen))


def _in_order_of(settings: PreprocessSettings, train: Table, test: Table) -> Table:
    name = settings.test_object
    for column in train.columns:
        if column not in test.columns:
            raise CsvError(name, f"no such column, but {settings.train_object} has it", "add it", line=1, column=column)
    for column in test.columns:
        if column not in train.columns:
            raise CsvError(name, f"{settings.train_object} has no such column", "remove it", line=1, column=column)
    if test.times[0] <= train.times[-1]:
        raise CsvError(
            name,
            f"is not after the end of {settings.train_object} ({_text(train.times[-1])})",
            "held-out rows must be later than training rows: remove the earlier ones",
            line=2,
            column="time",
            value=_text(test.times[0]),
        )
    order = [test.columns.index(column) for column in train.columns]
    return test._replace(columns=train.columns, values=test.values[:, order])


def _text(time: np.datetime64) -> str:
    return str(time.astype("datetime64[s]")).replace("T", " ")
