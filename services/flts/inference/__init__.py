"""The prediction API: ONNX Runtime, the promoted model, raw units in and out."""
