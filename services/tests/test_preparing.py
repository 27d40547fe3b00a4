"""CSV to Parquet as the service does it: held-out files, missing values that are never invented, and calendars."""

import numpy as np
import pytest

from flts.common.calendar import Calendar
from flts.common.frames import read_frame
from flts.common.steps import following, follows
from flts.common.windows import make_windows
from flts.preprocess import features
from flts.preprocess.confighash import config_hash
from flts.preprocess.csvfile import CsvError
from flts.preprocess.pipeline import Prepared, prepare
from flts.preprocess.settings import PreprocessSettings

SHORT = PreprocessSettings(train_file="x.csv", input_seq_len=3, scaler="", time_features_enable=False)


def hourly(values: list, start: str = "2024-01-01", columns: str = "y") -> bytes:
    times = np.datetime64(start, "s") + np.arange(len(values)) * np.timedelta64(1, "h")
    rows = (f"{time},{value}\n" for time, value in zip(times, values, strict=True))
    return f"time,{columns}\n{''.join(rows)}".encode()


def prepared(values: list, settings: PreprocessSettings = SHORT, **more) -> Prepared:
    return prepare(settings.model_copy(update=more), hourly(values), None)


def test_short_gaps_are_interpolated_in_time_and_flagged():
    values = list(range(40))
    values[10] = values[11] = ""
    result = prepared(values)
    frame = read_frame(result.train)
    assert frame.features[9:13, 0].tolist() == [9, 10, 11, 12]
    assert np.flatnonzero(frame.imputed).tolist() == [10, 11]
    assert result.quality["train"]["columns"]["y"]["missing"] == 2
    assert result.quality["train"]["columns"]["y"]["interpolated"] == 2
    assert result.quality["train"]["unscored_targets"] == 2


def test_absent_rows_of_a_short_gap_are_interpolated_like_empty_cells():
    lines = hourly(list(range(40))).splitlines(keepends=True)
    result = prepare(SHORT, b"".join(lines[:11] + lines[13:]), None)
    frame = read_frame(result.train)
    assert frame.features[:14, 0].tolist() == list(range(14))
    assert np.flatnonzero(frame.imputed).tolist() == [10, 11]
    assert result.quality["train"]["gap_count"] == 1
    assert result.quality["train"]["gaps"][0]["absent_rows"] == 2
    assert result.quality["train"]["inserted_rows"] == 2


def test_long_gaps_are_left_out_and_no_window_reaches_across():
    values = list(range(60))
    values[20:26] = [""] * 6
    result = prepared(values)
    frame = read_frame(result.train)
    assert set(range(20, 26)).isdisjoint(frame.features[:, 0].tolist())
    assert result.quality["train"]["columns"]["y"]["excluded"] == 6
    assert result.quality["train"]["excluded_rows"] == 6
    windows = make_windows(frame.features, frame.times, 0, 3, 1, frame.transform.due, frame.imputed)
    steps = np.diff(np.column_stack([windows.inputs[:, :, 0], windows.targets]), axis=1)
    assert (steps == 1).all()


def test_no_window_has_to_answer_an_interpolated_target():
    values = list(range(40))
    values[10] = ""
    frame = read_frame(prepared(values).train)
    windows = make_windows(frame.features, frame.times, 0, 3, 1, frame.transform.due, frame.imputed)
    assert 10 not in windows.targets
    assert 10 in windows.inputs


def test_gaps_at_the_ends_are_never_extrapolated():
    values = ["", "", *range(2, 38), "", ""]
    result = prepared(values)
    assert read_frame(result.train).features[0, 0] == 2
    assert read_frame(result.test).features[-1, 0] == 37


def test_held_out_values_never_fill_training_cells():
    values = list(range(40))
    values[31] = ""
    assert read_frame(prepared(values).train).features[-1, 0] == 30


def test_rows_with_missing_cells_are_dropped_on_request():
    values = list(range(60))
    values[10] = ""
    result = prepared(values, nans_drop_rows=True)
    assert len(read_frame(result.train).times) == 47
    assert not follows(read_frame(result.train).transform.due, read_frame(result.train).times).all()


def test_a_mostly_empty_target_is_refused_and_another_column_left_out():
    both = hourly([f"{at if at % 2 else ''},{at}" for at in range(40)], columns="y,x")
    with pytest.raises(CsvError, match=r"line 2, column 'y': is the column to forecast, and 50 %"):
        prepare(SHORT, both, None)
    result = prepare(SHORT.model_copy(update={"target_column": "x"}), both, None)
    assert read_frame(result.train).transform.columns == ["x"]
    assert result.quality["dropped_columns"] == ["y"]


def test_held_out_rows_of_a_file_may_have_their_columns_in_another_order():
    train = hourly([f"{at},{-at}" for at in range(20)], columns="a,b")
    test = hourly([f"{-at},{at}" for at in range(20)], "2024-01-02", "b,a")
    settings = SHORT.model_copy(update={"test_file": "t.csv"})
    result = prepare(settings, train, test)
    assert read_frame(result.test).features[5].tolist() == [5, -5]
    with pytest.raises(CsvError, match=r"t\.csv, line 2, column 'time': '2024-01-01 00:00:00' is not after the end"):
        prepare(settings, train, train)
    with pytest.raises(CsvError, match=r"t\.csv, line 1, column 'b': there is no such column"):
        prepare(settings, train, hourly(list(range(20)), "2024-01-02", "a"))


def test_the_quality_report_states_what_was_detected():
    rows = "".join(f"{day:02}.01.2024;{day},5\n" for day in range(1, 32))
    result = prepare(SHORT, f"Date;y\n{rows}".encode(), None)
    assert result.quality["detected"] == {
        "encoding": "utf-8-sig",
        "separator": ";",
        "decimal": ",",
        "thousands": "",
        "time_column": "Date",
        "time_format": "day-first",
        "time_zone": "",
        "frequency": "D",
        "snapped_to_grid": False,
    }


def test_formats_change_the_config_hash_only_where_they_are_set():
    plain = config_hash(SHORT)
    assert config_hash(SHORT.model_copy(update={"input_seq_len": 7})) == plain
    for change in ({"csv_decimal": "comma"}, {"csv_time_zone": "UTC"}, {"csv_resample": "1h"}, {"nans_max_steps": 1}):
        assert config_hash(SHORT.model_copy(update=change)) != plain


def test_one_sign_cannot_be_the_decimal_and_the_thousands():
    with pytest.raises(ValueError, match="must differ"):
        PreprocessSettings(csv_decimal="comma", csv_thousands="comma")


def calendar_of_rows(times: list) -> Calendar:
    rows = "".join(f"{time},{at}\n" for at, time in enumerate(times))
    return read_frame(prepare(SHORT, f"time,y\n{rows}".encode(), None).train).transform.due


def next_times(times: list, count: int, zone: str = "") -> list[str]:
    rows = "".join(f"{time},{at}\n" for at, time in enumerate(times))
    settings = SHORT.model_copy(update={"csv_time_zone": zone})
    frame = read_frame(prepare(settings, f"time,y\n{rows}".encode(), None).test)
    return [str(time)[:19] for time in following(frame.transform.due, frame.times[-1], count)]


def test_forecasts_of_business_days_skip_the_weekend():
    days = np.arange("2024-01-01", "2024-02-17", dtype="datetime64[D]")
    assert [time[:10] for time in next_times(days[np.is_busday(days)], 3)] == ["2024-02-19", "2024-02-20", "2024-02-21"]


def test_forecasts_of_trading_hours_stay_in_them():
    days = np.arange("2024-01-01", "2024-02-17", dtype="datetime64[D]")
    times = [f"{day}T{hour:02}:30" for day in days[np.is_busday(days)] for hour in range(9, 16)]
    assert next_times(times, 2) == ["2024-02-19T09:30:00", "2024-02-19T10:30:00"]


def test_forecasts_of_ends_of_months_fall_on_ends_of_months():
    times = [f"{month}-01" for month in np.arange("2022-02", "2024-02", dtype="datetime64[M]")]
    ends = [str(np.datetime64(time) - 1) for time in times]
    assert [time[:10] for time in next_times(ends, 3)] == ["2024-01-31", "2024-02-29", "2024-03-31"]


def test_forecasts_of_jittery_rows_fall_on_the_grid():
    jitter = np.random.default_rng(1).integers(-5, 6, 60)
    times = np.datetime64("2024-01-01T01:00", "s") + np.arange(60) * 60 + jitter
    assert next_times(times, 2) == ["2024-01-01T02:00:00", "2024-01-01T02:01:00"]


def test_forecasts_keep_fractions_of_a_second():
    times = np.datetime64("2024-01-01", "ms") + np.arange(40) * 100
    due = calendar_of_rows(times)
    assert str(following(due, np.datetime64("2024-01-01T00:00:03.900"), 1)[0])[:23] == "2024-01-01T00:00:04.000"


def test_days_of_a_clock_stay_days_across_its_change():
    days = np.arange("2024-03-01", "2024-03-31", dtype="datetime64[D]")
    # Midnight in Madrid: an hour before UTC's in winter, two in summer.
    assert next_times(days, 2, "Europe/Madrid") == ["2024-03-30T23:00:00", "2024-03-31T22:00:00"]


def test_a_calendar_goes_through_json_with_the_transform():
    frame = read_frame(prepared(list(range(40))).train)
    again = type(frame.transform).model_validate_json(frame.transform.model_dump_json())
    assert again.due == frame.transform.due == Calendar("h", 3_600_000_000)


def random_series(chance: np.random.Generator) -> bytes:
    rows = int(chance.integers(60, 200))
    times = np.datetime64("2024-01-01", "s") + np.arange(rows) * np.timedelta64(1, "h")
    level, spread = [(0, 1e-3), (0, 1e3), (40, 1), (1e9, 10)][chance.integers(4)]
    values = level + chance.normal(size=(rows, 2)) * spread
    cells = [["" if chance.random() < 0.05 else repr(float(cell)) for cell in row] for row in values]
    kept = [f"{time},{','.join(row)}" for time, row in zip(times, cells, strict=True) if chance.random() > 0.03]
    return "\n".join(["time,y,x", *kept]).encode()


@pytest.mark.parametrize("seed", range(25))
def test_features_in_parts_of_any_length_are_those_of_all_rows_at_once(seed, monkeypatch):
    chance = np.random.default_rng(seed)
    settings = PreprocessSettings(
        train_file="x.csv",
        input_seq_len=3,
        nans_threshold=0.5,
        nans_drop_rows=bool(chance.integers(0, 2)),
        clip_enable=bool(chance.integers(0, 2)),
        clip_method=str(chance.choice(["iqr", "percentile"])),
        lags_enable=bool(chance.integers(0, 2)),
        lags_n=2,
        lags_step=int(chance.integers(1, 4)),
        scaler=str(chance.choice(["", "MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler"])),
        add_val=str(chance.choice(["", "3.5"])),
    )
    content = random_series(chance)
    whole = prepare(settings, content, None)
    monkeypatch.setattr(features, "PART_ROWS", int(chance.integers(1, 40)))
    in_parts = prepare(settings, content, None)
    assert in_parts.quality == whole.quality
    for part, all_at_once in ((in_parts.train, whole.train), (in_parts.test, whole.test)):
        found, expected = read_frame(part), read_frame(all_at_once)
        assert (found.times == expected.times).all()
        assert found.features == pytest.approx(expected.features, abs=1e-6)
        assert (found.imputed is None) == (expected.imputed is None)
        assert found.imputed is None or (found.imputed == expected.imputed).all()
        assert found.transform.fill == expected.transform.fill
        assert found.transform.clip == expected.transform.clip
