"""Prophet with an AR(1) correction of its error.

Prophet describes the level that a time of day and week usually has and knows nothing of the last minutes, so over a
few rows, repeating the last value beats it. Hence its error is forecast too: with f(t) Prophet's fitted mean and
r(t) = y(t) - f(t), the forecast h rows ahead is f(t + h) + phi^h r(t). This is regression with AR(1) errors, fitted
in two steps (Cochrane and Orcutt 1949; Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", chapter
on dynamic regression models). Both steps see training rows only.
"""

import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pandas as pd
from prophet import Prophet

from flts.common.ahead import ahead_of
from flts.common.frames import FeatureFrame
from flts.common.steps import follows
from flts.common.transform import FeatureTransform
from flts.common.windows import Windows
from flts.training.family import EpochReport
from flts.training.interruptible import run_until_stopped
from flts.training.prophet_onnx import curve_of, to_onnx
from flts.training.settings import TrainingSettings

# Prophet's own limit for Stan's optimiser, which usually converges long before.
_MOST_ITERATIONS = 10_000
# Prophet takes a few kB a row, and gives them to Stan as text. Its curve has some dozens of numbers, which so many rows
# determine as well as a million do.
_MOST_ROWS = 50_000


class ProphetModel(NamedTuple):
    """A fitted Prophet with the lag-1 autocorrelation `phi` of its error; see family.FittedModel."""

    prophet: Prophet
    phi: float
    settings: TrainingSettings
    transform: FeatureTransform
    params: dict[str, str]
    metrics: dict[str, float]
    epochs_run: int = 1

    def predict(self, windows: Windows) -> np.ndarray:
        """See FittedModel.predict."""
        ahead = np.arange(self.settings.output_seq_len + 1)
        times = ahead_of(self.transform, self.settings.output_seq_len).times(windows.times)
        level = _level(self.prophet, (times.ravel() * 1e9).round().astype("datetime64[ns]")).reshape(times.shape)
        error = windows.last.astype(np.float64) - level[:, 0]
        return level[:, 1:] + error[:, None] * self.phi ** ahead[1:]

    def refitted(self, data: FeatureFrame, windows: Windows, stop: threading.Event) -> "ProphetModel":
        """See FittedModel.refitted."""
        again = fit(self.settings, data, windows, lambda number, metrics: None, stop)
        return again._replace(metrics=self.metrics)

    def to_onnx(self) -> onnx.ModelProto:
        """See FittedModel.to_onnx."""
        return to_onnx(curve_of(self.prophet), self.phi, self.settings, self.transform)


def fit(
    settings: TrainingSettings,
    data: FeatureFrame,
    windows: Windows,
    report: EpochReport,
    stop: threading.Event,
) -> ProphetModel:
    """Fit Prophet, with its defaults, to the scaled target of the rows; see family.Fit. There are no epochs.

    Of more than 50,000 rows it sees as many that are drawn; the correction of its error is from all of them.
    """
    transform = data.transform
    target = data.features[:, transform.target_index]
    fitted_on = _chosen(len(target), settings.seed)
    rows = pd.DataFrame({"ds": data.times[fitted_on], "y": target[fitted_on]})
    # Uncertainty intervals would be sampled with every prediction, and are not used.
    prophet = Prophet(uncertainty_samples=0)
    # A stopped fit leaves Stan writing until the process ends, which may keep the folder from being removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run_until_stopped(
            lambda: prophet.fit(rows, output_dir=folder, refresh=1),
            stop,
            lambda: {"rows": len(rows), "iteration": f"{_iteration(Path(folder))}/{_MOST_ITERATIONS} at most"},
        )
    error = target - _level(prophet, data.times)
    phi = autocorrelation(error, follows(transform.due, data.times))
    return ProphetModel(prophet, phi, settings, transform, _params(prophet), {"error_autocorrelation": phi})


def autocorrelation(error: np.ndarray, follows: np.ndarray) -> float:
    """Least squares estimate of phi in r(t) = phi r(t - 1), over the rows that follow their predecessor.

    `follows`: one flag for each row but the first. Kept within [-1, 1], beyond which the correction would grow with
    the distance of the forecast.
    """
    before, after = error[:-1][follows], error[1:][follows]
    spread = float(before @ before)
    return float(np.clip(before @ after / spread, -1, 1)) if spread > 0 else 0.0


def _chosen(rows: int, seed: int) -> np.ndarray:
    """Rows that Prophet sees, in order. Drawn, since every tenth row could be the same hour of each day."""
    if rows <= _MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))


def _level(prophet: Prophet, times: np.ndarray) -> np.ndarray:
    # Prophet answers in the order of time; the answers must be in the order of the question.
    unique, place = np.unique(times, return_inverse=True)
    parts = [unique[start : start + _MOST_ROWS] for start in range(0, len(unique), _MOST_ROWS)]
    levels = [prophet.predict(pd.DataFrame({"ds": part}))["yhat"].to_numpy() for part in parts]
    return np.concatenate(levels)[place]


def _params(prophet: Prophet) -> dict[str, str]:
    names = (
        "growth",
        "n_changepoints",
        "changepoint_range",
        "changepoint_prior_scale",
        "seasonality_mode",
        "seasonality_prior_scale",
    )
    chosen = {f"{name}_seasonality": str(name in prophet.seasonalities) for name in ("yearly", "weekly", "daily")}
    return {name: str(getattr(prophet, name)) for name in names} | chosen


def _iteration(folder: Path) -> int:
    """Iteration that Stan's output has come to; a line is the iteration, then six numbers, and some a note."""
    for output in folder.glob("*-stdout.txt"):
        for line in reversed(output.read_text().splitlines()):
            words = line.split()
            if len(words) >= 7 and words[0].isdigit():
                return int(words[0])
    return 0
