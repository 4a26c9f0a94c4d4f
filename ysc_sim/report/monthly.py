"""Bills by month as stacked bars: what is paid upwards, what is received downwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ysc_sim.report.bilingual import Html, Label, attributes, html, said
from ysc_sim.report.plot import Plot, scale, vertical_axis
from ysc_sim.units import MJPY_PER_JPY, Floats

if TYPE_CHECKING:
    import pandas as pd

GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("bill_demand", "load-item", ("demand", "exceedance", "demand_share")),
    ("bill_energy", "grid", ("energy", "grid_energy", "traded_energy_not_bought", "network_losses")),
    ("bill_levy", "wind", ("levy", "fuel_adjustment", "tax", "wheeling")),
    ("bill_trade", "trade", ("trade_bought", "trade_sold")),
    ("bill_export", "export", ("export", "grid_export")),
)
"""Words, colour and items of each part of a bar; everything else is one more part."""
OTHER = ("bill_other", "ev")
MOST_MONTHS = 60
MONTHS = dict(
    zip(
        (f"{number:02d}" for number in range(1, 13)),
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        strict=True,
    )
)


def group_of(item: str) -> tuple[str, str]:
    """Words and colour of the part that an item belongs to; bands of the day belong to their item.

    >>> group_of("energy_peak"), group_of("rounding")
    (('bill_energy', 'grid'), ('bill_other', 'ev'))
    """
    for words, css, items in GROUPS:
        if any(item == known or item.startswith(f"{known}_") for known in items):
            return words, css
    return OTHER


def monthly_chart(lines: pd.DataFrame, says: Label, lang: str) -> Html:
    """A bar for each month of these lines of bills, parts stacked; nothing for a single month."""
    months = sorted(set(lines["month"].astype(str)))[:MOST_MONTHS]
    shown = _parts(lines, months)
    if len(months) < 2 or not shown:
        return Html("")
    plot, ticks = _stacked(shown, len(months))
    key = "".join(f'<li><i class="sw {css}"></i>{html(said(f"report.{words}"))}</li>' for words, css, _ in shown)
    axis = vertical_axis(plot, ticks, said("report.thousand_yen"))
    below = "".join(_month_mark(months, number) for number in range(len(months)))
    drawing = plot.html(attributes(says, lang))
    return Html(
        f'<figure><div class="chart"><div class="key"><ul>{key}</ul></div>'
        f'<div class="axes months" style="--h:220px">{axis}<div class="plot">{drawing}</div>'
        f'<div class="x">{below}</div></div></div></figure>'
    )


def _parts(lines: pd.DataFrame, months: Sequence[str]) -> list[tuple[str, str, Floats]]:
    """Words, colour and thousand yen of each part, (months,); parts below a yen are left out."""
    parts: dict[tuple[str, str], list[float]] = {}
    for month, item, amount in zip(
        lines["month"].astype(str), lines["item"].astype(str), lines["amount_mjpy"], strict=True
    ):
        if month in months:
            values = parts.setdefault(group_of(item), [0.0] * len(months))
            values[months.index(month)] += int(amount) / MJPY_PER_JPY
    order = [*((words, css) for words, css, _ in GROUPS), OTHER]
    return [(*key, np.array(parts[key]) / 1000.0) for key in order if any(abs(v) >= 1.0 for v in parts.get(key, ()))]


def _stacked(shown: Sequence[tuple[str, str, Floats]], count: int) -> tuple[Plot, list[float]]:
    values = np.array([part for _, _, part in shown])
    top, low = np.maximum(values, 0.0).sum(axis=0).max(), np.minimum(values, 0.0).sum(axis=0).min()
    ticks = scale(float(low), float(top))
    plot = Plot(0.0, count, ticks[0], ticks[-1])
    plot.grid(ticks)
    edges = np.arange(count + 1, dtype=np.float64)
    up, down = np.zeros(count), np.zeros(count)
    for _, css, part in shown:
        base = np.where(part >= 0, up, down)
        plot.blocks(edges, base, base + part, css)
        up, down = up + np.maximum(part, 0.0), down + np.minimum(part, 0.0)
    return plot, ticks


def _month_mark(months: Sequence[str], number: int) -> str:
    """The number of the month; the fiscal year where one begins, and at the first bar."""
    month = months[number].partition("-")[2]
    place = (number + 0.5) / len(months)
    minor = " minor" if len(months) > 13 and number % 2 else ""
    label = Label(MONTHS.get(month, months[number]), f"{month.lstrip('0')}月" if month else months[number])
    begins = ""
    if month and (number == 0 or month == "04"):
        begins = f"<small>{html(fiscal_label(fiscal_year(months[number])))}</small>"
    return f'<span class="xt{minor}" style="left:{place:.2%}">{html(label)}{begins}</span>'


def fiscal_year(month: str) -> int:
    """The fiscal year, April to March, that a month belongs to.

    >>> fiscal_year("2027-03"), fiscal_year("2027-04")
    (2026, 2027)
    """
    year, _, number = month.partition("-")
    return int(year) - (int(number) < 4)


def fiscal_label(year: int) -> Label:
    """What a fiscal year is called.

    >>> fiscal_label(2026)
    Label(en='FY 2026', ja='2026年度')
    """
    return said("report.fiscal_year", year=str(year))
