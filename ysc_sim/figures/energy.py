"""Energy of the whole run: flows, duration curves, and the day against the hour."""

from __future__ import annotations

from typing import Any

import numpy as np

from ysc_sim.errors import ResultError
from ysc_sim.figures.over_time import SUPPLY, titled
from ysc_sim.figures.series import Series
from ysc_sim.figures.style import COLOURS, CYCLE, dated, figure, harmless_html, shade
from ysc_sim.units import hours
from ysc_sim.words import label, metric_label, text

USES = (
    ("served_kwh", "load"),
    ("battery_charge_kwh", "battery"),
    ("ev_charge_kwh", "ev"),
    ("export_kwh", "export"),
    ("loss_kwh", "unserved"),
)
DAY_S = 86_400
MOST_DAY_TICKS = 14
MOST_POINTS = 2_000
"""Of a duration curve: more cannot be seen."""


def flows(series: Series, building: str | None, lang: str) -> Any:
    """Sankey diagram: sources on the left, uses on the right, kWh of the whole run (of an ensemble: the mean)."""
    metrics = series.results.metrics
    numbers = (
        metrics["community"] if building is None else series.results.metrics["buildings"][_known(series, building)]
    )
    sources = [(name, colour) for name, colour in SUPPLY if numbers.get(name, 0.0) > 0]
    uses = [(name, colour) for name, colour in USES if numbers.get(name, 0.0) > 0]
    if not sources or not uses:
        raise ResultError("figure_nothing", figure=text("report.flows", lang))
    drawn = figure(titled(text("report.flows", lang), building, lang))
    middle = text("report.community", lang) if building is None else harmless_html(building)
    names = [metric_label(name, lang) for name, _ in (*sources, *uses)]
    colours = [COLOURS[colour] for _, colour in (*sources, *uses)]
    centre = len(names)
    drawn.add_sankey(
        node={"label": [*names, middle], "color": [*colours, "#999999"], "pad": 18, "thickness": 16},
        link={
            "source": [*range(len(sources)), *([centre] * len(uses))],
            "target": [*([centre] * len(sources)), *range(len(sources), centre)],
            "value": [numbers[name] for name, _ in (*sources, *uses)],
            "color": [shade(colour, 0.35) for colour in colours],
        },
        valuesuffix=" kWh",
        valueformat=",.0f",
    )
    return drawn


def duration(series: Series, column: str, buildings: tuple[str, ...], lang: str) -> Any:
    """Sorted values against the share of time that they are exceeded; of an ensemble all rows together."""
    unit = "kW" if column.endswith(("_kwh", "_kw")) else series.results.metrics["units"].get(column, "")
    drawn = figure(text("figures.duration", lang), text("figures.share_of_time", lang), label("units", unit, lang))
    for number, building in enumerate((None, *buildings)):
        values = (series.power_kw if column.endswith("_kwh") else series.column)(column, building).ravel()
        values = np.sort(values[np.isfinite(values)])[::-1]
        if not len(values):
            raise ResultError("figure_nothing", figure=metric_label(column, lang))
        at = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int))
        place = text("report.community", lang) if building is None else harmless_html(building)
        share = 100.0 * (at + 1) / len(values)
        shape = {"color": CYCLE[number % len(CYCLE)], "shape": "vh"}
        drawn.add_scatter(x=share, y=values[at], name=f"{metric_label(column, lang)} · {place}", line=shape)
    return drawn


def heat_map(series: Series, column: str, building: str | None, row: int | None, lang: str) -> Any:
    """One column a day, one line a half-hour (or recorded interval, where that is longer)."""
    slot_s = max(1800, series.record_s)
    if DAY_S % slot_s or slot_s % series.record_s:
        raise ResultError("figure_nothing", figure=text("figures.heat_map", lang))
    is_energy = column.endswith("_kwh")
    values = series.one_row(series.column(column, building), row or 0)
    start = series.frame("community")["time"].iloc[0]
    before = (start.hour * 3600 + start.minute * 60 + start.second) // series.record_s
    per_day = DAY_S // series.record_s
    days = -(-(before + len(values)) // per_day)
    whole = np.full(days * per_day, np.nan)
    whole[before : before + len(values)] = values
    slots = whole.reshape(days, DAY_S // slot_s, slot_s // series.record_s)
    cells = slots.sum(axis=2) / hours(slot_s) if is_energy and "soc" not in column else slots.mean(axis=2)
    unit = "kW" if is_energy and "soc" not in column else series.results.metrics["units"].get(column, "kW")
    title = f"{metric_label(column, lang)} · {text('figures.heat_map', lang)}"
    drawn = figure(titled(title, building, lang), y=text("figures.hour", lang))
    first = np.datetime64(start.date())
    drawn.add_heatmap(
        x=first + np.arange(days),
        y=np.arange(DAY_S // slot_s) * hours(slot_s),
        z=cells.T,
        colorscale="Cividis",
        colorbar={"title": label("units", unit, lang)},
    )
    drawn.update_yaxes(autorange="reversed", dtick=3)
    if days <= MOST_DAY_TICKS:
        drawn.update_xaxes(dtick=DAY_S * 1000)
    dated(drawn, lang)
    drawn.update_layout(hovermode="closest")
    return drawn


def _known(series: Series, building: str) -> str:
    series.place(building)
    return building
