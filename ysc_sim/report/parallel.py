"""Parallel coordinates of a sweep: one line per point, one upright axis per varied key and per number that came out.

One offline page with an inline SVG; a line shows its values when it is pointed at. Lines are coloured by the first
number that came out, from low (blue) to high (orange).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ysc_sim.results.files import replace_text
from ysc_sim.units import Floats
from ysc_sim.words import harmless, metric_label, text

if TYPE_CHECKING:
    import pandas as pd

PREFERRED = (
    "bill_jpy",
    "peak_import_kw",
    "contract_kw",
    "battery_wear_jpy",
    "self_sufficiency_ratio",
    "served_outage_ratio",
    "unserved_kwh_tier1",
    "unserved_kwh",
    "saving_jpy",
    "import_kwh",
    "co2_kg",
)
MOST_NUMBERS, MOST_LINES = 6, 5000
WIDE, HIGH, TOP, LEFT = 1100, 420, 60, 90
STYLE = (
    ":root{color-scheme:light dark;--ink:#222;--paper:#fff;--axis:#888}"
    "@media(prefers-color-scheme:dark){:root{--ink:#eee;--paper:#161a1d;--axis:#888}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;"
    "max-width:1160px;padding:0 1rem}svg{width:100%;height:auto}text{fill:var(--ink);font-size:12px}"
    "path{fill:none;stroke-width:1.4;opacity:.7}path:hover{stroke-width:4;opacity:1}line{stroke:var(--axis)}"
)


class Axis(NamedTuple):
    """One upright axis: where each point lies on it (0 bottom … 1 top), and what is written along it."""

    label: str
    place: Floats
    ticks: list[tuple[float, str]]


def write_parallel(path: Path, table: pd.DataFrame, keys: Sequence[str], title: str, lang: str) -> Path:
    """Write the page beside the table; returns ``path``. Raises ``ResultError``."""
    numbers = [name for name in PREFERRED if name in table and table[name].nunique(dropna=True) > 1][:MOST_NUMBERS]
    part = table.head(MOST_LINES)
    axes = [axis_of(part[key].tolist(), harmless(key, 60)) for key in keys]
    axes += [axis_of(part[name].tolist(), metric_label(name, lang)) for name in numbers]
    heading = escape(text("report.sweep_title", lang).format(name=harmless(title, 60), count=len(table)))
    page = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{heading}</title><style>{STYLE}</style><h1>{heading}</h1>"
        f"<p>{escape(text('report.sweep_how', lang))}</p>{drawing(axes, len(keys))}</html>\n"
    )
    replace_text(path, page)
    return path


def axis_of(values: list[Any], label: str) -> Axis:
    """An axis of numbers from least to largest, or of texts in the order in which they come.

    >>> axis_of([1.0, 3.0, 2.0], "x").place.tolist()
    [0.0, 1.0, 0.5]
    >>> axis_of(["b", "a"], "x").ticks
    [(0.0, 'b'), (1.0, 'a')]
    """
    if all(isinstance(value, int | float) for value in values):
        numbers = np.array(values, dtype=np.float64)
        known = numbers[np.isfinite(numbers)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        span = high - low
        place = (numbers - low) / span if span > 0 else np.where(np.isfinite(numbers), 0.5, np.nan)
        ticks = (
            [(share, f"{low + share * span:,.4g}") for share in (0.0, 0.5, 1.0)] if span > 0 else [(0.5, f"{low:g}")]
        )
        return Axis(label, place, ticks)
    seen = list(dict.fromkeys(str(value) for value in values))
    share = {value: number / max(len(seen) - 1, 1) for number, value in enumerate(seen)}
    place = np.array([share[str(value)] for value in values])
    return Axis(label, place, [(share[value], harmless(value, 24)) for value in seen])


def drawing(axes: Sequence[Axis], first_number: int) -> str:
    """The SVG: lines first, axes and their words over them."""
    x = [LEFT + number * (WIDE - 2 * LEFT) / max(len(axes) - 1, 1) for number in range(len(axes))]
    colour_by = axes[min(first_number, len(axes) - 1)].place
    shapes = [f'<svg viewBox="0 0 {WIDE} {HIGH + 2 * TOP}" role="img">']
    for line in range(len(colour_by)):
        corners = [(x[a], axis.place[line]) for a, axis in enumerate(axes) if np.isfinite(axis.place[line])]
        points = "L".join(f"{across:.0f} {TOP + (1 - up) * HIGH:.0f}" for across, up in corners)
        hue = 220 - 190 * float(np.nan_to_num(colour_by[line], nan=0.5))
        shapes.append(f'<path d="M{points}" stroke="hsl({hue:.0f} 75% 48%)"><title>{line}</title></path>')
    for across, axis in zip(x, axes, strict=True):
        shapes.append(f'<line x1="{across:.0f}" x2="{across:.0f}" y1="{TOP}" y2="{TOP + HIGH}"/>')
        shapes.append(f'<text x="{across:.0f}" y="{TOP - 22}" text-anchor="middle">{escape(axis.label)}</text>')
        for up, word in axis.ticks:
            height = TOP + (1 - up) * HIGH + 4
            shapes.append(f'<text x="{across + 6:.0f}" y="{height:.0f}">{escape(word)}</text>')
    return "".join([*shapes, "</svg>"])
