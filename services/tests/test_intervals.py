"""Prediction intervals: split conformal, measured on rows that they were not made of, in answers on request."""

import numpy as np
import pytest
from api.client import DATA, client_for
from conftest import data_folder
from serving_models import make_model
from trainings import train_on, trained_on_poblesec

from flts.common.intervals import LEVELS, Intervals, intervals_of, measured
from flts.forecasting.model import ServingModel
from flts.preprocess.pipeline import prepare
from flts.preprocess.settings import PreprocessSettings

STORED = Intervals(windows=99, levels=[0.5, 0.9], reach=[[0.1, 0.3], [0.2, 0.4]])


def model_with(intervals: Intervals | None) -> ServingModel:
    """Forecasts 131.5 and 132.5 for the next two rows, in units of 10."""
    model = make_model(ahead=2)
    model.spec = model.spec.model_copy(update={"intervals": intervals})
    return model


def test_a_level_is_the_conformal_rank_of_the_residuals_by_step():
    random = np.random.default_rng(1)
    actual = random.normal(size=(99, 2))
    predicted = np.zeros((99, 2))
    found = intervals_of(predicted, actual)
    for level, reach in zip(found.levels, np.array(found.reach).T, strict=True):
        rank = int(np.ceil(100 * level))
        assert reach == pytest.approx(np.sort(np.abs(actual), axis=0)[rank - 1], rel=1e-5)
    assert found.windows == 99
    assert found.at(0.9) == pytest.approx(np.array(found.reach)[:, found.levels.index(0.9)])


def test_few_windows_have_only_the_levels_that_they_allow():
    assert intervals_of(np.zeros((9, 1)), np.ones((9, 1))).highest == 0.9
    assert intervals_of(np.zeros((8, 1)), np.ones((8, 1))).highest == 0.85
    assert intervals_of(np.zeros((99, 1)), np.ones((99, 1))).levels == list(LEVELS)
    assert intervals_of(np.zeros((0, 1)), np.zeros((0, 1))) is None


# Promise: forecasts-prediction-intervals-request
@pytest.mark.parametrize("draw", ["normal", "standard_cauchy", "exponential"])
def test_coverage_is_the_level_for_errors_of_any_distribution(draw):
    errors = getattr(np.random.default_rng(3), draw)(size=(4000, 3))
    found = measured(np.zeros_like(errors), errors)
    assert found["interval_90_coverage"] == pytest.approx(0.9, abs=0.02)
    assert found["interval_90_reach"] > 0


def test_coverage_is_of_windows_that_share_no_row_with_those_of_the_interval():
    # All windows of the earlier half are off by 1, those of the later one by 2: none is inside.
    actual = np.repeat([1.0, 2.0], 40)[:, None] * np.ones((1, 3))
    assert measured(np.zeros_like(actual), actual)["interval_90_coverage"] == 0
    assert measured(np.zeros((4, 3)), np.ones((4, 3))) == {}


# Promise: forecasts-prediction-intervals-request
def test_an_answer_has_bounds_for_each_step_and_the_target_on_request():
    body = (
        client_for(model_with(STORED))
        .post("/predict", json={"data": DATA, "inference_length": 2, "interval": 0.9})
        .json()
    )
    assert [set(row) for row in body["predictions"]] == [{"ts", "a", "a_lower", "a_upper"}] * 2
    for row, reach in zip(body["predictions"], (3.0, 4.0), strict=True):
        assert row["a_upper"] - row["a"] == pytest.approx(reach)
        assert row["a"] - row["a_lower"] == pytest.approx(reach)
    assert "warnings" not in body


def test_levels_between_the_stored_ones_are_interpolated():
    body = client_for(model_with(STORED)).post("/predict", json={"data": DATA, "interval": 0.7}).json()
    (row,) = body["predictions"]
    assert row["a_upper"] - row["a"] == pytest.approx(2.0)


def test_an_answer_without_the_request_has_no_bounds():
    body = client_for(model_with(STORED)).post("/predict", json={"data": DATA}).json()
    assert set(body["predictions"][0]) == {"ts", "a"}


@pytest.mark.parametrize(
    ("intervals", "level", "words"),
    [(None, 0.9, "the model has no intervals"), (STORED, 0.95, "the model has intervals from 0.5 to 0.9, for 99")],
)
def test_a_model_without_the_interval_answers_without_bounds_and_says_why(intervals, level, words):
    answer = client_for(model_with(intervals)).post("/predict", json={"data": DATA, "interval": level})
    assert answer.status_code == 200
    assert set(answer.json()["predictions"][0]) == {"ts", "a"}
    (warning,) = answer.json()["warnings"]
    assert words in warning


@pytest.mark.parametrize(
    ("level", "status", "words"),
    [
        (0, 422, "> 0"),
        (1, 422, "< 1"),
        (-0.5, 422, "> 0"),
        ("0.9", 422, "float"),
        (True, 422, "float"),
        (0.3, 400, "from 0.5 to 0.99"),
        (0.995, 400, "from 0.5 to 0.99"),
    ],
)
def test_a_level_that_no_model_has_is_refused(level, status, words):
    answer = client_for(model_with(STORED)).post("/predict", json={"data": DATA, "interval": level})
    assert answer.status_code == status
    assert words in str(answer.json()["detail"])


# Promise: models-trained-rows-served
def test_rows_beyond_the_trained_ones_are_marked_and_have_no_bounds():
    ask = {"data": DATA, "inference_length": 5, "interval": 0.9}
    body = client_for(model_with(STORED)).post("/predict", json=ask).json()
    assert ["a_lower" in row for row in body["predictions"]] == [True, True, False, False, False]
    beyond, bounds = body["warnings"]
    assert "trained and measured for the next 2 rows" in beyond
    assert "only the first 2 rows have bounds" in bounds


def test_bounds_that_are_no_finite_numbers_are_refused():
    wide = STORED.model_copy(update={"reach": [[0.1, 1e308], [0.2, 1e308]]})
    answer = client_for(model_with(wide)).post("/predict", json={"data": DATA, "interval": 0.9})
    assert answer.status_code == 400
    assert "not a finite number" in answer.json()["detail"]


def test_a_training_stores_intervals_and_reports_their_coverage(sample_csv):
    model = train_on(prepare(PreprocessSettings(train_file="s.csv"), sample_csv, None), model_type="PROPHET")
    assert model.spec.intervals.highest == 0.99
    assert 0.8 < model.metrics["interval_90_coverage"] < 1
    assert model.metrics["interval_90_reach"] > 0


if data_folder() is not None:  # the real dataset is not part of the project

    @pytest.mark.parametrize("ahead", [1, 24])
    def test_ninety_percent_intervals_cover_87_to_93_percent_of_poblesec(ahead, capsys):
        model = trained_on_poblesec("GRU", ahead)
        coverage = model.metrics["interval_90_coverage"]
        with capsys.disabled():
            print(f"\nPobleSec: {coverage:.1%} of the actual values are in the 90 % intervals, {ahead} steps ahead")
        assert 0.87 < coverage < 0.93
