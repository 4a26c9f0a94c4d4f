"""How long cells lived through the outages of an ensemble, by month and hour in which these began."""

from __future__ import annotations

import calendar
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np

from ysc_sim.report.bilingual import Label, attributes, html, name, said
from ysc_sim.report.heat import HOURS, LEVELS, png
from ysc_sim.report.numbers import digits, percent
from ysc_sim.report.reading import Reading
from ysc_sim.study.ensemble import outages_by_start
from ysc_sim.units import Floats

if TYPE_CHECKING:
    import pandas as pd

FEWEST, MOST_CELLS = 24, 4
"""Outages of which a map is made; cells that get one."""
CSS, RGB = "battery", (31, 157, 138)


def maps_by_start(results: Reading, lang: str) -> str:
    """A map for each cell; nothing where there were few outages."""
    outages = results.frame("outages")
    if len(outages) < FEWEST:
        return ""
    table = outages_by_start(outages)
    maps = [_map(str(cell), mine, lang) for cell, mine in list(table.groupby("cell", sort=True))[:MOST_CELLS]]
    return f'<div class="heats">{"".join(maps)}</div><p class="note">{html(said("report.starts_note"))}</p>'


def grid_of(table: pd.DataFrame) -> tuple[list[int], Floats]:
    """Months that occur, and mean hours (24, months), NaN where no outage began."""
    months = sorted(int(month) for month in table["month"].unique())
    grid = np.full((24, len(months)), np.nan)
    place = [months.index(int(month)) for month in table["month"]]
    grid[table["hour"].to_numpy(), place] = table["survived_h_mean"].to_numpy()
    return months, grid


def _map(cell: str, table: pd.DataFrame, lang: str) -> str:
    months, grid = grid_of(table)
    most = max(float(np.nanmax(grid)), 1e-9)
    level = np.where(np.isfinite(grid), 1 + np.rint(np.nan_to_num(grid) / most * (LEVELS - 1)), 0).astype(np.uint8)
    picture = b64encode(png(level, RGB)).decode()
    count = int(table["outages"].sum())
    lived = float((table["lived_ratio"] * table["outages"]).sum() / count)
    label = said("report.community") if cell == "community" else name(cell, 24)
    words = said("report.starts_says", outages=name(f"{count:,}"), share=name(percent(lived)))
    across = "".join(
        f'<span class="xt" style="left:{(number + 0.5) / len(months):.2%}">{html(_month(month))}</span>'
        for number, month in enumerate(months)
    )
    hours = "".join(f'<span class="yt" style="top:{hour / 24:.1%}">{hour}:00</span>' for hour in HOURS)
    return (
        f'<figure class="heat"><h3>{html(said("report.starts_head", cell=label))}</h3>'
        f'<div class="axes" style="--h:190px"><div class="y">{hours}</div>'
        f'<div class="plot"><img role="img" {attributes(words, lang)} data-most="{most!r}" alt="" '
        f'src="data:image/png;base64,{picture}"></div><div class="x">{across}</div></div>'
        f'<p class="ramp"><span>0</span><i class="{CSS}" style="--rgb:{",".join(map(str, RGB))}"></i>'
        f"<span>{digits(most)} h</span></p><figcaption>{html(words)}</figcaption></figure>"
    )


def _month(number: int) -> Label:
    return Label(calendar.month_abbr[number], f"{number}月")
