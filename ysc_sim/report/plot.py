"""Figures as inline SVG: step lines, stacked areas and bars, drawn by the browser in the page's own colours.

The SVG holds shapes only and is stretched to the space there is; ticks and labels are ordinary text laid over it, so
that they keep their size on a phone and on paper, and can be in both languages (docs/decisions/0004). Everything that
a figure knows of colours is the name of a class.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from html import escape

import numpy as np

from ysc_sim.report.bilingual import Html, Label, html
from ysc_sim.report.numbers import digits
from ysc_sim.units import Floats

WIDE, HIGH = 2000, 1000
"""Units of the drawing; whole ones are fine enough, and short."""


class Plot:
    """A drawing of the world rectangle ``x0 … x1``, ``y0 … y1``. Shapes are added, then :meth:`html` is asked for."""

    def __init__(self, x0: float, x1: float, y0: float, y1: float) -> None:
        self.x0, self.x1 = x0, x1 if x1 > x0 else x0 + 1.0
        self.y0, self.y1 = y0, y1 if y1 > y0 else y0 + 1.0
        self._shapes: list[str] = []
        self._marks: list[str] = []

    def x(self, values: Floats | float) -> Floats:
        """Horizontal place of world values."""
        return np.rint((np.asarray(values, dtype=np.float64) - self.x0) / (self.x1 - self.x0) * WIDE)

    def y(self, values: Floats | float) -> Floats:
        """Vertical place of world values; downwards."""
        return np.rint((self.y1 - np.asarray(values, dtype=np.float64)) / (self.y1 - self.y0) * HIGH)

    def area(self, edges: Floats, lower: Floats, upper: Floats, css: str) -> None:
        """What lies between two stairs over ``edges`` (n + 1,); nothing where they coincide everywhere."""
        if np.any(lower != upper):
            x = self.x(edges)
            there, back = _stair(x, self.y(upper)), _stair(x[::-1], self.y(lower)[::-1])
            self._shapes.append(f'<path class="a {css}" d="M{there}L{back}Z"/>')

    def stair(self, edges: Floats, values: Floats, css: str) -> None:
        """A step line over ``edges`` (n + 1,), broken where a value is missing."""
        x, known = self.x(edges), np.isfinite(values)
        y = self.y(np.where(known, values, 0.0))
        turns = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(np.int8), [0]])))
        parts = [f"M{_stair(x[a : b + 1], y[a:b])}" for a, b in zip(turns[::2], turns[1::2], strict=True)]
        if parts:
            self._shapes.append(f'<path class="l {css}" d="{"".join(parts)}"/>')

    def joined(self, x: Sequence[float], y: Sequence[float], css: str) -> None:
        """Points joined by straight lines."""
        corners = zip(self.x(np.array(x)).tolist(), self.y(np.array(y)).tolist(), strict=True)
        path = "L".join(f"{int(a)} {int(b)}" for a, b in corners)
        if path:
            self._shapes.append(f'<path class="l {css}" d="M{path}"/>')

    def bars(self, edges: Floats, values: Floats, css: str, *, gap: float = 0.15) -> None:
        """One bar from zero for each value; ``gap`` is the share of its width that stays free."""
        self.blocks(edges, np.zeros(len(values)), np.nan_to_num(values), css, gap=gap)

    def blocks(self, edges: Floats, lower: Floats, upper: Floats, css: str, *, gap: float = 0.15) -> None:
        """One block between two values for each interval; nothing where they coincide."""
        width = np.diff(edges) * gap / 2.0
        left, right = self.x(edges[:-1] + width), self.x(edges[1:] - width)
        shapes = [
            f"M{int(a)} {int(base)}V{int(top)}H{int(max(b, a + 1))}V{int(base)}Z"
            for a, b, base, top in zip(left, right, self.y(lower), self.y(upper), strict=True)
            if int(top) != int(base)
        ]
        if shapes:
            self._shapes.append(f'<path class="a {css}" d="{"".join(shapes)}"/>')

    def level(self, value: float, css: str, label: Html | Label | None = None) -> None:
        """A horizontal line right across, with its name above the right end."""
        y = int(self.y(value))
        self._shapes.append(f'<path class="l {css}" d="M0 {y}H{WIDE}"/>')
        if label is not None:
            self._marks.append(f'<span class="at level" style="top:{y / HIGH:.2%}">{html(label)}</span>')

    def shade(self, first: float, last: float, css: str) -> None:
        """A stretch of the horizontal axis, shaded over the full height."""
        a, b = (int(self.x(min(max(edge, self.x0), self.x1))) for edge in (first, last))
        if b > a or self.x0 <= first <= self.x1:
            self._shapes.insert(0, f'<path class="a {css}" d="M{a} 0H{max(b, a + 2)}V{HIGH}H{a}Z"/>')

    def mark(self, x: float, y: float, label: Html | Label, css: str = "") -> None:
        """A dot with a text beside it, on the side where there is room."""
        left, top = float(self.x(x)) / WIDE, float(self.y(y)) / HIGH
        side = "west" if left > 0.5 else "east"
        place = f"left:{left:.2%};top:{top:.2%}"
        said = f"<b>{html(label)}</b>" if html(label) else ""
        self._marks.append(f'<span class="at dot {css} {side}" style="{place}">{said}</span>')

    def grid(self, ticks: Sequence[float]) -> None:
        """Faint lines at the ticks of the vertical axis, behind everything; the one at zero stronger."""
        lines = "".join(f"M0 {int(self.y(tick))}H{WIDE}" for tick in ticks)
        self._shapes.insert(0, f'<path class="lines" d="{lines}"/>')
        if self.y0 < 0 < self.y1:
            self._shapes.append(f'<path class="zero" d="M0 {int(self.y(0.0))}H{WIDE}"/>')

    def html(self, label: str) -> Html:
        """The drawing and what is written on it; ``label`` is the attribute that says it in words."""
        svg = f'<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" role="img" {label}>'
        return Html(f"{svg}{''.join(self._shapes)}</svg>{''.join(self._marks)}")


def _stair(x: Floats, y: Floats) -> str:
    """``x0 y0 H x1 V y1 H x2 …`` for edges x (n + 1,) and values y (n,); runs of equal values become one step."""
    change = np.flatnonzero(np.diff(y)) + 1
    first = np.concatenate([[0], change])
    last = np.concatenate([change, [len(y)]])
    steps = [f"V{int(b)}H{int(a)}" for a, b in zip(x[last], y[first], strict=True)]
    return f"{int(x[0])} {int(y[0])}" + "".join([steps[0][steps[0].index("H") :], *steps[1:]])


def scale(lowest: float, highest: float, *, about: int = 4) -> list[float]:
    """Round ticks that span ``lowest … highest``, zero included.

    >>> scale(0.0, 46.0), scale(-7.0, 12.0)
    ([0.0, 20.0, 40.0, 60.0], [-10.0, -5.0, 0.0, 5.0, 10.0, 15.0])
    """
    low, high = min(lowest, 0.0), max(highest, 0.0)
    span = high - low if high > low and math.isfinite(high - low) else 1.0
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * size for size in (1.0, 2.0, 2.5, 5.0, 10.0) if power * size >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def vertical_axis(plot: Plot, ticks: Sequence[float], unit: Label) -> Html:
    """Numbers beside the drawing, the unit at the top."""
    numbers = "".join(
        f'<span class="yt" style="top:{float(plot.y(tick)) / HIGH:.2%}">{escape(digits_of_tick(tick, ticks))}</span>'
        for tick in ticks
    )
    return Html(f'<div class="y"><span class="unit">{html(unit)}</span>{numbers}</div>')


def digits_of_tick(tick: float, ticks: Sequence[float]) -> str:
    """A tick with no more digits than its neighbours need.

    >>> digits_of_tick(2.5, [0.0, 2.5, 5.0]), digits_of_tick(-10.0, [-10.0, 0.0]), digits_of_tick(0.0, [0.0, 1.0])
    ('2.5', '−10', '0')
    """
    step = min(b - a for a, b in itertools.pairwise(ticks))
    places = next((p for p in range(6) if abs(round(step, p) - step) < step * 1e-6), 6)
    return digits(0.0) if tick == 0 else f"{tick:,.{places}f}".replace("-", "−")
