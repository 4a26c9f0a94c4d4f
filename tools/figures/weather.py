"""Draws docs/figures/weather_beside_a_real_year.svg: synthetic days of Yokohama beside the measured year of Miyakojima.

    YSC_SHARED_DATA=folder python tools/figures/weather.py

Left: distribution of the daily clear-sky index; right: how it lingers from day to day. The measured year (hourly
radiation of 2014, ikki407/DGOPT, MIT licence) is read from the folder of shared data and not kept; without it the
script says so.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import numpy as np

from ysc_sim.contracts import Rows
from ysc_sim.timeseries.clearsky import clear_sky
from ysc_sim.timeseries.weather import synthetic_weather

ROOT = Path(__file__).parents[2]
FIGURE = ROOT / "docs" / "figures" / "weather_beside_a_real_year.svg"
YEARS = 30
LAGS = np.arange(8)
W, H, LEFT, TOP = 300, 200, 50, 40
REAL, DRAWN = "#c2410c", "#0f766e"


def daily_index(ghi_w_m2: np.ndarray, clear_w_m2: np.ndarray) -> np.ndarray:
    """Daily sum of radiation over that of a clear sky, (days, rows)."""
    hours = ghi_w_m2.reshape(365, 24, -1).sum(axis=1)
    return hours / clear_w_m2.reshape(365, 24).sum(axis=1)[:, None]


def memory(index: np.ndarray) -> np.ndarray:
    """Autocorrelation of days without the course of the year, by lag, mean over rows."""
    angle = 2 * np.pi * np.arange(365) / 365
    base = np.stack([np.ones(365), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    rest = index - base @ np.linalg.lstsq(base, index, rcond=None)[0]
    return np.array([(rest[lag:] * rest[: 365 - lag]).mean() / (rest**2).mean() for lag in LAGS])


def line(x: np.ndarray, y: np.ndarray, left: float, colour: str) -> str:
    """A polyline of shares of the frame."""
    points = " ".join(f"{left + W * a:.1f},{TOP + H * (1 - b):.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def frame(left: float, title: str, below: str, ticks: list[tuple[float, str]]) -> list[str]:
    """Axes with a title above, a label below and ticks on the horizontal axis; 0 to 1 upwards."""
    parts = [
        f'<rect x="{left}" y="{TOP}" width="{W}" height="{H}" fill="none" stroke="#888"/>',
        f'<text x="{left}" y="{TOP - 12}" font-weight="bold">{title}</text>',
        f'<text x="{left + W / 2}" y="{TOP + H + 36}" text-anchor="middle">{below}</text>',
    ]
    parts += [f'<text x="{left + W * x:.1f}" y="{TOP + H + 16}" text-anchor="middle">{t}</text>' for x, t in ticks]
    levels = (0.0, 0.5, 1.0)
    parts += [f'<text x="{left - 8}" y="{TOP + H * (1 - y) + 4}" text-anchor="end">{y:g}</text>' for y in levels]
    return parts


def draw(real: np.ndarray, drawn: np.ndarray) -> str:
    """The whole figure."""
    grid = np.linspace(0, 1.2, 61)
    second = LEFT + W + 80
    parts = frame(
        LEFT, "Share of days below", "daily clear-sky index", [(x / 1.2, f"{x:g}") for x in (0, 0.4, 0.8, 1.2)]
    )
    parts += frame(second, "Autocorrelation", "lag in days", [(lag / 7, f"{lag}") for lag in range(8)])
    for values, colour in ((drawn, DRAWN), (real, REAL)):
        below = np.array([(values <= x).mean() for x in grid])
        parts.append(line(grid / 1.2, below, LEFT, colour))
        parts.append(line(LAGS / 7, np.clip(memory(values), 0, 1), second, colour))
    legend = TOP + H + 62
    parts.append(f'<text x="{LEFT}" y="{legend}" fill="{REAL}">Miyakojima 2014, measured (ikki407/DGOPT)</text>')
    parts.append(f'<text x="{second}" y="{legend}" fill="{DRAWN}">Yokohama, {YEARS} synthetic years</text>')
    size = f'viewBox="0 0 {second + W + 30} {legend + 20}" font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>' + "\n".join(parts) + "</svg>\n"


def main() -> int:
    path = Path(os.environ.get("YSC_SHARED_DATA", ROOT / "../shared/data")) / "miyakojima_2014_hourly.csv.gz"
    if not path.is_file():
        print("The measured year is not in the folder YSC_SHARED_DATA; the figure stays as it is.", file=sys.stderr)
        return 0
    measured = np.loadtxt(path, delimiter=",", skiprows=1, usecols=4) / 3.6e-3
    real = daily_index(measured, clear_sky(date(2014, 1, 1), 365, 3600, 24.79, 125.28).ghi_w_m2)
    rows = Rows(tuple(range(YEARS)))
    weather = synthetic_weather(date(2026, 1, 1), 365, lambda r, stream: rows.generator(r, "site", stream), YEARS)
    drawn = daily_index(weather.ghi_w_m2, weather.sky.ghi_w_m2)
    FIGURE.parent.mkdir(exist_ok=True)
    FIGURE.write_text(draw(real, drawn), encoding="utf-8")
    for name, values in (("measured", real), ("synthetic", drawn)):
        quartiles = np.quantile(values, [0.25, 0.5, 0.75]).round(2)
        spread = f"mean {values.mean():.2f} sd {values.std():.2f} quartiles {quartiles}"
        print(f"{name:10} {spread} lag 1 {memory(values)[1]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
