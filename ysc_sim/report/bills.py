"""Bills by month: who pays how much, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said
from ysc_sim.report.numbers import digits
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table
from ysc_sim.units import MJPY_PER_JPY
from ysc_sim.words import has

if TYPE_CHECKING:
    import pandas as pd

COMMUNITY, OPERATOR, NETWORK = "community", "operator", "network"
MOST_LINES = 400


class Bills:
    """Tables of the first row's bills."""

    kind: ClassVar[str] = "bills"
    order: ClassVar[int] = 90

    def title(self) -> Label:
        """Heading."""
        return said("report.bills")

    def applies(self, results: Reading) -> bool:
        """Where there is a bill."""
        return bool(len(results.frame("bills")))

    def render(self, results: Reading, lang: str) -> Html:
        """By account and by item; the community's own bill apart from what its members pay."""
        frame = results.frame("bills")
        mine = frame[frame["row"] == 0]
        members = mine[~mine["building"].isin([COMMUNITY, OPERATOR, NETWORK])]
        outside = mine[mine["building"] == COMMUNITY]
        parts: list[str] = []
        if len(outside):
            parts.append(_by(outside, "item", said("report.bill_of_community")))
        if len(members):
            parts.append(_by(members, "item", said("report.bill_by_item")))
            parts.append(_by(members, "building", said("report.bill_by_building")))
        row = html(said("report.shown_row")) if results.rows > 1 else ""
        return Html(
            f'<div class="{"side" if _months(mine) <= 2 else "below"}">{"".join(parts)}</div>'
            f'<p class="note">{html(said("report.bills_note"))} {row}</p>'
        )


def _months(lines: pd.DataFrame) -> int:
    return int(lines["month"].nunique())


def _by(lines: pd.DataFrame, key: str, caption: Label) -> str:
    """Amounts in yen: one line for each item or account, one column for each month, and the total."""
    sums = lines.pivot_table(
        index=key, columns="month", values="amount_mjpy", aggfunc="sum", sort=False, fill_value=0, observed=True
    )
    months = sorted(sums.columns)
    yen = said("units.JPY")
    heads = [Head(said(f"columns.{key}"), numeric=False)]
    heads += [Head(_month(month), yen) for month in months]
    if len(months) > 1:
        heads.append(Head(said("report.total"), yen))
    shown: list[list[Part]] = []
    for label, amounts in sums.head(MOST_LINES).iterrows():
        values = [int(amounts[month]) for month in months]
        shown.append([_name(key, str(label)), *_yen(values)])
    if len(sums) > 1:
        shown.append([said("report.total"), *_yen([int(sums[month].sum()) for month in months])])
    return table(heads, shown, caption, total=len(sums) > 1)


def _yen(amounts_mjpy: list[int]) -> list[Html]:
    whole = [*amounts_mjpy, sum(amounts_mjpy)] if len(amounts_mjpy) > 1 else amounts_mjpy
    return [
        Html(f'<data class="n" value="{mjpy / MJPY_PER_JPY!r}">{digits(mjpy / MJPY_PER_JPY, "JPY")}</data>')
        for mjpy in whole
    ]


def _month(month: str) -> Label:
    year, number = month.split("-") if month.count("-") == 1 else (month, "")
    return Label(month, f"{year}年{number.lstrip('0')}月" if number else month)


def _name(key: str, label: str) -> Label:
    """An item by its words (bands of the day keep the plan's own name behind them), a building by its name."""
    if key == "building":
        return name(label)
    if has(f"items.{label}"):
        return said(f"items.{label}")
    for known in ("fuel_adjustment", "energy", "demand"):
        if label.startswith(known + "_"):
            base, band = said(f"items.{known}"), name(label.removeprefix(known + "_")).en
            return Label(f"{base.en} ({band})", f"{base.ja}({band})")
    return name(label)
