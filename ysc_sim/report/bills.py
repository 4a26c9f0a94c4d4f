"""Bills by month: who pays how much, and for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ysc_sim.report.bilingual import Html, Label, Part, html, in_a_row, name, said
from ysc_sim.report.bill_notes import bill_notes
from ysc_sim.report.monthly import MONTHS, fiscal_label, fiscal_year, monthly_chart
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.reading import Reading
from ysc_sim.report.shared_kwh import shared_kwh_tables
from ysc_sim.report.tables import Head, table
from ysc_sim.units import MJPY_PER_JPY
from ysc_sim.words import harmless, has

if TYPE_CHECKING:
    import pandas as pd

COMMUNITY, OPERATOR, NETWORK, MEMBERS = "community", "operator", "network", "members"
MOST_LINES = 400
MONTHS_OF_YEAR, MOST_WIDE = 12, 6
WHOLE_DAY = "all"
"""The only band of a plan without bands of the day needs no name."""


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
            parts.append(_by(outside, COMMUNITY, "item", said("report.bill_of_community")))
        if len(members):
            parts.append(_by(members, MEMBERS, "item", said("report.bill_by_item")))
            if members["building"].nunique() > 1:
                parts.append(_by(members, MEMBERS, "building", said("report.bill_by_building")))
        row = html(said("report.shown_row")) if results.rows > 1 else ""
        chart = monthly_chart(outside if len(outside) else members, said("report.bills_say"), lang)
        shared = shared_kwh_tables(results.manifest.get("shared_kwh", ()))
        return Html(
            f'{chart}<div class="{"side" if _months(mine) <= 2 else "below"}">{"".join(parts)}</div>'
            f'<p class="note">{in_a_row(html(said("report.bills_note")), row)}</p>'
            f"{bill_notes(results.manifest)}{shared}"
        )


def _months(lines: pd.DataFrame) -> int:
    return int(lines["month"].nunique())


def _by(lines: pd.DataFrame, part: str, key: str, caption: Label) -> str:
    """Amounts in yen: one line for each item or account, one column for each month, and the total."""
    sums = lines.pivot_table(
        index=key, columns="month", values="amount_mjpy", aggfunc="sum", sort=False, fill_value=0, observed=True
    )
    months = sorted(sums.columns)
    yen = said("units.JPY")
    heads = [Head(said(f"columns.{key}"), numeric=False)]
    columns = columns_of([str(month) for month in months])
    heads += [_head(column, yen, short=len(months) > MOST_WIDE) for column in columns]
    shown: list[list[Part]] = []
    for label, amounts in sums.head(MOST_LINES).iterrows():
        values = {str(month): int(amounts[month]) for month in months}
        shown.append([_name(key, str(label)), *_yen(values, columns, f"{part}.{key}.{escape(harmless(str(label)))}")])
    if len(sums) > 1:
        values = {str(month): int(sums[month].sum()) for month in months}
        shown.append([said("report.total"), *_yen(values, columns, f"{part}..")])
    return table(heads, shown, caption, total=len(sums) > 1)


class Column(NamedTuple):
    """A column of amounts: its heading, the months that it adds up, how it is drawn."""

    label: Label
    months: tuple[str, ...]
    css: str = ""


def _head(column: Column, yen: Label, *, short: bool) -> Head:
    """Many months: the name of the month over its year."""
    if not short or len(column.months) > 1 or column.months[0].count("-") != 1:
        return Head(column.label, yen, css=column.css)
    year, _, number = column.months[0].partition("-")
    month = Label(MONTHS.get(number, number), f"{number.lstrip('0')}月")
    return Head(month, Label(year, f"{year}年"), css=column.css)


def columns_of(months: Sequence[str]) -> list[Column]:
    """Each month; behind the last month of a fiscal year its sum where there is more than one; the total.

    >>> [column.label.ja for column in columns_of(["2027-02", "2027-03", "2027-04"])]
    ['2027年2月', '2027年3月', '2026年度', '2027年4月', '2027年度', '合計']
    """
    dated = all(month.count("-") == 1 for month in months)
    years: dict[int, list[str]] = {}
    for month in months if dated else ():
        years.setdefault(fiscal_year(month), []).append(month)
    columns: list[Column] = []
    for month in months:
        columns.append(Column(_month(month), (month,), "month"))
        year = fiscal_year(month) if dated else 0
        if len(years) > 1 and years[year][-1] == month:
            columns.append(Column(fiscal_label(year), tuple(years[year]), "sum"))
    if len(months) > 1:
        only = fiscal_label(next(iter(years))) if len(years) == 1 and len(months) == MONTHS_OF_YEAR else None
        columns.append(Column(only or said("report.total"), tuple(months), "sum"))
    return columns


def _yen(amounts_mjpy: Mapping[str, int], columns: Sequence[Column], where: str) -> list[Html]:
    """The sum of each column; ``where`` says of what, so that it can be found in the stored table again."""
    shown = []
    for column in columns:
        jpy = sum(amounts_mjpy[month] for month in column.months) / MJPY_PER_JPY
        months = escape(" ".join(column.months))
        shown.append(stored(jpy, digits(jpy, "JPY"), f'data-bill="{where}" data-months="{months}"'))
    return shown


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
            return base if band == WHOLE_DAY else Label(f"{base.en} ({band})", f"{base.ja}({band})")
    return name(label)
