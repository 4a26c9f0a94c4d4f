"""A small chart of lines, points and cells as inline SVG, with its own axes and words: for pages beside the report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from ysc_sim.units import Floats

WIDE, HIGH = 900, 360
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 20, 50
LETTER, WIDE_LETTER, LINE_HIGH, DOT = 6.6, 12.0, 13.0, 5.0
"""Pixels that words and dots take."""
STYLE = (
    ":root{color-scheme:light dark;--ink:#1f2326;--paper:#fff;--soft:#8a949b;--c0:#0072b2;--c1:#e69f00;--c2:#009e73;"
    "--c3:#cc79a7}@media(prefers-color-scheme:dark){:root{--ink:#e8ecef;--paper:#15191c;--c0:#56b4e9;--c1:#f0c040}}"
    "body{font:15px/1.5 system-ui,'Hiragino Sans','Noto Sans JP',sans-serif;color:var(--ink);background:var(--paper);"
    "margin:2rem auto;max-width:960px;padding:0 1rem}svg{width:100%;height:auto}text{fill:var(--ink);font-size:12px;"
    "paint-order:stroke;stroke:var(--paper);stroke-width:3px}"
    ".grid{stroke:var(--soft);opacity:.35}.line{fill:none;stroke-width:2.2}.full{stroke-dasharray:5 4;opacity:.75}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid "
    "var(--soft)}th:first-child,td:first-child{text-align:left}figure{margin:1.5rem 0}.wide{overflow-x:auto}"
)


def round_ticks(low: float, high: float) -> list[float]:
    """Round numbers inside ``low … high``, four to eleven of them.

    >>> round_ticks(1773.2, 4314.0)
    [2000.0, 2500.0, 3000.0, 3500.0, 4000.0]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    for size in (10.0, 5.0, 2.5, 2.0, 1.0, 0.5):
        step = size * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first >= 3:
            break
    return [round(number * step, 12) for number in range(first, last + 1)]


class Chart:
    """World rectangle ``0 … x1`` by ``y0 … y1``; shapes are added, then :meth:`svg` is asked for."""

    def __init__(self, x1: float, y0: float, y1: float) -> None:
        self.x1, self.y0, self.y1 = max(x1, 1e-9), y0, y1 if y1 > y0 else y0 + 1.0
        self._shapes: list[str] = []
        self._points: list[tuple[float, float, str]] = []
        """Dots that have names."""

    def x(self, value: float) -> float:
        """Horizontal place."""
        return LEFT + (WIDE - LEFT - RIGHT) * value / self.x1

    def y(self, value: float) -> float:
        """Vertical place; downwards."""
        return TOP + (HIGH - TOP - BOTTOM) * (self.y1 - value) / (self.y1 - self.y0)

    def line(self, x: Sequence[float], y: Sequence[float], colour: int, label: str, css: str = "") -> None:
        """Corners joined."""
        corners = "L".join(f"{self.x(a):.1f} {self.y(b):.1f}" for a, b in zip(x, y, strict=True))
        if corners:
            shown = f"<title>{escape(label)}</title>"
            self._shapes.append(f'<path class="line {css}" stroke="var(--c{colour})" d="M{corners}">{shown}</path>')

    def point(self, x: float, y: float, colour: int, label: str) -> None:
        """A dot with its name beside it, where one of four places is free; who points at it is told in any case."""
        a, b, said = self.x(x), self.y(y), escape(label)
        place = f'cx="{a:.1f}" cy="{b:.1f}"'
        self._shapes.append(f'<circle {place} r="5" fill="var(--c{colour})"><title>{said}</title></circle>')
        self._points.append((a, b, label))

    def _names(self) -> Iterator[str]:
        """Each where one of four places beside its dot is free of dots and of other names."""
        taken = [(a - DOT, a + DOT, b + DOT) for a, b, _ in self._points]
        for a, b, label in self._points:
            long = sum(WIDE_LETTER if ord(letter) > 0x2FFF else LETTER for letter in label)
            sides = (-1, 1) if a > WIDE - 160 else (1, -1)
            for down, side in ((-6.0, sides[0]), (16.0, sides[0]), (-6.0, sides[1]), (16.0, sides[1])):
                near, far, height = a + 8 * side, a + (8 + long) * side, b + down
                left, right = min(near, far), max(near, far)
                free = all(right < a0 or left > a1 or abs(height - h) > LINE_HIGH for a0, a1, h in taken)
                if free and left >= 0 and right <= WIDE:
                    taken.append((left, right, height))
                    anchor = "start" if side > 0 else "end"
                    yield f'<text x="{near:.1f}" y="{height:.1f}" text-anchor="{anchor}">{escape(label)}</text>'
                    break

    def dots(self, x: Sequence[float], y: Sequence[float], colour: int, radius: float = 2.5) -> None:
        """Many dots without names."""
        for a, b in zip(x, y, strict=True):
            place = f'cx="{self.x(a):.1f}" cy="{self.y(b):.1f}"'
            self._shapes.append(f'<circle {place} r="{radius:g}" fill="var(--c{colour})"/>')

    def svg(self, x_label: str, y_label: str, alternative: str) -> str:
        """The drawing with axes; ``alternative`` says in words what is to be seen."""
        parts = [f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(alternative, quote=True)}">']
        for level in round_ticks(self.y0, self.y1):
            y = self.y(level)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{level:,.6g}</text>')
        for across in round_ticks(0.0, self.x1):
            x = self.x(across)
            parts.append(f'<text x="{x:.1f}" y="{HIGH - BOTTOM + 18}" text-anchor="middle">{across:,.6g}</text>')
        parts.append(f'<text x="{WIDE - RIGHT}" y="{HIGH - 8}" text-anchor="end">{escape(x_label)}</text>')
        parts.append(f'<text x="4" y="12">{escape(y_label)}</text>')
        return "".join([*parts, *self._shapes, *self._names(), "</svg>"])


def heat(values: Floats, rows: Sequence[str], columns: Sequence[str], unit: str, alternative: str) -> str:
    """Cells from low (pale) to high (dark), each with its number; (rows, columns), NaN is left empty."""
    across, down = (WIDE - 60) / len(columns), 26
    high = 30 + down * len(rows)
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    parts = [f'<svg viewBox="0 0 {WIDE} {high}" role="img" aria-label="{escape(alternative, quote=True)}">']
    for r, name in enumerate(rows):
        parts.append(f'<text x="52" y="{18 + down * r + 22}" text-anchor="end">{escape(name)}</text>')
        for c, head in enumerate(columns):
            value = values[r, c]
            if r == 0:
                parts.append(
                    f'<text x="{60 + across * (c + 0.5):.0f}" y="14" text-anchor="middle">{escape(head)}</text>'
                )
            if np.isfinite(value):
                share = value / top if top > 0 else 0.0
                place = f'x="{60 + across * c:.1f}" y="{22 + down * r}" width="{across - 1:.1f}" height="{down - 1}"'
                words = f"<title>{value:.1f} {escape(unit)}</title>"
                parts.append(f'<rect {place} fill="var(--c0)" fill-opacity="{0.06 + 0.94 * share:.2f}">{words}</rect>')
    return "".join([*parts, "</svg>"])
