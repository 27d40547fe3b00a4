"""A promoted model in a notebook: raw rows in, raw rows out, as the prediction API answers.

    model = mlflow.pyfunc.load_model("models:/flts-PobleSec@champion")
    model.predict(rows, params={"rows": 24})

MLflow loads this module out of the archive that lies beside the model (flts.evaluator.registered).
"""

from pathlib import Path
from typing import Any

from flts.common.artifactnames import MODEL_FILE, SERVING_FILE
from flts.common.serving import ServingSpec
from flts.forecasting.bounds import add_bounds, check_level
from flts.forecasting.frames import input_frame
from flts.forecasting.model import ModelVersion, ServingModel
from flts.forecasting.rollout import Rollout

TIME_COLUMN = "ts"
"""Of the answer, and of rows whose times are their index."""
PARAMETERS = {"rows": 1, "interval": 0.0}
"""What `params` may hold, with the defaults: rows to forecast, and the level of the bounds, 0 for none."""


class RawRows:
    """A model over DataFrames of raw rows."""

    def __init__(self, model: ServingModel) -> None:
        self._model = model

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Forecast the rows after those given.

        `model_input`: a pandas DataFrame with the last rows in raw units, oldest first. It has a column for each that
        the model was trained on, NaN where a value is not known. Its times are a column `ts`, `timestamp`, `time` or
        `date`, or the index. `params`: see PARAMETERS.

        Returns a DataFrame with the columns `ts` and the target, and with an interval `<target>_lower` and
        `<target>_upper`.
        Raises BadInput, with the column, for rows that `/predict` would refuse.
        """
        chosen = PARAMETERS | (params or {})
        level = float(chosen["interval"])
        if level:
            check_level(level)
        spec = self._model.spec
        frame = input_frame(_columns(model_input), None, spec)
        rollout = Rollout(spec, frame, int(chosen["rows"]))
        while not rollout.complete:
            raw, times = rollout.window()
            rollout.take(self._model.forecast(raw[None], times[None])[0])
        times, values = rollout.result()
        target = spec.transform.target
        rows = [
            {TIME_COLUMN: stamp, target: value}
            for stamp, value in zip(frame.times.written(times), values.tolist(), strict=True)
        ]
        if level:
            add_bounds(rows, values.tolist(), spec, level)
        # Of the caller's own pandas: the services' images have none.
        return type(model_input)(rows)


def _columns(frame: Any) -> dict[str, list]:
    """A request's columns: plain values, None where one is missing, times as text."""
    columns = {str(name): [_plain(value) for value in frame[name].tolist()] for name in frame.columns}
    if hasattr(frame.index, "tz") and not columns.keys() & {"ts", "timestamp", "time", "date"}:
        columns[TIME_COLUMN] = [_plain(value) for value in frame.index.tolist()]
    return columns


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    # NaN alone differs from itself.
    return value if value == value else None


def _load_pyfunc(path: str) -> RawRows:
    """MLflow's entry: the model whose files are in the folder `path`."""
    folder = Path(path)
    spec = ServingSpec.model_validate_json((folder / SERVING_FILE).read_bytes())
    version = ModelVersion("", spec.model_type, spec.config_hash, spec.generation)
    return RawRows(ServingModel(version, spec, (folder / MODEL_FILE).read_bytes()))
