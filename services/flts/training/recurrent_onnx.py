"""Builds the ONNX graph of a recurrent model from its weights, so that serving needs ONNX Runtime only.

Gate orders: Keras GRU z,r,h and ONNX GRU z,r,h; Keras LSTM i,f,c,o and ONNX LSTM i,o,f,c. Keras' `reset_after` is
ONNX's `linear_before_reset` (onnx.ai/onnx/operators, GRU and LSTM).
"""

import keras
import numpy as np
import onnx

from flts.common.serving import FORECAST_OUTPUT, WINDOW_INPUT
from flts.training.linear import Linear
from flts.training.onnx_graph import Graph
from flts.training.standard import Standard


def to_onnx(model: keras.Model, linear: Linear, standard: Standard) -> onnx.ModelProto:
    """ONNX form of what flts.training.recurrent trained, from and to scaled features; any batch size."""
    graph = Graph()
    steps, features = model.input_shape[1:]
    forecast_rows = model.output_shape[1]
    mean = graph.constant("mean", np.asarray(standard.mean, np.float32).reshape(1, 1, -1))
    spread = graph.constant("spread", np.asarray(standard.spread, np.float32).reshape(1, 1, -1))
    centred = graph.node("Sub", [WINDOW_INPUT, mean], "centred")
    standardised = graph.node("Div", [centred, spread], "standard")
    sequence = graph.node("Transpose", [standardised], "sequence", perm=[1, 0, 2])
    layers = [layer for layer in model.layers if layer.name.startswith("recurrent_")]
    for layer in layers:
        sequence = _recurrent(graph, layer, sequence, last=layer is layers[-1])
    dense = model.get_layer("change")
    kernel = graph.constant("change_kernel", _numpy(dense.kernel))
    bias = graph.constant("change_bias", _numpy(dense.bias) + linear.intercept.astype(np.float32))
    product = graph.node("MatMul", [sequence, kernel], "product")
    change = graph.node("Sum", [product, bias, _linear(graph, linear, standardised, standard.target_index)], "change")
    unit = graph.constant("unit", np.array(standard.difference, np.float32))
    difference = graph.node("Mul", [change, unit], "difference")
    graph.node("Add", [difference, graph.last_target(standard.target_index)], FORECAST_OUTPUT)
    return graph.model(model.name, steps, features, forecast_rows, takes_time=False)


def _linear(graph: Graph, linear: Linear, standardised: str, target_index: int) -> str:
    """The regression without its intercept; see Linear for what its weights are of."""
    features = len(linear.weights) - linear.lags
    weights = linear.weights.astype(np.float32)
    last = graph.last_row(standardised, "last_standard")
    of_last = graph.node("MatMul", [last, graph.constant("linear_last", weights[:features])], "linear_of_last")
    target = graph.node("Gather", [standardised, graph.constant("target", np.array(target_index))], "targets", axis=2)
    rows = graph.constant("earlier_rows", np.arange(-linear.lags - 1, -1))
    earlier = graph.node("Gather", [target, rows], "earlier", axis=1)
    of_earlier = graph.node("MatMul", [earlier, graph.constant("linear_lags", weights[features:])], "linear_of_lags")
    return graph.node("Add", [of_last, of_earlier], "linear")


def _recurrent(graph: Graph, layer: keras.layers.Layer, sequence: str, *, last: bool) -> str:
    weights, recurrent, bias, attributes = _GATES[type(layer).__name__](layer)
    name = layer.name
    inputs = [
        sequence,
        graph.constant(f"{name}_w", weights[None]),
        graph.constant(f"{name}_r", recurrent[None]),
        graph.constant(f"{name}_b", bias[None]),
    ]
    outputs = ["", f"{name}_final"] if last else [f"{name}_all"]
    result = graph.node(type(layer).__name__, inputs, outputs, hidden_size=layer.units, **attributes)
    # Y is steps, directions, batch, units; Y_h is directions, batch, units; there is one direction.
    axis = graph.constant(f"{name}_direction", np.array([0 if last else 1]))
    return graph.node("Squeeze", [result, axis], f"{name}_out")


def _gru(layer: keras.layers.GRU) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    cell = layer.cell
    bias = _numpy(cell.bias).reshape(-1)
    return _numpy(cell.kernel).T, _numpy(cell.recurrent_kernel).T, bias, {"linear_before_reset": 1}


def _lstm(layer: keras.layers.LSTM) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    cell = layer.cell
    bias = _iofc(_numpy(cell.bias))
    return (
        _iofc(_numpy(cell.kernel).T),
        _iofc(_numpy(cell.recurrent_kernel).T),
        np.concatenate([bias, np.zeros_like(bias)]),
        {},
    )


def _iofc(gates: np.ndarray) -> np.ndarray:
    i, f, c, o = np.split(gates, 4)
    return np.concatenate([i, o, f, c])


def _numpy(variable: object) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float32)


_GATES = {"GRU": _gru, "LSTM": _lstm}
