"""Every building: energy, peak, bills; and its half-hour demand at a glance."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ysc_sim.report.bilingual import Html, Label, html, name, said
from ysc_sim.report.numbers import metric, places_of, unit_of
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table
from ysc_sim.report.timechart import Series, TimeChart
from ysc_sim.units import Floats

COLUMNS = (
    "load_kwh",
    "pv_kwh",
    "wind_kwh",
    "genset_kwh",
    "import_kwh",
    "export_kwh",
    "traded_kwh",
    "self_sufficiency_ratio",
    "unserved_kwh",
    "peak_import_kw",
    "contract_kw",
    "bill_without_sharing_jpy",
    "bill_jpy",
    "saving_jpy",
)
MOST_LINES, MOST_FIGURES = 400, 24


class EachBuilding:
    """Per-building table and small figures."""

    kind: ClassVar[str] = "buildings"
    order: ClassVar[int] = 80

    def title(self) -> Label:
        """Heading."""
        return said("report.buildings")

    def applies(self, results: Reading) -> bool:
        """Where there is more than one."""
        return len(results.buildings) > 1

    def render(self, results: Reading, lang: str) -> Html:
        """Table, then one small figure for each, largest peaks first where there are many."""
        return Html(_table(results) + _figures(results, lang))


def _table(results: Reading) -> str:
    own = results.metrics["buildings"]
    present = [column for column in COLUMNS if any(column in numbers for numbers in own.values())]
    heads = [Head(said("columns.building"), numeric=False)]
    heads += [Head(said(f"metrics.{column}"), unit_of(results, column)) for column in present]
    places = {column: places_of(results, column) for column in present}
    lines = []
    for building in results.buildings[:MOST_LINES]:
        line: list[Html | Label] = [name(building)]
        line += [metric(results, column, building, unit=False, places=places[column]) for column in present]
        lines.append(line)
    more = ""
    if len(results.buildings) > MOST_LINES:
        more = f'<p class="more">{html(said("report.more_lines", count=str(len(results.buildings) - MOST_LINES)))}</p>'
    return table(heads, lines, said("report.buildings_table")) + more


def _figures(results: Reading, lang: str) -> str:
    demand = results.of_buildings("demand_kw")
    if demand is None or not demand.size or not np.isfinite(demand).any():
        return ""
    span = results.week or results.whole
    per = max(1, span.point_s // results.record_s)
    part = demand[span.start_s // results.record_s : -(-span.end_s // results.record_s)]
    points: Floats = np.fmax.reduceat(part, np.arange(0, len(part), per), axis=0)
    peaks = np.nan_to_num(np.nanmax(np.vstack([points, np.zeros(points.shape[1])]), axis=0))
    chosen = np.argsort(-peaks, kind="stable")[:MOST_FIGURES]
    figures = "".join(_figure(results, lang, int(b), points[:, b]) for b in sorted(chosen.tolist()))
    heading, note = html(said("report.buildings_demand")), html(said("report.buildings_note"))
    return f'<h3>{heading}</h3><div class="many">{figures}</div><p class="note">{note}</p>'


def _figure(results: Reading, lang: str, b: int, values: Floats) -> str:
    building = results.buildings[b]
    limit = results.metrics["buildings"][building].get("contract_kw")
    span = results.week or results.whole
    chart = TimeChart(
        results,
        span,
        said("units.kW"),
        said("report.building_says", building=name(building)),
        up=[Series(said("columns.demand_kw"), "grid", values)],
        limit=None if limit is None else (limit, Label("", "")),
        height_px=84,
        small=True,
    )
    peak = metric(results, "peak_import_kw", building)
    contract = f' <span class="u">/ {metric(results, "contract_kw", building)}</span>' if limit is not None else ""
    return f'<figure class="mini"><h4>{html(name(building, 28))}</h4><p>{peak}{contract}</p>{chart.html(lang)}</figure>'
