"""Outages on a line of time, and how many of them are lived through for how long."""

from __future__ import annotations

from typing import Any

import numpy as np

from ysc_sim.errors import ResultError
from ysc_sim.figures.series import Series
from ysc_sim.figures.style import COLOURS, CYCLE, dated, figure, harmless_html
from ysc_sim.words import label, text

HOUR_MS = 3_600_000.0


def outages(series: Series, row: int, lang: str) -> Any:
    """Each outage of one row as a bar: how long it lasted, and how long the cell lived."""
    frame = series.frame("outages")
    own = frame[frame["row"] == row]
    if own.empty:
        raise ResultError("figure_nothing", figure=text("report.outages", lang))
    drawn = figure(text("report.outages", lang), barmode="overlay")
    starts = own["start"].dt.tz_localize(None).to_numpy()
    cells = [harmless_html(str(cell)) for cell in own["cell"]]
    causes = [label("causes", str(cause), lang) for cause in own["cause"]]
    for column, key, colour, width in (
        ("hours", "outage", COLOURS["unserved"], 0.6),
        ("survived_h", "lived", COLOURS["battery"], 0.35),
    ):
        drawn.add_bar(
            base=starts,
            x=own[column].to_numpy(dtype=float) * HOUR_MS,
            y=cells,
            orientation="h",
            width=width,
            name=text(f"figures.{key}", lang),
            marker={"color": colour},
            customdata=np.column_stack([own[column].to_numpy(dtype=float), causes]),
            hovertemplate="%{customdata[0]} h · %{customdata[1]}",
        )
    drawn.update_xaxes(type="date")
    dated(drawn, lang)
    drawn.update_layout(hovermode="closest")
    return drawn


def survival(series: Series, lang: str) -> Any:
    """Share of the outages of the run (all rows) that a cell lives through for at least so many hours."""
    frame = series.frame("outages")
    if frame.empty:
        raise ResultError("figure_nothing", figure=text("report.outages", lang))
    drawn = figure(
        text("figures.survival", lang), x=text("report.survival_x", lang), y=text("figures.share_of_outages", lang)
    )
    for number, (cell, own) in enumerate(frame.groupby("cell", sort=True)):
        lived = np.sort(own["survived_h"].to_numpy(dtype=float))
        hours, first = np.unique(lived, return_index=True)
        share = 100.0 * (len(lived) - first) / len(lived)
        x, y = np.concatenate([[0.0], hours]), np.concatenate([[100.0], share])
        shape = {"color": CYCLE[number % len(CYCLE)], "shape": "vh"}
        drawn.add_scatter(
            x=x, y=y, name=f"{harmless_html(str(cell))} (n = {len(lived)})", line=shape, mode="lines+markers"
        )
    drawn.update_yaxes(range=[0, 105])
    return drawn
