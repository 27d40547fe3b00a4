"""Fitting without leakage, feature order, and the same features in training and serving."""

import numpy as np
import pytest
from sklearn import preprocessing

from flts.common.calendar import fixed
from flts.common.frames import read_frame
from flts.common.transform import TIME_FEATURES, FeatureTransform, time_features
from flts.preprocess.csvfile import Table
from flts.preprocess.fitting import fit
from flts.preprocess.pipeline import prepare
from flts.preprocess.sampling import sample
from flts.preprocess.settings import PreprocessSettings

RAW = ["down", "up", "rnti_count", "mcs_down", "mcs_down_var", "mcs_up", "mcs_up_var"]
RAW += ["rb_down", "rb_down_var", "rb_up", "rb_up_var"]


def table(values: np.ndarray, start: str = "2020-01-01T00:00", columns: list[str] | None = None) -> Table:
    values = np.asarray(values, float)
    times = np.datetime64(start, "ns") + np.arange(len(values)) * np.timedelta64(2, "m")
    names = columns or [f"c{at}" for at in range(values.shape[1])]
    return Table(names, times, list(values.T), np.zeros(len(values), bool))


def fitted(settings: PreprocessSettings, rows: Table) -> FeatureTransform:
    return fit(settings, rows, rows.columns[0], fixed(120))


def random_table(rows: int = 200, columns: int = 3, seed: int = 1) -> Table:
    return table(np.random.default_rng(seed).normal(10, 3, (rows, columns)))


def test_time_features_match_the_calendar():
    # 2018-02-05 was a Monday and the 36th day of its year.
    times = np.array(["2018-02-05T06:00:00", "2018-02-11T00:00:00", "1969-12-29T12:00:00"], "datetime64[ns]")
    minute_sin, minute_cos, week_sin, week_cos, year_sin, _ = time_features(times).T
    assert minute_sin[0] == pytest.approx(1)
    assert minute_cos[2] == pytest.approx(-1)
    assert (week_sin[0], week_cos[0]) == (pytest.approx(0), pytest.approx(1))
    assert week_sin[1] == pytest.approx(np.sin(6 / 7 * 2 * np.pi))
    assert (week_sin[2], week_cos[2]) == (pytest.approx(0), pytest.approx(1))
    assert year_sin[0] == pytest.approx(np.sin(35 / 365.25 * 2 * np.pi))


def test_feature_order_is_raw_columns_then_time(sample_csv):
    frame = read_frame(prepare(PreprocessSettings(train_file="s.csv"), sample_csv, None).train)
    assert frame.transform.features == [*RAW, *TIME_FEATURES]
    assert frame.transform.target == "down"
    assert frame.features.shape[1] == 17


@pytest.mark.parametrize("name", ["MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler", ""])
def test_scaler_numbers_are_scikit_learns(name):
    train = random_table()
    settings = PreprocessSettings(scaler=name, time_features_enable=False)
    transform = fitted(settings, train)
    other = random_table(seed=2)
    expected = getattr(preprocessing, name)().fit(train.raw).transform(other.raw) if name else other.raw
    assert transform.apply(other.raw, other.times) == pytest.approx(expected)
    back = transform.target_to_raw(transform.apply(other.raw, other.times)[:, 0])
    assert back == pytest.approx(other.raw[:, 0])


def test_nothing_is_learnt_from_held_out_rows(sample_csv):
    settings = PreprocessSettings(train_file="s.csv", clip_enable=True)
    before = prepare(settings, sample_csv, None)
    lines = sample_csv.decode().splitlines()
    border = 1 + len(read_frame(before.train).times)
    changed = []
    for line in lines[border:]:
        time, *cells = line.split(",")
        changed.append(",".join([time, *(str(float(cell) * 1000 + 7) for cell in cells)]))
    after = prepare(settings, "\n".join(lines[:border] + changed).encode(), None)
    assert after.train == before.train
    assert read_frame(after.test).transform == read_frame(before.test).transform
    assert after.test != before.test


def test_lags_constant_and_clipping():
    rows = table(np.arange(20.0).reshape(10, 2))
    settings = PreprocessSettings(
        lags_enable=True, lags_n=2, lags_step=2, add_val="100", scaler="", time_features_enable=False
    )
    transform = fitted(settings, rows)
    features = transform.apply(rows.raw, rows.times)
    assert transform.features == ["c0", "c1", "c0_lag_2", "c1_lag_2", "c0_lag_4", "c1_lag_4"]
    assert features[0].tolist() == [108, 109, 104, 105, 100, 101]
    assert transform.target_to_raw(features[:, 0])[0] == 8
    clipped = fitted(PreprocessSettings(clip_enable=True, clip_method="percentile", clip_factor=10), rows)
    assert clipped.clip[0] is None
    assert clipped.clip[1] == pytest.approx((2.8, 17.2))


def test_transform_survives_json_and_refuses_nonsense():
    transform = fitted(PreprocessSettings(lags_enable=True, lags_n=1), random_table())
    assert FeatureTransform.model_validate_json(transform.model_dump_json()) == transform
    with pytest.raises(ValueError, match="differ in length"):
        FeatureTransform.model_validate(transform.model_dump() | {"scale": [1.0]})
    with pytest.raises(ValueError, match="finite"):
        FeatureTransform.model_validate(transform.model_dump() | {"constant": float("nan")})


def test_sampling():
    whole = random_table(100)
    head = PreprocessSettings(train_file="x")
    assert np.array_equal(sample(whole, 10, head).times, whole.times[:10])
    random = PreprocessSettings(train_file="x", sample_strategy="random")
    first, again = sample(whole, 10, random), sample(whole, 10, random)
    assert np.array_equal(first.times, again.times)
    assert (np.diff(first.times) > np.timedelta64(0)).all()
    assert sample(whole, 0, random) is whole
