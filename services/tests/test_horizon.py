"""How far ahead a series is trained for, its seasons, its linear part, and what the served model has learnt from."""

import threading

import numpy as np
import pytest
from plain_frames import frame_of, windows_of
from trainings import CLAIM

from flts.common.calendar import DAY, SECOND, Calendar, fixed
from flts.common.frames import read_frame
from flts.common.windows import Windows
from flts.forecasting.model import ModelVersion, ServingModel
from flts.preprocess.pipeline import prepare
from flts.preprocess.settings import PreprocessSettings
from flts.training import linear
from flts.training.batches import Batches
from flts.training.horizon import horizon
from flts.training.seasonal import season_rows, seasonal_naive
from flts.training.settings import TrainingSettings
from flts.training.standard import standard_of
from flts.training.trainer import train

HOUR = 3600 * SECOND


# Promise: models-trained-rows-served
@pytest.mark.parametrize(
    ("rows", "held_out", "gaps", "most", "expected"),
    [
        (1000, 200, 0, 24, 24),
        (1000, 200, 0, 1, 1),
        (67, 17, 0, 24, 1),
        (115, 29, 0, 24, 5),
        (1000, 40, 0, 24, 13),
        (1000, 200, 30, 24, 7),
        (1000, 5, 0, 24, 1),
    ],
    ids=["long", "as set", "83 rows", "twelve years of months", "few held out", "gaps", "no window at all"],
)
def test_a_series_is_trained_as_far_ahead_as_its_windows_allow(rows, held_out, gaps, most, expected):
    frames = frame_of(np.arange(rows), gaps=gaps), frame_of(np.arange(held_out), gaps=gaps)
    found = horizon(TrainingSettings(output_seq_len=most), *frames)
    assert found == expected
    windows = [len(windows_of(frame, ahead=found)) for frame in frames]
    assert all(count >= len(windows_of(frame)) / 2 for count, frame in zip(windows, frames, strict=True))


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (fixed(120), 720),
        (fixed(3600), 24),
        (fixed(86_400), 7),
        (fixed(7 * 86_400), 52),
        (fixed(86_400 * 1.5), None),
        (fixed(50_000), None),
        (Calendar("MS", months=1, day=1), 12),
        (Calendar("QS", months=3, day=1), 4),
        (Calendar("YS", months=12, day=1), None),
        (Calendar("B", step=DAY, open=((0, 5),)), 5),
        (Calendar("h", step=HOUR, open=((9, 17), (33, 41))), 8),
        (Calendar("h", step=HOUR, open=((9, 17), (33, 39))), 14),
    ],
)
def test_a_season_is_the_usual_one_of_the_calendar(due, expected):
    assert season_rows(due) == expected


def test_the_seasonal_forecast_of_a_series_that_repeats_itself_is_exact_across_the_border():
    day = np.random.default_rng(2).normal(size=24)
    values = np.tile(day, 10)
    train_part, held_out = frame_of(values[:190]), frame_of(values[190:], "2024-01-08T22:00")
    test = windows_of(held_out, rows=4, ahead=30)
    forecast = seasonal_naive([train_part, held_out], test, held_out.transform.due)
    assert forecast == pytest.approx(test.targets)


def test_the_seasonal_forecast_repeats_the_last_value_where_nothing_was_measured():
    values = np.arange(60.0)
    imputed = np.zeros(60, bool)
    imputed[30] = True
    frame = frame_of(values)._replace(imputed=imputed)
    test = windows_of(frame, rows=4, ahead=1)
    forecast = seasonal_naive([frame], test, frame.transform.due)[:, 0]
    ends = test.starts + 3
    known = (ends - 23 >= 0) & (ends - 23 != 30)
    assert forecast == pytest.approx(np.where(known, ends - 23, ends))


def test_the_linear_part_finds_a_linear_rule():
    random = np.random.default_rng(4)
    values = np.zeros(600)
    for row in range(2, 600):
        values[row] = 1.2 * values[row - 1] - 0.5 * values[row - 2] + random.normal(0, 0.1)
    whole = windows_of(frame_of(values), ahead=2)
    standard = standard_of(whole)
    scaled = whole.over(standard.apply(whole.rows))
    found, error = linear.fit(*scaled.split(0.2), standard.unit)
    again = linear.refit(found, scaled, standard.unit)
    assert again.penalty == found.penalty
    one_ahead = scaled.last + found.apply(scaled)[:, 0] / standard.unit
    rule = 1.2 * whole.last + -0.5 * whole.rows[whole.starts + 14, 0]
    assert one_ahead * standard.spread[0] + standard.mean[0] == pytest.approx(rule, abs=0.07)
    assert error < 1


def standardised(values: np.ndarray, ahead: int) -> tuple[Windows, float]:
    whole = windows_of(frame_of(values), ahead=ahead)
    standard = standard_of(whole)
    return whole.over(standard.apply(whole.rows)), standard.unit


@pytest.mark.parametrize(("rows", "ahead"), [(100, 1), (100, 3), (400, 24)])
def test_a_regression_is_worthwhile_on_a_season_and_hardly_ever_on_a_random_walk(rows, ahead):
    def is_worthwhile(values: np.ndarray) -> bool:
        windows, unit = standardised(values, ahead)
        found, _ = linear.fit(*windows.split(0.1), unit)
        return linear.worthwhile(found, windows, unit)

    random = np.random.default_rng(6)
    season = 3 * np.sin(np.arange(rows) * 2 * np.pi / 5)
    assert all(is_worthwhile(season + random.normal(size=rows)) for _ in range(10))
    assert sum(is_worthwhile(random.normal(size=rows).cumsum()) for _ in range(20)) <= 3


def test_gains_are_clear_when_they_are_more_than_their_error_among_forecasts_that_share_no_row():
    gains = np.tile([3.0, -1.0], 50)
    assert linear.is_clear(gains, 1)
    assert not linear.is_clear(gains, 50)
    assert not linear.is_clear(-gains, 1)
    assert not linear.is_clear(np.ones(1), 1)
    assert not linear.is_clear(np.zeros(9), 1)


@pytest.mark.parametrize("start", ["2022-01-03", "2024-01-01T00:00"])
def test_a_random_walk_gets_a_model_that_is_as_good_as_repeating_the_last_value(start):
    due = Calendar("B", step=DAY, open=((0, 5),)) if "T" not in start else fixed(3600)
    values = 100 + np.random.default_rng(3).normal(size=300).cumsum()
    whole = frame_of(values)
    if due.open:
        days = np.busday_offset(start, np.arange(300)).astype("datetime64[ns]")
        whole = whole._replace(times=days, transform=whole.transform.model_copy(update={"calendar": due}))
    parts = (slice(0, 240), slice(240, 300))
    frames = [whole._replace(times=whole.times[part], features=whole.features[part]) for part in parts]
    settings = TrainingSettings(output_seq_len=12, epochs=2, hidden_size=4)
    model = train(settings, CLAIM, *frames, lambda number, metrics: None, threading.Event())
    assert model.metrics["test_rmse"] == model.metrics["baseline_rmse"]
    assert model.params["penalty"] == "inf"
    served = ServingModel(ModelVersion("run", "GRU", "hash", 1), model.spec, model.onnx_bytes)
    test = windows_of(frames[1], ahead=12)
    assert served.run(test.inputs, test.times) == pytest.approx(np.repeat(test.last[:, None], 12, axis=1), rel=1e-5)


@pytest.mark.parametrize(("rows", "fewest", "most"), [(100, 100, 100), (5_000, 100, 100), (200_000, 500, 500)])
def test_gradient_steps_of_an_epoch_follow_the_size_of_the_data(rows, fewest, most):
    windows = windows_of(frame_of(np.arange(rows)))
    rule = linear.Linear(1, 1.0, np.zeros(1), np.zeros((2, 1)))
    batches = Batches(windows, rule, 1.0, 128, 42)
    assert fewest <= len(batches) <= most
    assert batches.size == (16 if rows == 100 else 128)
    assert [part.shape for part in batches[0]] == [(batches.size, 16, 1), (batches.size, 1)]
    if rows == 100:
        # A short series is gone over several times, each window as often as the others.
        seen = np.concatenate([batches[at][0][:, 0, 0] for at in range(len(batches))])
        counts = np.unique(seen, return_counts=True)[1]
        assert len(counts) == len(windows)
        assert counts.max() - counts.min() <= 1


# Promise: served-model-learnt-all
@pytest.mark.parametrize("model_type", ["GRU", "PROPHET"])
def test_the_served_model_has_learnt_from_the_held_out_rows_and_its_errors_are_from_before(model_type):
    random = np.random.default_rng(5)
    hours = np.arange(600)
    values = 100 + random.normal(0, 1, 600) + 5 * np.sin(hours * np.pi / 12)
    # What comes after the border has another level of noise and another wave.
    values[480:] += 20 * np.sin(hours[480:] * np.pi / 12)
    times = np.datetime64("2024-01-01T00:00:00") + hours * np.timedelta64(1, "h")
    lines = [f"{time},{value!r}" for time, value in zip(times, values.tolist(), strict=True)]
    prepared = prepare(PreprocessSettings(train_file="s.csv"), "\n".join(["time,value", *lines]).encode(), None)
    held_out = read_frame(prepared.test)
    settings = TrainingSettings(model_type=model_type, output_seq_len=3, epochs=3, hidden_size=4)
    frames = read_frame(prepared.train), held_out
    model = train(settings, CLAIM, *frames, lambda number, metrics: None, threading.Event())
    assert model.spec.learnt_held_out
    served = ServingModel(ModelVersion("run", model_type, "hash", 1), model.spec, model.onnx_bytes)
    test = windows_of(held_out, ahead=3)
    after = served.run(test.inputs, test.times)
    rmse = float(np.sqrt(np.mean((after - test.targets) ** 2))) * held_out.transform.scale[0]
    assert rmse < 0.95 * model.metrics["test_rmse"]


def test_every_run_reports_both_baselines(sample_csv):
    prepared = prepare(PreprocessSettings(train_file="s.csv"), sample_csv, None)
    frames = read_frame(prepared.train), read_frame(prepared.test)
    settings = TrainingSettings(model_type="PROPHET")
    metrics = train(settings, CLAIM, *frames, lambda number, values: None, threading.Event()).metrics
    assert metrics["seasonal_rmse"] > 0
    assert metrics["baseline_rmse"] > 0


def test_a_model_forecasts_as_many_rows_at_once_as_it_was_trained_for(sample_csv):
    prepared = prepare(PreprocessSettings(train_file="s.csv"), sample_csv, None)
    frames = read_frame(prepared.train), read_frame(prepared.test)
    settings = TrainingSettings(model_type="PROPHET")
    model = train(settings, CLAIM, *frames, lambda number, values: None, threading.Event())
    assert model.spec.output_seq_len == settings.output_seq_len == 24
