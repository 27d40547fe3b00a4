"""Names of the files that a model is served from, in MLflow and in the promotion bucket."""

MODEL_FILE = "model.onnx"
SERVING_FILE = "serving.json"
