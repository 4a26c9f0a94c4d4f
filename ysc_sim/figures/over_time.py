"""Figures over time: demand against the contract, supply and demand, what is stored, prices, voltages."""

from __future__ import annotations

from typing import Any

import numpy as np

from ysc_sim.errors import ResultError
from ysc_sim.figures.series import Series
from ysc_sim.figures.style import COLOURS, dated, figure, harmless_html, shade
from ysc_sim.units import Floats
from ysc_sim.words import label, metric_label, text

SUPPLY = (
    ("import_kwh", "grid"),
    ("pv_kwh", "pv"),
    ("wind_kwh", "wind"),
    ("genset_kwh", "genset"),
    ("battery_discharge_kwh", "battery"),
    ("ev_discharge_kwh", "ev"),
)
STORES = (("soc_kwh", "battery"), ("ev_soc_kwh", "ev"))


def titled(what: str, building: str | None, lang: str) -> str:
    """A title, with the building where it is about one."""
    return what if building is None else f"{what} · {harmless_html(building)}"


def line(drawn: Any, series: Series, values: Floats, name: str, colour: str, row: int | None, **said: Any) -> None:
    """A step line; of an ensemble the median within its 5 to 95 % band, unless one row is asked for."""
    times, shape = series.points, {"color": colour, "shape": "hv"}
    if row is not None or series.rows == 1:
        drawn.add_scatter(x=times, y=series.one_row(values, row or 0), name=name, line=shape, **said)
        return
    low, middle, high = bands(values)
    hidden = {"line": {"width": 0, "shape": "hv", "color": colour}, "hoverinfo": "skip", "showlegend": False}
    drawn.add_scatter(x=times, y=high, **hidden)
    drawn.add_scatter(x=times, y=low, fill="tonexty", fillcolor=shade(colour, 0.2), **hidden)
    drawn.add_scatter(x=times, y=middle, name=name, line=shape, **said)


def bands(values: Floats) -> Floats:
    """5th percentile, median and 95th of each point over the rows (T, S), (3, T); NaN where nothing is known.

    >>> bands(np.array([[1.0, 3.0], [np.nan, np.nan]]))[1].tolist()
    [2.0, nan]
    """
    result = np.full((3, len(values)), np.nan)
    known = np.isfinite(values).any(axis=1)
    result[:, known] = np.nanpercentile(values[known], [5, 50, 95], axis=1)
    return result


def demand(series: Series, building: str | None, row: int | None, lang: str) -> Any:
    """Half-hour demand, the contract, and the largest value marked."""
    values = series.shown(series.column("demand_kw", building))
    drawn = figure(titled(text("report.demand", lang), building, lang), y=label("units", "kW", lang))
    line(drawn, series, values, metric_label("demand_kw", lang), COLOURS["grid"], row)
    shown = series.one_row(values, row or 0) if row is not None or series.rows == 1 else bands(values)[1]
    if np.isfinite(shown).any():
        at = int(np.nanargmax(shown))
        drawn.add_annotation(x=str(series.points[at]), y=shown[at], text=f"{shown[at]:,.1f} kW", arrowhead=2)
    drawn.update_yaxes(rangemode="tozero")
    dated(drawn, lang)
    metrics = series.results.metrics
    numbers = metrics["community"] if building is None else metrics["buildings"][building]
    one_contract = bool(series.results.manifest.get("terms", {}).get("one_contract")) or building is not None
    if "contract_kw" in numbers and one_contract and metrics["units"].get("contract_kw") == "kW":
        name = metric_label("contract_kw", lang)
        dash = {"color": COLOURS["limit"], "dash": "dash"}
        drawn.add_hline(y=numbers["contract_kw"], line=dash, annotation_text=name, annotation_position="top left")
    return drawn


def balance(series: Series, building: str | None, row: int | None, lang: str) -> Any:
    """Where the power comes from, stacked, and the demand as a line."""
    drawn = figure(titled(text("report.balance", lang), building, lang), y=label("units", "kW", lang))
    for name, colour in SUPPLY:
        if series.has(name, building) and series.column(name, building).any():
            power = series.one_row(series.shown(series.power_kw(name, building)), row or 0)
            shape = {"width": 0, "shape": "hv", "color": COLOURS[colour]}
            drawn.add_scatter(
                x=series.points, y=power, name=metric_label(name, lang), stackgroup="supply", line=shape,
                fillcolor=shade(COLOURS[colour], 0.75),
            )  # fmt: skip
    load = series.one_row(series.shown(series.power_kw("load_kwh", building)), row or 0)
    shape = {"color": COLOURS["load"], "shape": "hv", "width": 1.5}
    drawn.add_scatter(x=series.points, y=load, name=metric_label("load_kwh", lang), line=shape)
    dated(drawn, lang)
    return drawn


def stored(series: Series, building: str | None, row: int | None, lang: str) -> Any:
    """What batteries and vehicles hold at the end of each interval."""
    present = [(name, colour) for name, colour in STORES if series.has(name, building)]
    if not present:
        raise ResultError("figure_nothing", figure=text("report.storage", lang))
    drawn = figure(titled(text("report.storage", lang), building, lang), y=label("units", "kWh", lang))
    for name, colour in present:
        line(
            drawn,
            series,
            series.shown(series.column(name, building), at_end=True),
            metric_label(name, lang),
            COLOURS[colour],
            row,
        )
    drawn.update_yaxes(rangemode="tozero")
    dated(drawn, lang)
    return drawn


def prices(series: Series, row: int | None, lang: str) -> Any:
    """Price of local trade, and how much was traded."""
    if not series.has("price_jpy_per_kwh"):
        raise ResultError("figure_nothing", figure=text("report.price", lang))
    drawn = figure(text("report.trading", lang), y=label("units", "JPY/kWh", lang))
    traded = series.one_row(series.shown(series.power_kw("traded_kwh")), row or 0)
    price = series.one_row(series.shown(series.column("price_jpy_per_kwh")), row or 0)
    bars = {"color": shade(COLOURS["pv"], 0.5)}
    drawn.add_bar(x=series.points, y=traded, name=f"{metric_label('traded_kwh', lang)} (kW)", yaxis="y2", marker=bars)
    shape = {"color": COLOURS["grid"], "shape": "hv"}
    drawn.add_scatter(x=series.points, y=price, name=text("report.price", lang), line=shape, connectgaps=False)
    drawn.update_layout(
        yaxis2={"overlaying": "y", "side": "right", "title": "kW", "showgrid": False, "tickmode": "auto"}, bargap=0
    )
    dated(drawn, lang)
    return drawn


def voltages(series: Series, row: int | None, lang: str) -> Any:
    """Lowest and highest voltage of the network."""
    if "power_flow" not in series.results.frames:
        raise ResultError("figure_nothing", figure=text("report.voltage", lang))
    frame = series.frame("power_flow")
    whole = frame[frame["building"] == "community"]
    drawn = figure(text("report.network", lang), y=label("units", "pu", lang))
    times = whole["time"].dt.tz_localize(None).to_numpy()[:: series.rows]
    for name, colour in (("min_voltage_pu", COLOURS["grid"]), ("max_voltage_pu", COLOURS["pv"])):
        values = series.one_row(whole[name].to_numpy(dtype=np.float64).reshape(-1, series.rows), row or 0)
        drawn.add_scatter(x=times, y=values, name=metric_label(name, lang), line={"color": colour, "shape": "hv"})
    dated(drawn, lang)
    return drawn
