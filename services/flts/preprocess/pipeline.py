"""CSV bytes to Parquet bytes: everything of preprocess that touches neither network nor disk."""

from typing import Any, NamedTuple

from flts.common.frames import FeatureFrame, write_frame
from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.csvfile import CsvError, Table, read_csv
from flts.preprocess.fitting import fit, impute
from flts.preprocess.quality import quality_report
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.splitting import split


class Prepared(NamedTuple):
    """Result of preparing: Parquet bytes, their rows and columns, and the quality report."""

    train: bytes
    test: bytes
    train_rows: int
    test_rows: int
    columns: list[str]
    target: str
    quality: dict[str, Any]


def prepare(settings: PreprocessSettings, train_csv: bytes, test_csv: bytes | None) -> Prepared:
    """Validate, split, fit on training rows and transform both parts; raises CsvError."""
    whole = read_csv(settings.train_object, train_csv)
    other = None if test_csv is None else read_csv(settings.test_object, test_csv)
    train, test = split(settings, whole, other)
    transform, filled = fit(settings, train)
    held_out = impute(settings, settings.test_object or settings.train_object, filled, test)
    if len(held_out.times) <= transform.lags.rows:
        raise CsvError(
            settings.test_object or settings.train_object,
            f"{len(held_out.times)} held-out rows are too few",
            "add rows",
        )

    def parquet(rows: Table) -> bytes:
        return write_frame(
            FeatureFrame(
                times=rows.times[transform.lags.rows :],
                features=transform.apply(rows.values, rows.times),
                transform=transform,
                config_hash=config_hash(settings),
                preprocess_config=canonical_json(settings),
            )
        )

    return Prepared(
        train=parquet(filled),
        test=parquet(held_out),
        train_rows=len(filled.times) - transform.lags.rows,
        test_rows=len(held_out.times) - transform.lags.rows,
        columns=transform.features,
        target=transform.target,
        quality={
            "train": quality_report(train),
            "test": quality_report(test),
            "dropped_columns": [column for column in train.columns if column not in transform.columns],
        },
    )
