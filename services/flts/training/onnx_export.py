"""Builds the ONNX graph of a recurrent model from its weights, so that serving needs ONNX Runtime only.

Gate orders: Keras GRU z,r,h and ONNX GRU z,r,h; Keras LSTM i,f,c,o and ONNX LSTM i,o,f,c. Keras' `reset_after` is
ONNX's `linear_before_reset` (onnx.ai/onnx/operators, GRU and LSTM).
"""

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 21
# Kept low on purpose: ONNX Runtime refuses a newer IR than it knows.
_IR_VERSION = 10

INPUT_NAME = "window"
OUTPUT_NAME = "forecast"


class _Graph:
    """Nodes and constants in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str | list[str], **attributes: object) -> str:
        outputs = [output] if isinstance(output, str) else output
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return next(name for name in outputs if name)


def to_onnx(model: keras.Model, target_index: int) -> onnx.ModelProto:
    """ONNX form of a model that flts.training.recurrent built: any batch size, float32."""
    graph = _Graph()
    steps, features = model.input_shape[1:]
    forecast_rows = model.output_shape[1]
    standardise = model.get_layer("standardise")
    mean = graph.constant("mean", np.asarray(standardise.mean, np.float32).reshape(1, 1, -1))
    variance = np.asarray(standardise.variance, np.float32).reshape(1, 1, -1)
    # The same lower limit as Keras' Normalization, which divides by max(sqrt(variance), epsilon).
    spread = graph.constant("spread", np.maximum(np.sqrt(variance), np.float32(keras.config.epsilon())))
    centred = graph.node("Sub", [INPUT_NAME, mean], "centred")
    standard = graph.node("Div", [centred, spread], "standard")
    sequence = graph.node("Transpose", [standard], "sequence", perm=[1, 0, 2])
    layers = [layer for layer in model.layers if layer.name.startswith("recurrent_")]
    for layer in layers:
        sequence = _recurrent(graph, layer, sequence, last=layer is layers[-1])
    dense = model.get_layer("change")
    kernel = graph.constant("change_kernel", _numpy(dense.kernel))
    bias = graph.constant("change_bias", _numpy(dense.bias))
    product = graph.node("MatMul", [sequence, kernel], "product")
    change = graph.node("Add", [product, bias], "change")
    unit = graph.constant("unit", np.array(model.get_layer("unit").scale, np.float32))
    difference = graph.node("Mul", [change, unit], "difference")
    last = _last_target(graph, target_index)
    graph.node("Add", [difference, last], OUTPUT_NAME)
    proto = helper.make_model(
        helper.make_graph(
            graph.nodes,
            model.name,
            [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["batch", steps, features])],
            [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["batch", forecast_rows])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="flts",
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _last_target(graph: _Graph, target_index: int) -> str:
    row = graph.node("Gather", [INPUT_NAME, graph.constant("last_row", np.array(-1))], "last_features", axis=1)
    column = graph.constant("target_column", np.array([target_index]))
    return graph.node("Gather", [row, column], "last_value", axis=1)


def _recurrent(graph: _Graph, layer: keras.layers.Layer, sequence: str, *, last: bool) -> str:
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
