"""CSV bytes to Parquet bytes: everything of preprocess that touches neither network nor disk."""

from typing import Any, NamedTuple

from flts.common.frames import FeatureFrame, write_frame
from flts.preprocess.confighash import canonical_json, config_hash
from flts.preprocess.csvfile import CsvError, Table, read_csv, table
from flts.preprocess.fitting import fit
from flts.preprocess.formatsettings import judge_options
from flts.preprocess.quality import quality_report
from flts.preprocess.reading.judging import judge
from flts.preprocess.reading.options import ReadOptions
from flts.preprocess.sampling import sample
from flts.preprocess.settings import PreprocessSettings


class Prepared(NamedTuple):
    """Result of preparing: Parquet bytes, their rows and columns, and the quality report."""

    train: bytes
    test: bytes
    train_rows: int
    test_rows: int
    columns: list[str]
    target: str
    quality: dict[str, Any]


def prepare(
    settings: PreprocessSettings, train_csv: bytes, test_csv: bytes | None, options: ReadOptions | None = None
) -> Prepared:
    """Read, judge, split, fit on training rows and transform both parts; raises CsvError.

    `options` say how the CSVs are read; by default those of the settings.
    """
    options = options or settings.read_options
    series = read_csv(settings.train_object, train_csv, options)
    other = None if test_csv is None else read_csv(settings.test_object, test_csv, options)
    judged = judge(series, other, judge_options(settings))
    train = sample(table(judged.train.part), settings.sample_train_rows, settings)
    test = sample(table(judged.held_out.part), settings.sample_test_rows, settings)
    transform = fit(settings, train, judged.target, judged.calendar)
    if len(test.times) <= transform.lags.rows:
        raise CsvError(judged.raw_held_out.file, f"{len(test.times)} held-out rows are too few", "add rows")

    def parquet(rows: Table) -> bytes:
        return write_frame(
            FeatureFrame(
                times=rows.times[transform.lags.rows :],
                features=transform.apply(rows.values, rows.times),
                transform=transform,
                config_hash=config_hash(settings),
                preprocess_config=canonical_json(settings),
                imputed=rows.imputed[transform.lags.rows :],
            )
        )

    return Prepared(
        train=parquet(train),
        test=parquet(test),
        train_rows=len(train.times) - transform.lags.rows,
        test_rows=len(test.times) - transform.lags.rows,
        columns=transform.features,
        target=transform.target,
        quality=quality_report(judged),
    )
