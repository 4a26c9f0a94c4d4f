"""Rules of sharing side by side: a table of what each is worth to its members, and who gains under which.

Shows stored numbers of the compared runs; a run without a market has its place with a bar of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said
from ysc_sim.report.numbers import of_metric
from ysc_sim.report.sections import PagePart
from ysc_sim.report.tables import Head, table
from ysc_sim.results import Results

COLUMNS = (
    "traded_kwh",
    "trade_gain_jpy",
    "trade_welfare_ratio",
    "market_surplus_jpy",
    "trade_losers",
    "largest_trade_loss_jpy",
    "gini_of_trade_gains",
    "blocking_gain_jpy",
    "blocking_bound_jpy",
)
SCREEN = (
    "trade_gain_jpy",
    "trade_welfare_ratio",
    "trade_losers",
    "gini_of_trade_gains",
    "blocking_gain_jpy",
)
"""What fits on a screen of 80 columns."""
COUNTS = ("trade_losers",)
"""Whole numbers, but for means over rows."""
GAIN = "trade_gain_jpy"
MOST_BUILDINGS = 60
WIDE, HIGH, GAP = 900.0, 44.0, 6.0


def mechanisms_part(names: Sequence[str], results: Sequence[Results]) -> PagePart | None:
    """The part of a comparison's page; None where fewer than two of the runs traded."""
    metrics = [result.metrics for result in results]
    if sum(GAIN in found["community"] for found in metrics) < 2:
        return None
    lead = f'<p class="lead">{html(said("report.mechanisms_lead"))}</p>'
    body = Html(lead + _table(names, metrics) + _figure(names, metrics))
    return PagePart("mechanisms", said("report.mechanisms"), body)


def mechanisms_lines(results: Sequence[Results]) -> tuple[list[Label], list[list[str]]] | None:
    """The same for a screen: heads and a line of each run, in the columns that matter most; None as above."""
    metrics = [result.metrics for result in results]
    if sum(GAIN in found["community"] for found in metrics) < 2:
        return None
    heads = []
    for column in SCREEN:
        unit = next((found["units"][column] for found in metrics if column in found["units"]), "")
        shown = of_metric(column, 0.0, unit)[1]
        title = said(f"metrics.{column}")
        heads.append(Label(*(f"{t} ({u})" if u else t for t, u in zip(title, shown, strict=True))))
    return heads, [[_shown(found, column) for column in SCREEN] for found in metrics]


def _shown(found: Mapping[str, Any], column: str) -> str:
    value = found["community"].get(column)
    if value is None:
        return "–"
    places = 0 if column in COUNTS and value == round(value) else None
    return of_metric(column, value, found["units"].get(column, ""), places)[0]


def _table(names: Sequence[str], metrics: Sequence[Mapping[str, Any]]) -> Html:
    units: dict[str, str] = {}
    for found in metrics:
        units.update(found["units"])
    shown = [column for column in COLUMNS if any(column in found["community"] for found in metrics)]
    heads = [Head(said("report.mechanisms_rule"), numeric=False)]
    heads += [Head(said(f"metrics.{column}"), of_metric(column, 0.0, units.get(column, ""))[1]) for column in shown]
    lines: list[list[Part]] = [
        [name(run), *(_cell(found, column) for column in shown)] for run, found in zip(names, metrics, strict=True)
    ]
    return table(heads, lines, said("report.mechanisms_table"))


def _cell(found: Mapping[str, Any], column: str) -> Part:
    value = found["community"].get(column)
    if value is None:
        return Html("–")
    return Html(f'<data class="n" data-metric="{html(column)}" value="{value!r}">{_shown(found, column)}</data>')


def _figure(names: Sequence[str], metrics: Sequence[Mapping[str, Any]]) -> str:
    """A line of bars for each run, buildings in one order: that of their gain in the first run that traded."""
    gains = [{b: own[GAIN] for b, own in found["buildings"].items() if GAIN in own} for found in metrics]
    first = next(own for own in gains if own)
    order = sorted(first, key=lambda building: -first[building])
    if len(order) > MOST_BUILDINGS:
        order = [*order[: MOST_BUILDINGS // 2], *order[-MOST_BUILDINGS // 2 :]]
    most = max((abs(value) for own in gains for value in own.values()), default=0.0) or 1.0
    blocks = "".join(
        f"<h4>{html(name(run))}</h4>{_bars(run, own, order, most)}"
        for run, own in zip(names, gains, strict=True)
        if own
    )
    return f"<figure>{blocks}<figcaption>{html(said('report.mechanisms_figure'))}</figcaption></figure>"


def _bars(run: str, own: Mapping[str, float], order: Sequence[str], most: float) -> str:
    lowest = min(0.0, *own.values()) / most
    top, total = HIGH, HIGH * (1.0 - lowest) + 2 * GAP
    step = WIDE / len(order)
    parts = [
        _bar(building, own.get(building, 0.0), k * step, step, top + GAP, most) for k, building in enumerate(order)
    ]
    label = escape(" / ".join(f"{title}: {run}" for title in said("metrics.trade_gain_jpy")))
    return (
        f'<svg viewBox="0 0 {WIDE:.0f} {total:.0f}" width="100%" role="img"><title>{label}</title>{"".join(parts)}'
        f'<line x1="0" x2="{WIDE:.0f}" y1="{top + GAP:.1f}" y2="{top + GAP:.1f}" stroke="var(--ink)"/></svg>'
    )


def _bar(building: str, gain: float, x: float, step: float, zero: float, most: float) -> str:
    height = HIGH * abs(gain) / most
    y = zero - height if gain >= 0 else zero
    colour = "var(--wind)" if gain >= 0 else "var(--limit)"
    shown, unit = of_metric(GAIN, gain, "JPY")
    told = escape(f"{building}: {shown} {unit.en}")
    return (
        f'<rect x="{x + step * 0.1:.1f}" y="{y:.1f}" width="{step * 0.8:.1f}" height="{max(height, 0.4):.1f}" '
        f'fill="{colour}" data-building="{escape(building)}" data-value="{gain!r}"><title>{told}</title></rect>'
    )
