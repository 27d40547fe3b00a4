"""One definition of the metrics for all model types: raw units, the same target, the same held-out windows."""

import numpy as np

from flts.common.forecasterrors import errors
from flts.common.intervals import measured
from flts.common.transform import FeatureTransform
from flts.common.windows import Windows


def held_out_metrics(
    predicted: np.ndarray, test: Windows, transform: FeatureTransform, seasonal: np.ndarray | None
) -> dict[str, float]:
    """test_rmse, test_mae and test_mse in raw units, the same scaled, and those of two baselines.

    `baseline_*` repeats the last value; `seasonal_*` is the scaled forecast `seasonal`, where there is a season. Where
    there are enough windows, the measured coverage of the 90 % intervals and their mean reach in raw units too.
    """
    repeated = np.broadcast_to(test.last[:, None], test.targets.shape)
    raw_actual = transform.target_to_raw(test.targets)
    raw_predicted = transform.target_to_raw(predicted)
    raw = errors(raw_predicted, raw_actual)
    baseline = errors(transform.target_to_raw(repeated), raw_actual)
    naive = {} if seasonal is None else errors(transform.target_to_raw(seasonal), raw_actual)
    scaled = errors(predicted, test.targets)
    return (
        {f"test_{name}": value for name, value in raw.items()}
        | {f"test_{name}_scaled": value for name, value in scaled.items()}
        | {f"baseline_{name}": value for name, value in baseline.items()}
        | {f"seasonal_{name}": value for name, value in naive.items()}
        | measured(raw_predicted, raw_actual)
    )
