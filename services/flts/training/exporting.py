"""A trained model to ONNX bytes that are proven to answer as the framework does."""

import math

import numpy as np
import onnxruntime

from flts.common.serving import TIME_INPUT, WINDOW_INPUT
from flts.common.windows import Windows
from flts.training.family import FittedModel

# ONNX Runtime and the frameworks add numbers in different orders, networks in float32: their answers differ by some
# units in the last place of the numbers themselves, and by a small share of what the network adds to them.
_SHARE_OF_SPREAD = 1e-4
_SHARE_OF_LARGEST = 1e-6


class NotReproduced(ValueError):
    """The ONNX model does not answer as the trained one; the text says by how much."""


def tolerance(inputs: np.ndarray, expected: np.ndarray) -> float:
    """How far an answer may be off, in the units of `inputs`, the target's values, and of the answers `expected`."""
    values = np.concatenate([inputs.ravel(), expected.ravel()]).astype(np.float64)
    largest = float(np.max(np.abs(values)))
    allowed = _SHARE_OF_SPREAD * float(np.ptp(values)) + _SHARE_OF_LARGEST * largest
    # All values are 0: any number is as good as another one.
    return allowed or _SHARE_OF_SPREAD


def checked_onnx(fitted: FittedModel, sample: Windows, target_index: int) -> tuple[bytes, np.ndarray, float]:
    """The ONNX model, proven on a sample; the framework's own answer for it; and how far off answers may be.

    Raises NotReproduced.
    """
    content: bytes = fitted.to_onnx().SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given = {WINDOW_INPUT: sample.inputs, TIME_INPUT: sample.times}
    answer = session.run(None, {declared.name: given[declared.name] for declared in session.get_inputs()})[0]
    expected = fitted.predict(sample)
    allowed = tolerance(sample.inputs[:, :, target_index], expected)
    difference = float(np.max(np.abs(answer - expected)))
    # A difference that is not a number is not small.
    if math.isnan(difference) or difference > allowed:
        raise NotReproduced(
            f"the ONNX model differs from the trained one by {difference:.3g} in scaled units; {allowed:.3g} is allowed"
        )
    return content, expected, allowed
