"""Claims to trained models: windows, model families, ONNX, MLflow and the worker around them."""

import logging
import os

# Read when Keras is imported for the first time, so it has to be said before any module of this package does that.
os.environ.setdefault("KERAS_BACKEND", "jax")
# It reports on import, as an error and in plain text, that there is no Plotly; nothing here draws.
logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
