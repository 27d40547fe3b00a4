"""Prophet in ONNX: Prophet's own predictions, plus the AR(1) correction, at any time that serving may ask about."""

import threading
from typing import NamedTuple

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from flts.common.calendar import SECOND, Calendar, fixed
from flts.common.frames import FeatureFrame
from flts.common.serving import TIME_INPUT, WINDOW_INPUT, seconds
from flts.common.shutdown import StopRequested
from flts.common.transform import FeatureTransform
from flts.common.windows import make_windows
from flts.training import prophet
from flts.training.interruptible import run_until_stopped
from flts.training.settings import TrainingSettings

INTERVAL = 600
ROWS = 4
AHEAD = 3
TARGET = 1


class Case(NamedTuple):
    fitted: prophet.ProphetModel
    session: onnxruntime.InferenceSession
    frame: FeatureFrame


def frame_of(days: float, *, constant: bool = False) -> FeatureFrame:
    """A daily and a weekly wave on a bent line, with an error that decays by 0.6 a row."""
    random = np.random.default_rng(3)
    count = round(days * 86_400 / INTERVAL)
    times = np.datetime64("2024-02-27", "ns") + np.arange(count) * np.timedelta64(INTERVAL, "s")
    day = np.arange(count) * INTERVAL / 86_400
    error = np.zeros(count)
    for row in range(1, count):
        error[row] = 0.6 * error[row - 1] + random.normal(0, 0.02)
    line = 0.4 + 0.01 * day + 0.03 * np.maximum(0, day - days / 3)
    target = line + 0.1 * np.sin(2 * np.pi * day) + 0.05 * np.cos(2 * np.pi * day / 7) + error
    features = np.column_stack([random.normal(size=count), np.full(count, 0.5) if constant else target])
    transform = FeatureTransform(
        columns=["other", "target"],
        target="target",
        fill=[0.0, 0.0],
        clip=[None, None],
        with_time=False,
        offset=[0.0, 0.0],
        scale=[1.0, 1.0],
        interval_seconds=INTERVAL,
    )
    return FeatureFrame(times, features, transform, "hash", "{}")


def case_of(frame: FeatureFrame) -> Case:
    settings = TrainingSettings(model_type="PROPHET", input_seq_len=ROWS, output_seq_len=AHEAD)
    windows = make_windows(frame.features, frame.times, TARGET, ROWS, AHEAD, fixed(INTERVAL))
    fitted = prophet.fit(settings, frame, windows, lambda number, metrics: None, threading.Event())
    return Case(fitted, onnxruntime.InferenceSession(fitted.to_onnx().SerializeToString()), frame)


@pytest.fixture(scope="module")
def case():
    return case_of(frame_of(21))


def answer(case: Case, ends: np.ndarray, last: np.ndarray) -> np.ndarray:
    """What ONNX Runtime says after windows that end at `ends` with the target at `last`."""
    window = np.full((len(ends), ROWS, 2), 7.0, np.float32)
    window[:, -1, TARGET] = last
    return case.session.run(None, {WINDOW_INPUT: window, TIME_INPUT: seconds(ends)})[0]


def prophets_own(case: Case, times: np.ndarray) -> np.ndarray:
    return case.fitted.prophet.predict(pd.DataFrame({"ds": times}))["yhat"].to_numpy()


# Before, in and after the training rows, off their grid, and over a leap day, a new year and a change of the clocks.
MOMENTS = np.array(
    [
        "2024-02-20T10:00",
        "2024-02-29T23:50",
        "2024-03-10T06:17:31",
        "2024-03-18T23:50",
        "2024-03-31T01:50",
        "2024-12-31T23:45",
        "2027-07-04T12:00",
    ],
    "datetime64[ns]",
)


# Promise: gru-lstm-networks-prophet
@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_onnx_without_error_is_prophets_own_prediction(case, ahead):
    on_curve = answer(case, MOMENTS, prophets_own(case, MOMENTS))
    later = prophets_own(case, MOMENTS + ahead * np.timedelta64(INTERVAL, "s"))
    assert np.abs(on_curve[:, ahead - 1] - later).max() < 1e-6


def test_rows_ahead_skip_what_the_week_closes(case):
    # Ten-minute rows from Monday to Friday: after Friday's last comes Monday's first.
    weekdays = Calendar("10min", INTERVAL * SECOND, open=((0, 5 * 144),))
    fitted = case.fitted._replace(transform=case.frame.transform.model_copy(update={"calendar": weekdays}))
    session = onnxruntime.InferenceSession(fitted.to_onnx().SerializeToString())
    closed = case._replace(fitted=fitted, session=session)
    ends = np.array(["1969-12-26T23:40", "2024-03-06T12:00", "2024-03-08T23:40"], "datetime64[ns]")
    on_curve = answer(closed, ends, prophets_own(closed, ends))
    wanted = np.array(
        [
            ["1969-12-26T23:50", "1969-12-29T00:00", "1969-12-29T00:10"],
            ["2024-03-06T12:10", "2024-03-06T12:20", "2024-03-06T12:30"],
            ["2024-03-08T23:50", "2024-03-11T00:00", "2024-03-11T00:10"],
        ],
        "datetime64[ns]",
    )
    assert on_curve == pytest.approx(prophets_own(closed, wanted.ravel()).reshape(3, 3), rel=1e-6)


def test_the_last_error_is_carried_on_and_decays(case):
    ends = np.sort(MOMENTS)
    on_curve = prophets_own(case, ends)
    added = answer(case, ends, on_curve + 0.25) - answer(case, ends, on_curve)
    assert added == pytest.approx(np.tile(0.25 * case.fitted.phi ** np.array([1, 2, 3]), (len(ends), 1)), abs=1e-5)


def test_onnx_agrees_with_the_model_on_windows_of_the_data(case):
    windows = make_windows(case.frame.features, case.frame.times, TARGET, ROWS, AHEAD, fixed(INTERVAL))
    given = {WINDOW_INPUT: windows.inputs, TIME_INPUT: windows.times}
    assert np.abs(case.session.run(None, given)[0] - case.fitted.predict(windows)).max() < 1e-6


def test_the_autocorrelation_is_that_of_the_data(case):
    # The curve takes a part of the error with it, so the estimate is a little low.
    assert 0.5 < case.fitted.phi < 0.65
    assert case.fitted.metrics == {"error_autocorrelation": case.fitted.phi}
    assert case.fitted.params["weekly_seasonality"] == "True"


def test_autocorrelation_leaves_out_pairs_across_a_gap():
    error = np.array([8.0, 4.0, 2.0, -50.0, -25.0])
    assert prophet.autocorrelation(error, np.array([True, True, False, True])) == pytest.approx(0.5)
    assert prophet.autocorrelation(np.zeros(3), np.array([True, True])) == 0
    assert prophet.autocorrelation(np.array([1.0, 2.0, 4.0]), np.array([True, True])) == 1


@pytest.mark.parametrize("constant", [False, True], ids=["hours-only", "constant"])
def test_few_rows_and_constant_targets_work(constant):
    # Too short for any seasonality; a constant target never reaches Stan.
    small = case_of(frame_of(0.2, constant=constant))
    ends = small.frame.times[-2:]
    got = answer(small, ends, prophets_own(small, ends))[:, 0]
    assert np.abs(got - prophets_own(small, ends + np.timedelta64(INTERVAL, "s"))).max() < 1e-6


def test_blocking_work_is_left_when_a_stop_is_requested():
    stop, entered, forever = threading.Event(), threading.Event(), threading.Event()

    def block():
        entered.set()
        forever.wait()

    threading.Thread(target=lambda: (entered.wait(), stop.set())).start()
    try:
        with pytest.raises(StopRequested):
            run_until_stopped(block, stop, dict)
    finally:
        forever.set()


def test_blocking_works_error_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        run_until_stopped(lambda: 1 / 0, threading.Event(), dict)


def test_of_many_rows_prophet_sees_some_and_finds_the_same_curve(case, monkeypatch):
    monkeypatch.setattr(prophet, "_MOST_ROWS", 1000)
    frame = case.frame
    assert len(frame.times) > 3000
    fewer = case_of(frame).fitted
    assert len(fewer.prophet.history) == 1000
    windows = make_windows(frame.features, frame.times, TARGET, ROWS, AHEAD, fixed(INTERVAL))
    assert fewer.phi == pytest.approx(case.fitted.phi, abs=0.02)
    assert fewer.predict(windows) == pytest.approx(case.fitted.predict(windows), abs=0.02)
