"""Parallel coordinates of a sweep: one line per point, one upright axis per varied key and per number that came out.

One offline page with an inline SVG. Lines are coloured by the first number that came out, from low (blue) over grey to
high (orange), so that the eye finds the good ones; the line that is pointed at stands out and says its values.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ysc_sim.report.chart import round_ticks
from ysc_sim.results.files import replace_text
from ysc_sim.units import Floats
from ysc_sim.words import harmless, label, metric_label, text

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
APART, HIGH, TOP, LEFT, BELOW, LINE = 138, 420, 84, 80, 28, 15
"""Pixels: between axes, of an axis, over it, beside the first, under them, between lines of words."""
LETTERS = 17
"""In a line of an axis' name; half as many where they are Japanese."""
FAINTEST, FEW = 0.25, 60
"""Opacity of very many lines, and how many lines are drawn without fading."""
BLUE, GREY, ORANGE = (31, 95, 168), (150, 152, 150), (217, 108, 0)
DROPPED = ("buildings", "devices")
STYLE = (
    ":root{color-scheme:light dark;--ink:#222;--paper:#fff;--soft:#6b7378;--axis:#9aa2a6}"
    "@media(prefers-color-scheme:dark){:root{--ink:#eceff0;--paper:#161a1d;--soft:#a4adb2;--axis:#6f787d}}"
    "body{font:15px/1.5 system-ui,'Hiragino Sans','Noto Sans JP',sans-serif;color:var(--ink);background:var(--paper);"
    "margin:2rem auto;max-width:1240px;padding:0 1rem}h1{font-size:1.6rem}.wide{overflow-x:auto}"
    "text{fill:var(--ink);font-size:12px;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}"
    ".unit{fill:var(--soft)}.varied{font-weight:600}path{fill:none;stroke-width:1.6;pointer-events:stroke}"
    "svg:hover path{opacity:.18}svg path:hover{stroke-width:3.5;opacity:1}line{stroke:var(--axis)}"
    f".ramp{{display:flex;align-items:center;gap:.6rem;color:var(--soft);font-size:13px}}.ramp i{{width:160px;"
    f"height:10px;border-radius:5px;background:linear-gradient(90deg,rgb{BLUE},rgb{GREY},rgb{ORANGE})}}"
)


class Axis(NamedTuple):
    """One upright axis: where each point lies on it (0 bottom … 1 top), and what is written along it."""

    label: str
    place: Floats
    ticks: list[tuple[float, str]]
    unit: str = ""
    said: Sequence[str] = ()
    """Value of each point, as it is told."""


def write_parallel(
    path: Path,
    table: pd.DataFrame,
    keys: Sequence[str],
    title: str,
    lang: str,
    units: Mapping[str, str] | None = None,
) -> Path:
    """Write the page beside the table; returns ``path``. ``units``: of the numbers. Raises ``ResultError``."""
    numbers = [name for name in PREFERRED if name in table and table[name].nunique(dropna=True) > 1][:MOST_NUMBERS]
    part, known = table.head(MOST_LINES), units or {}
    axes = [axis_of(part[key].tolist(), key_label(key)) for key in keys]
    for name in numbers:
        unit = label("units", known.get(name, ""), lang)
        axes.append(axis_of(part[name].tolist(), metric_label(name, lang))._replace(unit="" if unit == "1" else unit))
    heading = escape(text("report.sweep_title", lang).format(name=harmless(title, 60), count=len(table)))
    page = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{heading}</title><style>{STYLE}</style><h1>{heading}</h1>"
        f"<p>{escape(text('report.sweep_how', lang))}</p>"
        f"{_ramp(axes[len(keys)], lang) if numbers else ''}"
        f'<div class="wide">{drawing(axes, len(keys))}</div></html>\n'
    )
    replace_text(path, page)
    return path


def key_label(key: str) -> str:
    """A dotted key in the words that tell it from others.

    >>> key_label("buildings.home.devices.battery.energy_kwh")
    'home battery energy_kwh'
    """
    return harmless(" ".join(word for word in key.split(".") if word not in DROPPED), 60)


def axis_of(values: list[Any], label: str) -> Axis:
    """An axis of numbers from least to largest with round ticks, or of texts in the order in which they come.

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
        ticks = [((tick - low) / span, f"{tick:,.6g}") for tick in round_ticks(low, high)] if span > 0 else []
        return Axis(label, place, ticks or [(0.5, f"{low:,.6g}")], said=[f"{value:,.6g}" for value in numbers])
    words = [harmless(str(value), 24) for value in values]
    seen = list(dict.fromkeys(words))
    share = {value: number / max(len(seen) - 1, 1) for number, value in enumerate(seen)}
    return Axis(label, np.array([share[word] for word in words]), [(share[word], word) for word in seen], said=words)


def colour(share: float) -> str:
    """From blue (0) over grey to orange (1).

    >>> colour(0.0), colour(0.5)
    ('#1f5fa8', '#969896')
    """
    begin, end, part = (BLUE, GREY, 2 * share) if share < 0.5 else (GREY, ORANGE, 2 * share - 1)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(begin, end, strict=True))


def _ramp(axis: Axis, lang: str) -> str:
    """What the colours mean."""
    low, high = (escape(text(f"report.sweep_{end}", lang)) for end in ("low", "high"))
    return f'<p class="ramp"><b>{escape(axis.label)}</b> {low} <i></i> {high}</p>'


def drawing(axes: Sequence[Axis], first_number: int) -> str:
    """The SVG: lines first, axes and their words over them."""
    wide = 2 * LEFT + APART * (len(axes) - 1)
    x = [LEFT + APART * number for number in range(len(axes))]
    colour_by = np.nan_to_num(axes[min(first_number, len(axes) - 1)].place, nan=0.5)
    faint = max(FAINTEST, min(0.8, 0.8 * FEW / max(len(colour_by), 1)))
    size = f'viewBox="0 0 {wide} {TOP + HIGH + BELOW}" width="{wide}"'
    shapes = [f'<svg {size} role="img"><g opacity="{faint:.2f}">']
    for line in np.argsort(-np.abs(colour_by - 0.5), kind="stable")[::-1].tolist():
        corners = [(x[a], axis.place[line]) for a, axis in enumerate(axes) if np.isfinite(axis.place[line])]
        points = "L".join(f"{across:.0f} {TOP + (1 - up) * HIGH:.1f}" for across, up in corners)
        told = escape("\n".join(f"{axis.label}: {axis.said[line]} {axis.unit}".rstrip() for axis in axes))
        shapes.append(f'<path d="M{points}" stroke="{colour(float(colour_by[line]))}"><title>{told}</title></path>')
    shapes.append("</g>")
    for number, (across, axis) in enumerate(zip(x, axes, strict=True)):
        shapes.append(f'<line x1="{across}" x2="{across}" y1="{TOP}" y2="{TOP + HIGH}"/>')
        shapes += _head(across, axis, "varied" if number < first_number else "")
        for up, word in axis.ticks:
            height = TOP + (1 - up) * HIGH + 4
            shapes.append(f'<text x="{across + 6}" y="{height:.0f}">{escape(word)}</text>')
    return "".join([*shapes, "</svg>"])


def _head(across: float, axis: Axis, css: str) -> list[str]:
    """Name of an axis in some lines, its unit beneath."""
    wide = max((ord(letter) for letter in axis.label), default=0) > 0x2FFF
    lines = textwrap.wrap(axis.label, LETTERS // 2 + 1 if wide else LETTERS, break_on_hyphens=False)[:4]
    rest = 1 if axis.unit else 0
    found = []
    for place, line in enumerate(lines):
        height = TOP - 14 - LINE * (len(lines) - 1 - place + rest)
        found.append(f'<text class="{css}" x="{across}" y="{height}" text-anchor="middle">{escape(line)}</text>')
    if axis.unit:
        found.append(f'<text class="unit" x="{across}" y="{TOP - 14}" text-anchor="middle">{escape(axis.unit)}</text>')
    return found
