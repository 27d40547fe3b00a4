"""Builds the ONNX graph of a fitted Prophet and its AR(1) correction, so that serving needs ONNX Runtime only.

All arithmetic is in float64: float32 could not even distinguish two rows of a present day.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto

from flts.common.ahead import Ahead, ahead_of
from flts.common.serving import FORECAST_OUTPUT, TIME_INPUT, seconds
from flts.common.transform import FeatureTransform
from flts.training.onnx_graph import Graph
from flts.training.settings import TrainingSettings

if TYPE_CHECKING:
    from prophet import Prophet

_SECONDS_A_DAY = 86_400.0


class Curve(NamedTuple):
    """Prophet's fitted mean as numbers (Taylor and Letham 2018, "Forecasting at Scale", sections 3.1 and 3.2).

    With u = (time - start) / span, the mean is
    unit * (intercept + slope u + sum_j bends[j] max(0, u - changepoints[j])
    + sum_i sines[i] sin(frequencies[i] time) + cosines[i] cos(frequencies[i] time)), times in seconds since 1970.
    """

    start: float
    span: float
    unit: float
    intercept: float
    slope: float
    changepoints: np.ndarray
    bends: np.ndarray
    frequencies: np.ndarray
    sines: np.ndarray
    cosines: np.ndarray


def curve_of(prophet: "Prophet") -> Curve:
    """Curve of a Prophet with linear growth and additive seasonalities, which are its defaults."""
    frequencies = [
        2 * np.pi * order / (season["period"] * _SECONDS_A_DAY)
        for season in prophet.seasonalities.values()
        for order in range(1, season["fourier_order"] + 1)
    ]
    weights = np.asarray(prophet.params["beta"], np.float64).ravel()
    if not frequencies:
        # Prophet then keeps one coefficient without a meaning.
        frequencies, weights = [0.0], np.zeros(2)
    return Curve(
        start=float(seconds(np.array([prophet.start.to_datetime64()]))[0]),
        span=prophet.t_scale.total_seconds(),
        unit=float(prophet.y_scale),
        intercept=float(np.mean(prophet.params["m"])),
        slope=float(np.mean(prophet.params["k"])),
        changepoints=np.asarray(prophet.changepoints_t, np.float64),
        bends=np.asarray(prophet.params["delta"], np.float64).ravel(),
        frequencies=np.array(frequencies),
        sines=weights[0::2],
        cosines=weights[1::2],
    )


def to_onnx(curve: Curve, phi: float, settings: TrainingSettings, transform: FeatureTransform) -> onnx.ModelProto:
    """ONNX form: f(t + h) + phi^h (y(t) - f(t)) for the rows h = 1, 2, ... after a window that ends at t."""
    graph = Graph()
    ahead = np.arange(settings.output_seq_len + 1, dtype=np.float64)
    last_axis = graph.constant("last_axis", np.array([-1]))
    ends = graph.node("Unsqueeze", [TIME_INPUT, last_axis], "ends")
    times = graph.node("Add", [ends, _distances(graph, ahead_of(transform, settings.output_seq_len))], "times")
    means = graph.node("Squeeze", [_mean(graph, curve, times, last_axis), last_axis], "means")

    split = graph.constant("split", np.array([1, settings.output_seq_len]))
    graph.node("Split", [means, split], ["mean_now", "mean_ahead"], axis=1)
    last = graph.node("Cast", [graph.last_target(transform.target_index)], "last_exact", to=TensorProto.DOUBLE)
    error = graph.node("Sub", [last, "mean_now"], "error")
    remaining = graph.node("Mul", [error, graph.constant("decay", phi ** ahead[1:])], "remaining_error")
    exact = graph.node("Add", ["mean_ahead", remaining], "forecast_exact")
    graph.node("Cast", [exact], FORECAST_OUTPUT, to=TensorProto.FLOAT)
    return graph.model(
        "prophet", settings.input_seq_len, len(transform.features), settings.output_seq_len, takes_time=True
    )


def _distances(graph: Graph, ahead: Ahead) -> str:
    """Seconds from each window's last row to itself and to the rows ahead: see Ahead.times."""
    passed = graph.node("Sub", [TIME_INPUT, graph.constant("shift", np.array(ahead.shift))], "since_first_place")
    steps = graph.node("Div", [passed, graph.constant("step", np.array(ahead.step))], "steps")
    place = graph.node("Floor", [graph.node("Add", [steps, graph.constant("half", np.array(0.5))], "near")], "nearest")
    count = graph.constant("places", np.array(float(len(ahead.distances))))
    # ONNX has no modulus of floats that is never negative.
    weeks = graph.node("Floor", [graph.node("Div", [place, count], "in_weeks")], "weeks")
    in_week = graph.node("Sub", [place, graph.node("Mul", [weeks, count], "before_week")], "place_in_week")
    index = graph.node("Cast", [in_week], "place", to=TensorProto.INT64)
    return graph.node("Gather", [graph.constant("distances", ahead.distances), index], "ahead", axis=0)


def _mean(graph: Graph, curve: Curve, times: str, last_axis: str) -> str:
    """Prophet's mean at each of the times, with one more axis at the end, along which its terms were summed."""

    def terms(operator: str, of: str, weights: np.ndarray, name: str) -> str:
        values = graph.node(operator, [of], f"{name}_terms")
        return graph.node("MatMul", [values, graph.constant(f"{name}_weights", weights[:, None])], name)

    time = graph.node("Unsqueeze", [times, last_axis], "time_column")
    passed = graph.node("Sub", [time, graph.constant("start", np.array(curve.start))], "passed")
    scaled = graph.node("Div", [passed, graph.constant("span", np.array(curve.span))], "scaled_time")
    since = graph.node("Sub", [scaled, graph.constant("changepoints", curve.changepoints)], "since_changepoints")
    angles = graph.node("Mul", [time, graph.constant("frequencies", curve.frequencies)], "angles")
    line = graph.node("Mul", [scaled, graph.constant("slope", np.array(curve.slope))], "line")
    parts = [
        graph.constant("intercept", np.array(curve.intercept)),
        line,
        terms("Relu", since, curve.bends, "bends"),
        terms("Sin", angles, curve.sines, "sines"),
        terms("Cos", angles, curve.cosines, "cosines"),
    ]
    total = graph.node("Sum", parts, "scaled_mean")
    return graph.node("Mul", [total, graph.constant("unit", np.array(curve.unit))], "mean")
