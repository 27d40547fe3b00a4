"""Writes the sample dataset: the same columns and rhythm as the mobile-network data that FLTS was made for.

Synthetic and seeded, so that the project may ship it: `python sample/generate.py` writes sample.csv beside this file,
always the same bytes. Load follows the day and the week; around that, noise that fades within some minutes, as traffic
does, so that a model that learns the fading forecasts better than repeating the last value.
"""

import csv
from pathlib import Path

import numpy as np

ROWS = 2350
INTERVAL_MINUTES = 2
SEED = 20240101
START = np.datetime64("2024-01-01T00:00:00")

COLUMNS = (
    "down",
    "up",
    "rnti_count",
    "mcs_down",
    "mcs_down_var",
    "mcs_up",
    "mcs_up_var",
    "rb_down",
    "rb_down_var",
    "rb_up",
    "rb_up_var",
)


def fading_noise(random: np.random.Generator, rows: int, memory: float) -> np.ndarray:
    """Noise of unit spread whose correlation falls by the factor `memory` from row to row."""
    noise = np.empty(rows)
    noise[0] = random.standard_normal()
    steps = random.standard_normal(rows) * np.sqrt(1 - memory**2)
    for row in range(1, rows):
        noise[row] = memory * noise[row - 1] + steps[row]
    return noise


def generate() -> list[list[str]]:
    """Rows of text, the header first."""
    random = np.random.default_rng(SEED)
    minutes = np.arange(ROWS) * INTERVAL_MINUTES
    hour = (minutes / 60) % 24
    weekend = ((minutes // 1440) % 7) >= 5
    load = 0.55 - 0.4 * np.cos((hour - 4) / 24 * 2 * np.pi) - 0.1 * weekend
    traffic = fading_noise(random, ROWS, 0.3)
    users = fading_noise(random, ROWS, 0.95)
    radio = fading_noise(random, ROWS, 0.8)
    down = 1.5e8 * load * np.exp(0.35 * traffic)
    up = 1.2e7 * load * np.exp(0.3 * traffic + 0.3 * fading_noise(random, ROWS, 0.5))
    values = {
        "down": (down, 0),
        "up": (up, 0),
        "rnti_count": (6000 * load * np.exp(0.1 * users), 0),
        "mcs_down": (12.5 + 1.2 * radio - load, 2),
        "mcs_down_var": (77 + 6 * fading_noise(random, ROWS, 0.7), 1),
        "mcs_up": (14 + 1.5 * radio, 2),
        "mcs_up_var": (46 + 8 * fading_noise(random, ROWS, 0.7), 1),
        "rb_down": (down / 3.6e9, 5),
        "rb_down_var": (5.6e-8 + 6e-9 * fading_noise(random, ROWS, 0.7), 9),
        "rb_up": (up / 1.3e9, 5),
        "rb_up_var": (1.3e-8 + 2e-9 * fading_noise(random, ROWS, 0.7), 9),
    }
    times = START + minutes.astype("timedelta64[m]")
    rows = [["time", *COLUMNS]]
    for row in range(ROWS):
        cells = [f"{values[name][0][row]:.{values[name][1]}f}" for name in COLUMNS]
        rows.append([str(times[row]).replace("T", " "), *cells])
    return rows


def main() -> None:
    """Write the file."""
    with (Path(__file__).parent / "sample.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(generate())


if __name__ == "__main__":
    main()
