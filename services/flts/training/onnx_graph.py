"""Builds ONNX graphs node by node: what the exports of all model families share."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from flts.common.serving import FORECAST_OUTPUT, TIME_INPUT, WINDOW_INPUT

_OPSET = 21
# Kept low on purpose: ONNX Runtime refuses a newer IR than it knows.
_IR_VERSION = 10


class Graph:
    """Nodes and constants in the order in which they were added; names must be unique."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant; returns its name."""
        self._constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str | list[str], **attributes: object) -> str:
        """Add an operator; returns the name of its first output."""
        outputs = [output] if isinstance(output, str) else output
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return next(name for name in outputs if name)

    def last_row(self, of: str, name: str) -> str:
        """Add the last row of each window (batch, rows, features), as (batch, features)."""
        return self.node("Gather", [of, self.constant(f"{name}_row", np.array(-1))], name, axis=1)

    def last_target(self, target_index: int) -> str:
        """Add the target's value in each window's last row, as (batch, 1)."""
        row = self.last_row(WINDOW_INPUT, "last_features")
        column = self.constant("target_column", np.array([target_index]))
        return self.node("Gather", [row, column], "last_value", axis=1)

    def model(self, name: str, rows: int, features: int, forecast_rows: int, *, takes_time: bool) -> onnx.ModelProto:
        """Checked model of the graph, for any batch size; one of its nodes must give FORECAST_OUTPUT."""
        inputs = [helper.make_tensor_value_info(WINDOW_INPUT, TensorProto.FLOAT, ["batch", rows, features])]
        if takes_time:
            inputs.append(helper.make_tensor_value_info(TIME_INPUT, TensorProto.DOUBLE, ["batch"]))
        output = helper.make_tensor_value_info(FORECAST_OUTPUT, TensorProto.FLOAT, ["batch", forecast_rows])
        proto = helper.make_model(
            helper.make_graph(self._nodes, name, inputs, [output], self._constants),
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="flts",
        )
        onnx.checker.check_model(proto, full_check=True)
        return proto
