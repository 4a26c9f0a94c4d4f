"""Duration curves: for how much of the time was the demand at least so high."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ysc_sim.report.bilingual import Html, Label, html, said
from ysc_sim.report.curves import Curves, Line
from ysc_sim.report.demand import limit_of
from ysc_sim.report.reading import Reading, Span
from ysc_sim.units import Floats

POINTS = 200
FEWEST = 48
"""Half-hours below which a curve says nothing."""
STORES = ("battery_charge_kwh", "battery_discharge_kwh", "ev_charge_kwh", "ev_discharge_kwh")


class Duration:
    """Demand of the buildings, import without what the stores did, import as it was; each sorted by itself."""

    kind: ClassVar[str] = "duration"
    order: ClassVar[int] = 43

    def title(self) -> Label:
        """Heading."""
        return said("report.duration")

    def applies(self, results: Reading) -> bool:
        """Where there is a day or more, and something was imported."""
        enough = results.duration_s >= FEWEST * results.point_s
        return enough and "import_kwh" in results.columns and bool(results.series("import_kwh").any())

    def render(self, results: Reading, lang: str) -> Html:
        """One figure of the whole run."""
        shares = np.linspace(0.0, 100.0, POINTS + 1)
        chart = Curves(
            shares,
            [(share, Label(f"{share:g} %", f"{share:g} %")) for share in (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)],
            said("units.kW"),
            said("report.duration_says"),
            lines=list(_lines(results)),
            limit=limit_of(results),
            height_px=260,
        )
        note = html(said("report.duration_note"))
        return Html(f"<figure>{chart.html(lang)}<figcaption>{note}</figcaption></figure>")


def _lines(results: Reading) -> Iterator[Line]:
    span = Span(0, results.duration_s, results.point_s)
    load, into = results.mean_kw("load_kwh", span), results.mean_kw("import_kwh", span)
    yield Line(said("metrics.load_kwh"), "load", sorted_down(load))
    if any(name in results.columns and results.series(name).any() for name in STORES):
        charged, discharged, driven, returned = (results.mean_kw(name, span) for name in STORES)
        without = into - results.mean_kw("export_kwh", span) - charged - driven + discharged + returned
        yield Line(said("report.duration_without_stores"), "pv", sorted_down(np.maximum(without, 0.0)))
    yield Line(said("metrics.import_kwh"), "battery", sorted_down(into))


def sorted_down(values: Floats, points: int = POINTS) -> Floats:
    """Values from the largest to the smallest, as the value in each of ``points`` equal shares of the time.

    The first point keeps the largest value.

    >>> sorted_down(np.array([1.0, 4.0, 2.0, 3.0]), 2).tolist()
    [4.0, 2.0]
    """
    down = np.sort(values)[::-1]
    place: Floats = down[np.arange(points) * len(down) // points]
    return place
