"""Claims to trained models: windows, model families, ONNX, MLflow and the worker around them."""
