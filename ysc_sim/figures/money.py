"""Bills by month and item, and who gains by how much."""

from __future__ import annotations

from typing import Any

from ysc_sim.errors import ResultError
from ysc_sim.figures.over_time import titled
from ysc_sim.figures.series import Series
from ysc_sim.figures.style import COLOURS, figure, harmless_html
from ysc_sim.words import item_label, label, metric_label, text

MILLI = 1000.0
MOST_BARS = 60


def bills(series: Series, building: str | None, lang: str) -> Any:
    """Stacked bars a month, one colour an item; of an ensemble the mean of its rows."""
    frame = series.frame("bills")
    account = _account(series, building)
    own = frame[frame["building"] == account] if account else frame[frame["building"].isin(series.results.buildings)]
    if own.empty:
        raise ResultError("figure_nothing", figure=text("report.bills", lang))
    amounts = own.pivot_table(index="month", columns="item", values="amount_mjpy", aggfunc="sum", sort=False)
    amounts = amounts.fillna(0.0).astype(float) / MILLI / series.rows
    drawn = figure(
        titled(text("report.bills", lang), building, lang), y=label("units", "JPY", lang), barmode="relative"
    )
    for item in amounts.columns:
        if amounts[item].any():
            name = harmless_html(item_label(str(item), lang))
            drawn.add_bar(x=list(amounts.index), y=amounts[item].to_numpy(), name=name)
    totals = {"x": list(amounts.index), "y": amounts.sum(axis=1).to_numpy(), "name": text("report.total", lang)}
    marker = {"color": COLOURS["load"], "symbol": "diamond", "size": 8}
    drawn.add_scatter(**totals, mode="markers", marker=marker)
    drawn.update_xaxes(type="category")
    return drawn


def _account(series: Series, building: str | None) -> str | None:
    """Whose lines are shown: a building's, the community's contract, or those of all buildings."""
    if building is not None:
        series.place(building)
        return building
    accounts = set(series.frame("bills")["building"])
    return "community" if "community" in accounts else None


def gains(series: Series, lang: str) -> Any:
    """What each building saves against a bill of its own, largest first; with the 5 to 95 % range of an ensemble."""
    own = series.results.metrics["buildings"]
    values = {name: numbers for name, numbers in own.items() if "saving_jpy" in numbers}
    if not values:
        raise ResultError("figure_nothing", figure=metric_label("saving_jpy", lang))
    names = sorted(values, key=lambda name: -values[name]["saving_jpy"])
    if len(names) > MOST_BARS:
        half = MOST_BARS // 2
        names = [*names[:half], *names[-half:]]
    savings = [values[name]["saving_jpy"] for name in names]
    axis = f"{metric_label('saving_jpy', lang)} ({label('units', 'JPY', lang)})"
    drawn = figure(text("figures.gains", lang), x=axis)
    spread = None
    if all("saving_jpy_p05" in values[name] for name in names):
        spread = {
            "type": "data",
            "symmetric": False,
            "array": [values[name]["saving_jpy_p95"] - values[name]["saving_jpy"] for name in names],
            "arrayminus": [values[name]["saving_jpy"] - values[name]["saving_jpy_p05"] for name in names],
        }
    colours = [COLOURS["battery"] if saving >= 0 else COLOURS["unserved"] for saving in savings]
    drawn.add_bar(
        x=savings, y=[harmless_html(name) for name in names], orientation="h", error_x=spread,
        marker={"color": colours},
        text=[f"{saving:,.0f}" for saving in savings], showlegend=False,
    )  # fmt: skip
    drawn.update_yaxes(autorange="reversed", type="category")
    drawn.update_layout(hovermode="closest", height=max(300, 24 * len(names) + 150))
    return drawn
