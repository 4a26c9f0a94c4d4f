"""Where the energy came from and where it went: a Sankey diagram of the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from ysc_sim.report.bilingual import Html, Label, attributes, html, said
from ysc_sim.report.numbers import has, metric, positive
from ysc_sim.report.reading import Reading

SOURCES = (
    ("pv_kwh", "pv"),
    ("wind_kwh", "wind"),
    ("genset_kwh", "genset"),
    ("battery_discharge_kwh", "battery"),
    ("ev_discharge_kwh", "ev"),
    ("import_kwh", "grid"),
)
SINKS = (
    ("served_kwh", "load"),
    ("battery_charge_kwh", "battery"),
    ("ev_charge_kwh", "ev"),
    ("export_kwh", "export"),
    ("loss_kwh", "dark"),
)
HIGH = 1000.0
GAP = 26.0
NAME_HIGH = 84.0
"""Height that the name of a flow needs, in units of the drawing."""


class Flow(NamedTuple):
    """One ribbon: its metric and colour, its stretch at the outer edge and at the middle, place of its name."""

    name: str
    css: str
    outer: tuple[float, float]
    inner: tuple[float, float]
    text: float


class Flows:
    """Sources on the left, uses on the right; the width of a ribbon is its energy."""

    kind: ClassVar[str] = "flows"
    order: ClassVar[int] = 20

    def title(self) -> Label:
        """Heading."""
        return said("report.flows")

    def applies(self, results: Reading) -> bool:
        """Where something flowed."""
        return has(results, "served_kwh") and positive(results, *(name for name, _ in SOURCES))

    def render(self, results: Reading, lang: str) -> Html:
        """The diagram; every number in it is a stored one."""
        left, right = lay_out(results, SOURCES), lay_out(results, SINKS)
        shapes = "".join(_ribbon(flow, 0.0, 500.0) for flow in left)
        shapes += "".join(_ribbon(flow, 1000.0, 500.0) for flow in right)
        ends = [flow.inner for flow in (*left, *right)]
        top, bottom = min(a for a, _ in ends), max(b for _, b in ends)
        shapes += f'<path class="hub" d="M497 {top:.1f}h6V{bottom:.1f}h-6Z"/>'
        says = attributes(said("report.flows_says"), lang)
        svg = f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" {says}>{shapes}</svg>'
        return Html(
            f'<figure class="sankey"><div class="flow"><div class="names west">{_names(results, left)}</div>'
            f'<div class="ribbons">{svg}</div><div class="names east">{_names(results, right)}</div></div>'
            f"<figcaption>{html(said('report.flows_note'))}</figcaption></figure>"
        )


def lay_out(results: Reading, flows: Sequence[tuple[str, str]]) -> list[Flow]:
    """Stack the flows of one side, to the scale that the larger side allows; names keep clear of each other."""
    numbers = dict(results.metrics["community"])
    if not results.manifest.get("network", {}).get("in_balance"):
        numbers.pop("loss_kwh", None)  # shown beside the balance, not in it
    total = max(sum(max(numbers.get(name, 0.0), 0.0) for name, _ in side) for side in (SOURCES, SINKS))
    shown = [(name, css, max(numbers.get(name, 0.0), 0.0)) for name, css in flows]
    shown = [flow for flow in shown if flow[2] > 0]
    room = HIGH - GAP * (max(len(SOURCES), len(SINKS)) - 1)
    own = sum(value for _, _, value in shown) / total * room
    outer, inner = (HIGH - own - GAP * (len(shown) - 1)) / 2.0, (HIGH - own) / 2.0
    placed = []
    for name, css, value in shown:
        size = value / total * room
        placed.append(Flow(name, css, (outer, outer + size), (inner, inner + size), outer + size / 2.0))
        outer, inner = outer + size + GAP, inner + size
    texts = spread([flow.text for flow in placed])
    return [flow._replace(text=text) for flow, text in zip(placed, texts, strict=True)]


def spread(places: Sequence[float]) -> list[float]:
    """Move rising places apart, as little as a push down and one back up can.

    >>> spread([500.0, 510.0, 990.0])
    [500.0, 584.0, 958.0]
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + NAME_HIGH) if moved else max(place, NAME_HIGH / 2.0))
    limit = HIGH - NAME_HIGH / 2.0
    for number in range(len(moved) - 1, -1, -1):
        moved[number] = min(moved[number], limit)
        limit = moved[number] - NAME_HIGH
    return moved


def _ribbon(flow: Flow, outer: float, inner: float) -> str:
    a, b, c, d = (round(y, 1) for y in (*flow.outer, *flow.inner))
    middle = (outer + inner) / 2.0
    edge = 12.0 if outer < inner else -12.0
    return (
        f'<path class="ribbon {flow.css}" d="M{outer} {a}C{middle} {a} {middle} {c} {inner} {c}V{d}'
        f'C{middle} {d} {middle} {b} {outer} {b}Z"/>'
        f'<path class="a {flow.css}" d="M{outer} {a}h{edge}V{b}h{-edge}Z"/>'
    )


def _names(results: Reading, flows: Sequence[Flow]) -> str:
    return "".join(
        f'<p style="top:{flow.text / 10:.1f}%"><span>{html(said(f"metrics.{flow.name}"))}</span> '
        f"<b>{metric(results, flow.name)}</b></p>"
        for flow in flows
    )
