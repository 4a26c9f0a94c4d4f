"""How far the rows of an ensemble lie apart, over time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ysc_sim.report.bilingual import Html, Label, Part, html, said
from ysc_sim.report.numbers import metric
from ysc_sim.report.outage_starts import maps_by_start
from ysc_sim.report.reading import HALF_HOUR_S, Reading, Span
from ysc_sim.report.tables import Head, table
from ysc_sim.report.timechart import Range, Series, TimeChart
from ysc_sim.units import Floats

SHOWN = (("demand_kw", "grid", "kW"), ("soc_kwh", "battery", "kWh"), ("unserved_kwh", "tier2", "kW"))
NUMBERS = ("bill_jpy", "saving_jpy", "peak_import_kw", "import_kwh", "self_sufficiency_ratio", "unserved_kwh", "co2_kg")
TIERS = tuple(f"unserved_kwh_tier{tier}" for tier in (1, 2, 3, 4))
IN_OUTAGES = (*TIERS, "served_outage_ratio", "saifi", "saidi_h", "caidi_h", "maifi")
"""Numbers that are shown where the grid was away at all."""
MOST_VALUES = 40_000_000
"""Values of one column above which no band is drawn."""


class Ensemble:
    """Bands from the 5th to the 95th percentile over the rows."""

    kind: ClassVar[str] = "ensemble"
    order: ClassVar[int] = 15
    needs_course: ClassVar[bool] = False

    def title(self) -> Label:
        """Heading."""
        return said("report.ensemble")

    def applies(self, results: Reading) -> bool:
        """Where there is more than one row."""
        return results.rows > 1

    def render(self, results: Reading, lang: str) -> Html:
        """The main numbers with their bands, outages by their start, then the bands over time."""
        figures = "".join(
            self._figure(results, column, css, unit, lang)
            for column, css, unit in SHOWN
            if column in results.columns and 0 < len(results.frame("community")) <= MOST_VALUES
        )
        return Html(_numbers(results) + maps_by_start(results, lang) + figures)

    def _figure(self, results: Reading, column: str, css: str, unit: str, lang: str) -> str:
        span = results.whole
        rows = points_of(results, column, span)
        if not np.nanmax(rows, initial=0.0) > 0:
            return ""
        known = np.isfinite(rows).any(axis=1)
        low, high = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        low[known], high[known] = np.nanquantile(rows[known], (0.05, 0.95), axis=1)
        mean = np.full(len(rows), np.nan)
        mean[known] = np.nanmean(rows[known], axis=1)
        label = said(f"columns.{column}" if column != "unserved_kwh" else f"metrics.{column}")
        chart = TimeChart(
            results,
            span,
            said(f"units.{unit}"),
            said("report.ensemble_says", quantity=label),
            ranges=[Range(said("report.band_90"), f"{css} pale", low, high)],
            lines=[Series(said("report.mean"), css, mean)],
            height_px=190,
            shade=False,
        )
        return f"<figure><h3>{html(label)}</h3>{chart.html(lang)}</figure>"


def points_of(results: Reading, column: str, span: Span) -> Floats:
    """A column of all rows in the points of a span, (points, S): means of energies as kW, the largest demand."""
    values = results.all_rows(column)
    starts = np.arange(0, len(values), max(1, span.point_s // results.record_s))
    if column == "soc_kwh":
        last: Floats = values[np.append(starts[1:], len(values)) - 1]
        return last
    if column.endswith("_kw"):
        most: Floats = np.fmax.reduceat(values, starts, axis=0)
        return most
    lengths = np.diff(np.append(starts, len(values))) * results.record_s / (2.0 * HALF_HOUR_S)
    means: Floats = np.add.reduceat(np.nan_to_num(values), starts, axis=0) / lengths[:, None]
    return means


def _numbers(results: Reading) -> str:
    community = results.metrics["community"]
    wanted = (*NUMBERS, *(IN_OUTAGES if community.get("outage_hours", 0.0) > 0 else ()))
    names = [name for name in wanted if name in community and f"{name}_p05" in community]
    heads = [
        Head(said("report.number"), numeric=False),
        Head(said("report.mean")),
        Head(said("report.p05")),
        Head(said("report.p95")),
    ]
    lines: list[list[Part]] = [
        [said(f"metrics.{name}"), metric(results, name), metric(results, f"{name}_p05"), metric(results, f"{name}_p95")]
        for name in names
    ]
    return table(heads, lines, said("report.ensemble_table")) if lines else ""
