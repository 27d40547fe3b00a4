"""Small models with a known answer, as the trainer would have published them."""

import hashlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from flts.common.calendar import Calendar
from flts.common.messages import Promotion, StoredArtifact
from flts.common.promotions import MODEL_FILE, SERVING_FILE, PromotionKeys
from flts.common.serving import SelfCheck, ServingSpec
from flts.common.transform import FeatureTransform, Lags
from flts.forecasting.model import ModelVersion, ServingModel
from flts.inference.inservice import Models

ROWS = 3


def last_plus(step: float, ahead: int, features: int) -> bytes:
    """ONNX model: the last scaled value of the first feature plus step, 2 step, … for the rows ahead."""
    constants = [
        numpy_helper.from_array(np.array(-1), "last"),
        numpy_helper.from_array(np.array([0]), "first"),
        numpy_helper.from_array(np.arange(1, ahead + 1, dtype=np.float32)[None] * np.float32(step), "steps"),
    ]
    nodes = [
        helper.make_node("Gather", ["window", "last"], ["row"], axis=1),
        helper.make_node("Gather", ["row", "first"], ["value"], axis=1),
        helper.make_node("Add", ["value", "steps"], ["forecast"]),
    ]
    graph = helper.make_graph(
        nodes,
        "last_plus",
        [helper.make_tensor_value_info("window", TensorProto.FLOAT, ["batch", ROWS, features])],
        [helper.make_tensor_value_info("forecast", TensorProto.FLOAT, ["batch", ahead])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


def make_spec(content: bytes, *, step: float = 0.1, ahead: int = 1, lags: int = 0, **changes) -> ServingSpec:
    """Columns a and b; a is the target, scaled as (a - 100) / 10."""
    features = 2 * (1 + lags)
    transform = FeatureTransform(
        columns=["a", "b"],
        target="a",
        fill=[100.0, 5.0],
        clip=[None, None],
        with_time=False,
        lags=Lags(count=lags),
        offset=[100.0, 0.0] * (1 + lags),
        scale=[10.0, 1.0] * (1 + lags),
        interval_seconds=120,
    )
    fields = {
        "model_type": "GRU",
        "config_hash": "hash",
        "transform": transform,
        "features": transform.features,
        "input_seq_len": ROWS,
        "output_seq_len": ahead,
        "model_sha256": hashlib.sha256(content).hexdigest(),
        "self_check": SelfCheck(window=[[1.0] * features] * ROWS, expected=[1 + step * (k + 1) for k in range(ahead)]),
    }
    return ServingSpec(**(fields | changes))


def make_promotion(run_id: str = "run-1", **changes) -> Promotion:
    fields = {
        "config_hash": "hash",
        "run_id": run_id,
        "model_type": "GRU",
        "experiment": "Default",
        "model_uri": f"runs:/{run_id}/GRU",
        "rmse": 1.0,
        "mae": 1.0,
        "mse": 1.0,
        "score": 1.0,
        "timestamp": "2024-01-01T00:00:00Z",
        "weights": {},
    }
    return Promotion(**(fields | changes))


def make_version(run_id: str = "run-1", **changes) -> ModelVersion:
    return ModelVersion(**({"run_id": run_id, "model_type": "GRU", "config_hash": "hash", "generation": 1} | changes))


def make_model(
    run_id: str = "run-1",
    *,
    ahead: int = 1,
    lags: int = 0,
    step: float = 0.1,
    calendar: Calendar | None = None,
) -> ServingModel:
    """Model in raw units: a rises by ten steps a row. Rows are due every two minutes, or by a calendar."""
    content = last_plus(step, ahead, 2 * (1 + lags))
    spec = make_spec(content, step=step, ahead=ahead, lags=lags)
    if calendar is not None:
        due = {"calendar": calendar, "interval_seconds": 86_400.0}
        spec = spec.model_copy(update={"transform": spec.transform.model_copy(update=due)})
    return ServingModel(make_version(run_id), spec, content)


def in_service_with(model: ServingModel | None, **options) -> Models:
    models = Models(**options)
    if model is not None:
        models.serve(model, 0.0)
    return models


BUCKET = "model-promotion"
KEYS = PromotionKeys("global")


def stored(store, content: bytes, file: str) -> StoredArtifact:
    digest = hashlib.sha256(content).hexdigest()
    artifact = StoredArtifact(key=KEYS.artifact(digest, file), sha256=digest, size=len(content))
    store.put(BUCKET, artifact.key, content)
    return artifact


def copied_promotion(store, run_id: str = "run-1", step: float = 0.1, **changes) -> Promotion:
    """A promotion whose model, the last value plus a step, and spec are in the bucket."""
    content = last_plus(step, 1, 2)
    spec = make_spec(content, step=step).model_dump_json().encode()
    artifacts = {"model": stored(store, content, MODEL_FILE), "spec": stored(store, spec, SERVING_FILE)}
    return make_promotion(run_id, **(artifacts | changes))


def promote(store, run_id: str = "run-1", series: str = "", **changes) -> Promotion:
    """What the evaluator writes for inference; the pointer's former content becomes the previous promotion."""
    promotion = copied_promotion(store, run_id, series=series, **changes)
    key = KEYS.current(series)
    if store.etag(BUCKET, key) is not None:
        store.put(BUCKET, KEYS.previous(series), store.get(BUCKET, key).body)
    store.put(BUCKET, key, promotion.to_bytes())
    return promotion
