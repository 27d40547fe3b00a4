"""Errors of forecasts, the same for held-out rows, baselines and what was served."""

import numpy as np


def errors(predicted: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    """Root mean squared, mean absolute and mean squared error over all forecast rows."""
    difference = np.asarray(predicted, np.float64) - np.asarray(actual, np.float64)
    mse = float(np.mean(difference**2))
    return {"rmse": float(np.sqrt(mse)), "mae": float(np.mean(np.abs(difference))), "mse": mse}
