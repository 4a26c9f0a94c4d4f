"""Figures whose horizontal axis is not the run's time: share of the time, hour of the day. Lines and bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ysc_sim.report.bilingual import Html, Label, attributes, html
from ysc_sim.report.plot import WIDE, Plot, scale, vertical_axis
from ysc_sim.units import Floats


class Line(NamedTuple):
    """Values in each point, (points,)."""

    label: Label
    css: str
    values: Floats


class Band(NamedTuple):
    """What lies between two values in each point, (points,) each."""

    label: Label
    css: str
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Curves:
    """Stairs over ``edges`` (points + 1,), with ``marks`` (place, text) below and a key above."""

    edges: Floats
    marks: Sequence[tuple[float, Label]]
    unit: Label
    says: Label
    """What the figure shows, in words, for those who cannot see it."""
    lines: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    limit: tuple[float, Html | Label] | None = None
    height_px: int = 240

    def html(self, lang: str) -> Html:
        """The figure: key, drawing, axes."""
        every = [line.values for line in self.lines]
        every += [edge for band in self.bands for edge in (band.lower, band.upper)]
        values = np.concatenate([*every, [0.0 if self.limit is None else self.limit[0]]])
        values = values[np.isfinite(values)]
        ticks = scale(float(values.min()), float(values.max()))
        plot = Plot(float(self.edges[0]), float(self.edges[-1]), ticks[0], ticks[-1])
        plot.grid(ticks)
        for band in self.bands:
            plot.area(self.edges, np.nan_to_num(band.lower), np.nan_to_num(band.upper), band.css)
        for line in self.lines:
            plot.stair(self.edges, line.values, line.css)
        if self.limit is not None:
            plot.level(self.limit[0], "limit", self.limit[1])
        below = "".join(_mark(plot, number, len(self.marks), *mark) for number, mark in enumerate(self.marks))
        items = [(line.label, f"line {line.css}") for line in self.lines]
        items += [(band.label, band.css) for band in self.bands]
        key = "".join(f'<li><i class="sw {css}"></i>{html(label)}</li>' for label, css in items)
        drawing = plot.html(attributes(self.says, lang))
        return Html(
            f'<div class="chart curves"><div class="key"><ul>{key}</ul></div>'
            f'<div class="axes" style="--h:{self.height_px}px">{vertical_axis(plot, ticks, self.unit)}'
            f'<div class="plot">{drawing}</div><div class="x">{below}</div></div></div>'
        )


def _mark(plot: Plot, number: int, count: int, at: float, label: Label) -> str:
    kind = ("xt minor" if number % 2 else "xt") + _end(number, count)
    return f'<span class="{kind}" style="left:{float(plot.x(at)) / WIDE:.2%}">{html(label)}</span>'


def _end(number: int, count: int) -> str:
    """The first and the last mark stay inside the figure."""
    return " first" if number == 0 else " last" if number == count - 1 else ""
