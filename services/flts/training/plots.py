"""Plots of a run as SVG, which MLflow's page shows: held-out forecasts beside actual values, and errors by step."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import numpy as np

from flts.common.transform import FeatureTransform
from flts.common.windows import Windows

FORECAST_PLOT = "plots/held_out_forecast.svg"
ERROR_PLOT = "plots/error_by_step.svg"
# Of the rows that are held out the last: more are a grey area.
_MOST_ROWS = 300
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 900, 360, 90, 50, 40
_FONT = 'font-family="sans-serif" font-size="12"'
_COLORS = ("#333333", "#1f6fb4", "#c44e1e")


def plots_of(predicted: np.ndarray, test: Windows, transform: FeatureTransform) -> dict[str, str]:
    """SVG by artifact path. `predicted`: scaled, as `test.targets` (windows, steps)."""
    forecast, actual = (transform.target_to_raw(values) for values in (predicted, test.targets))
    last = transform.target_to_raw(test.last)[:, None]
    steps = test.output_rows
    # Each forecast begins where the one before ends.
    following = np.arange(len(test) - 1, -1, -steps)[::-1][-max(1, _MOST_ROWS // steps) :]
    first, end = (
        f"{datetime.fromtimestamp(test.times[at], UTC):%Y-%m-%d %H:%M}" for at in (following[0], following[-1])
    )
    return {
        FORECAST_PLOT: _chart(
            f"{transform.target}: forecasts of {steps} rows, one after the other",
            (f"after {first}", f"after {end}"),
            {"actual": actual[following].ravel(), "forecast": forecast[following].ravel()},
        ),
        ERROR_PLOT: _chart(
            f"{transform.target}: RMSE by rows ahead",
            ("1", str(steps)),
            {"model": _rmse(forecast - actual), "repeating the last value": _rmse(last - actual)},
        ),
    }


def _rmse(errors: np.ndarray) -> np.ndarray:
    return np.sqrt((errors**2).mean(axis=0))


def _chart(title: str, ends: tuple[str, str], lines: Mapping[str, Sequence[float] | np.ndarray]) -> str:
    """Lines over equally distant places, of which the first and the last have a name."""
    low = min(float(np.min(values)) for values in lines.values())
    high = max(float(np.max(values)) for values in lines.values())
    bottom = _HEIGHT - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="15">{escape(title)}</text>',
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - 10}" fill="none" stroke="#999999"/>',
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{high:.4g}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">{low:.4g}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 15}">{escape(ends[0])}</text>',
        f'<text x="{_WIDTH - 10}" y="{_HEIGHT - 15}" text-anchor="end">{escape(ends[1])}</text>',
    ]
    for number, (color, (name, values)) in enumerate(zip(_COLORS, lines.items(), strict=False)):
        across = _LEFT + np.linspace(0, 1, len(values)) * (_WIDTH - 10 - _LEFT)
        up = bottom - (np.asarray(values) - low) / ((high - low) or 1) * (bottom - _TOP)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
        dot = f'<circle cx="{across[0]:.1f}" cy="{up[0]:.1f}" r="3" fill="{color}"/>'
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>{dot}')
        parts.append(f'<text x="{_LEFT + 200 * number}" y="40" fill="{color}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>\n"])
