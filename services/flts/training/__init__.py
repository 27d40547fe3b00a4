"""Claims to trained models: windows, model families, ONNX, MLflow and the worker around them."""

import os

# Read when Keras is imported for the first time, so it has to be said before any module of this package does that.
os.environ.setdefault("KERAS_BACKEND", "jax")
