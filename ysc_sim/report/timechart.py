"""Figures over time: what is stacked, what is drawn as a line, dates below, and a key that tells values on touch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import NamedTuple

import numpy as np

from ysc_sim.report.bilingual import Html, Label, attributes, day, html, month, said
from ysc_sim.report.plot import Plot, scale, vertical_axis
from ysc_sim.report.reading import DAY_S, HALF_HOUR_S, Reading, Span
from ysc_sim.units import Floats

LAST_DATE = {False: 0.97, True: 0.7}
"""Share of the width behind which no date begins: it would run out of the figure (small ones have less room)."""


class Series(NamedTuple):
    """One quantity: its name, its class of colour, its value in each point, (points,)."""

    label: Label
    css: str
    values: Floats


class Range(NamedTuple):
    """What lies between two values in each point, (points,) each."""

    label: Label
    css: str
    lower: Floats
    upper: Floats


@dataclass
class TimeChart:
    """A figure over one span of a run. ``up`` and ``down`` are stacked from zero (down: positive, drawn below)."""

    reading: Reading
    span: Span
    unit: Label
    says: Label
    """What the figure shows, in words, for those who cannot see it."""
    up: Sequence[Series] = ()
    down: Sequence[Series] = ()
    lines: Sequence[Series] = ()
    bars: Sequence[Series] = ()
    ranges: Sequence[Range] = ()
    limit: tuple[float, Html | Label] | None = None
    lower_limit: float | None = None
    """The other end of a band whose upper one is ``limit``."""
    peak: tuple[float, float, Html | Label] | None = None
    height_px: int = 260
    shade: bool = True
    small: bool = False
    top: float | None = None
    """Upper end of the axis, where several figures share one."""
    _drawn: list[Series] = field(default_factory=list)

    def html(self, lang: str) -> Html:
        """The figure: key, drawing, axes."""
        edges = self.span.edges_s
        ticks = scale(*self._range())
        plot = Plot(edges[0], edges[-1], ticks[0], ticks[-1])
        plot.grid(ticks)
        self._draw(plot, edges)
        drawing = plot.html(attributes(self.says, lang))
        marks = date_marks(self.reading, self.span, small=self.small)
        last = edges[0] + LAST_DATE[self.small] * (edges[-1] - edges[0])
        dates = "".join(_date(plot, mark) for mark in marks if mark.at_s <= last)
        key = "" if self.small else self._key()
        kind = "chart small" if self.small else "chart"
        return Html(
            f'<div class="{kind}"{self._told(edges)}>{key}<div class="axes" style="--h:{self.height_px}px">'
            f'{vertical_axis(plot, ticks, self.unit)}<div class="plot">{drawing}<i class="hair"></i></div>'
            f'<div class="x">{dates}</div></div></div>'
        )

    def _range(self) -> tuple[float, float]:
        high, low = [self.top or 0.0], [0.0]
        if self.up:
            high.append(_most(np.add.reduce([_known(s.values) for s in self.up])))
        if self.down:
            low.append(-_most(np.add.reduce([_known(s.values) for s in self.down])))
        for series in (*self.lines, *self.bars):
            high.append(_most(_known(series.values)))
            low.append(-_most(-_known(series.values)))
        high += [_most(_known(band.upper)) for band in self.ranges]
        if self.limit is not None:
            high.append(self.limit[0])
        if self.lower_limit is not None:
            low.append(self.lower_limit)
        return min(low), max(high)

    def _draw(self, plot: Plot, edges: Floats) -> None:
        for band in self.ranges:
            plot.area(edges, _known(band.lower), _known(band.upper), band.css)
        for stack, sign in ((self.up, 1.0), (self.down, -1.0)):
            base = np.zeros(len(edges) - 1)
            for series in stack:
                upper = base + sign * _known(series.values)
                plot.area(edges, base, upper, series.css)
                base = upper
        for series in self.bars:
            plot.bars(edges, series.values, series.css)
        for series in self.lines:
            plot.stair(edges, series.values, series.css)
        self._draw_limits(plot)
        if self.peak is not None:
            plot.mark(*self.peak)
        for first, last in self.reading.outages_s if self.shade else ():
            if last > edges[0] and first < edges[-1]:
                plot.shade(first, last, "dark")

    def _draw_limits(self, plot: Plot) -> None:
        if self.limit is not None:
            plot.level(self.limit[0], "limit", self.limit[1])
        if self.lower_limit is not None:
            plot.level(self.lower_limit, "limit")

    def _key(self) -> Html:
        """Names and colours, topmost first, each with a place for the value under the pointer."""
        items = [*reversed(list(self.up)), *self.bars, *self.lines, *self.down]
        entries = "".join(
            f'<li><i class="sw {series.css}"></i>{html(series.label)}<output></output></li>' for series in items
        )
        entries += "".join(f'<li><i class="sw {band.css}"></i>{html(band.label)}</li>' for band in self.ranges)
        dark = ""
        if self.shade and any(b > self.span.start_s and a < self.span.end_s for a, b in self.reading.outages_s):
            dark = f'<li><i class="sw dark"></i>{html(said("report.no_grid"))}</li>'
        return Html(f'<div class="key"><ul>{entries}{dark}</ul><span class="when"></span></div>')

    def _told(self, edges: Floats) -> str:
        """Values for the key, rounded to what can be seen."""
        if self.small:
            return ""
        items = [*reversed(list(self.up)), *self.bars, *self.lines, *self.down]
        told = {
            "start": round(self.reading.at(edges[0]).timestamp()),
            "step": self.span.point_s,
            "zone": self.reading.manifest["time"]["zone"],
            "values": [[_short(v) for v in series.values.tolist()] for series in items],
        }
        return f' data-told="{escape(json.dumps(told, separators=(",", ":")))}"'


def _known(values: Floats) -> Floats:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def _most(values: Floats) -> float:
    return float(values.max()) if values.size else 0.0


def _short(value: float) -> float | None:
    return None if not np.isfinite(value) else float(f"{value:.3g}")


class DateMark(NamedTuple):
    """A text under the axis at ``at_s``; ``minor`` ones give way on narrow screens."""

    at_s: float
    label: Label
    minor: bool
    edge: bool = True
    """Whether the text names what begins here (a day, a month) rather than the instant."""


def _date(plot: Plot, mark: DateMark) -> str:
    kind = "xt" + (" minor" if mark.minor else "") + (" edge" if mark.edge else "")
    return f'<span class="{kind}" style="left:{float(plot.x(mark.at_s)) / 20:.2f}%">{html(mark.label)}</span>'


def date_marks(reading: Reading, span: Span, *, small: bool = False) -> Iterator[DateMark]:
    """Times of day, days, Mondays or months, whichever the span is long enough for."""
    length = span.end_s - span.start_s
    if length <= 2 * DAY_S:
        return _clock_marks(reading, span, small=small)
    if length <= 16 * DAY_S:
        return _day_marks(reading, span, every=3 if small else 1)
    if length <= 120 * DAY_S:
        return _day_marks(reading, span, every=28 if small else 7)
    return _month_marks(reading, span, small=small)


def _clock_marks(reading: Reading, span: Span, *, small: bool) -> Iterator[DateMark]:
    length = span.end_s - span.start_s
    wanted = length / (4 if small else 10)
    step = next((s for s in (300, 600, HALF_HOUR_S, 3600, 7200, 10_800, 21_600) if s >= wanted), 43_200)
    offset = reading.at(span.start_s)
    first = span.start_s + (-(offset.hour * 3600 + offset.minute * 60 + offset.second)) % step
    for number, at in enumerate(range(first, span.end_s, step)):
        clock = f"{reading.at(at):%H:%M}"
        yield DateMark(at, Label(clock, clock), bool(number % 2), edge=False)


def _day_marks(reading: Reading, span: Span, *, every: int) -> Iterator[DateMark]:
    moment = _midnight(reading.at(span.start_s))
    number = 0
    while reading.seconds(moment) < span.end_s:
        seconds = reading.seconds(moment)
        if seconds >= span.start_s and number % every == 0:
            yield DateMark(seconds, day(moment), bool(number // every % 2))
        moment = _midnight(moment + timedelta(hours=26))
        number += 1


def _month_marks(reading: Reading, span: Span, *, small: bool) -> Iterator[DateMark]:
    moment = _midnight(reading.at(span.start_s)).replace(day=1)
    years = (span.end_s - span.start_s) / DAY_S / 365.0
    every = max(1, round(years)) * (4 if small else 1)
    while reading.seconds(moment) < span.end_s:
        if reading.seconds(moment) >= span.start_s and (moment.month - 1) % min(every, 12) == 0:
            yield DateMark(reading.seconds(moment), month(moment), moment.month % 2 == 0)
        moment = _midnight((moment + timedelta(days=32)).replace(day=1))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
