"""Plots of a run: pictures that a browser can draw, of the numbers that the run was validated by."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from plain_frames import frame_of, windows_of

from flts.training.plots import ERROR_PLOT, FORECAST_PLOT, plots_of

LINE = "{http://www.w3.org/2000/svg}polyline"


def points(svg: str) -> list[list[tuple[float, float]]]:
    lines = ElementTree.fromstring(svg).findall(LINE)
    return [[tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()] for line in lines]


@pytest.mark.parametrize(("rows", "steps"), [(17, 1), (60, 5), (2000, 24), (40, 24)])
def test_forecasts_lie_on_the_actual_values_where_they_are_right_and_none_overlap(rows, steps):
    frame = frame_of(np.random.default_rng(1).normal(size=rows))
    test = windows_of(frame, ahead=steps)
    plots = plots_of(test.targets, test, frame.transform)
    actual, forecast = points(plots[FORECAST_PLOT])
    assert actual == forecast
    assert len(actual) % steps == 0
    assert len(actual) <= max(300, steps)
    errors, baseline = points(plots[ERROR_PLOT])
    assert len(errors) == len(baseline) == steps
    # Without an error the line is at the bottom, and that of the last value is above.
    assert {height for _, height in errors} == {320.0}
    assert all(height < 320 for _, height in baseline)


def test_names_and_series_that_never_change_are_drawn():
    frame = frame_of(np.full(60, 7.0))
    transform = frame.transform.model_copy(update={"columns": ["a<b>&c"], "target": "a<b>&c"})
    test = windows_of(frame, ahead=5)
    for svg in plots_of(test.targets, test, transform).values():
        assert "a&lt;b&gt;&amp;c" in svg
        assert not re.search("nan|inf", svg)
        assert points(svg)
