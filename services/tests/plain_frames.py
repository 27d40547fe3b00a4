"""Rows of one unscaled column, and windows over them."""

import numpy as np

from flts.common.frames import FeatureFrame
from flts.common.transform import FeatureTransform
from flts.common.windows import Windows, make_windows


def frame_of(values: np.ndarray, start: str = "2024-01-01", seconds: int = 3600, gaps: int = 0) -> FeatureFrame:
    """Unscaled rows of one column; every `gaps` rows an hour is left out."""
    transform = FeatureTransform(
        columns=["value"],
        target="value",
        fill=[0.0],
        clip=[None],
        with_time=False,
        offset=[0.0],
        scale=[1.0],
        interval_seconds=seconds,
    )
    place = np.arange(len(values)) + (np.arange(len(values)) // gaps if gaps else 0)
    times = np.datetime64(start, "ns") + place * np.timedelta64(seconds, "s")
    return FeatureFrame(times, np.asarray(values, float)[:, None], transform, "hash", "{}")


def windows_of(frame: FeatureFrame, rows: int = 16, ahead: int = 1) -> Windows:
    return make_windows(frame.features, frame.times, 0, rows, ahead, frame.transform.due, frame.imputed)
