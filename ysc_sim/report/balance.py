"""Energy balance over time: what supplied, stacked upwards; what was stored or sold, downwards; demand as a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ysc_sim.report.bilingual import Html, Label, day, html, said
from ysc_sim.report.reading import DAY_S, Reading, Span
from ysc_sim.report.timechart import Series, TimeChart

UP = (
    ("pv_kwh", "pv"),
    ("wind_kwh", "wind"),
    ("genset_kwh", "genset"),
    ("battery_discharge_kwh", "battery"),
    ("ev_discharge_kwh", "ev"),
    ("import_kwh", "grid"),
)
DOWN = (("battery_charge_kwh", "battery pale"), ("ev_charge_kwh", "ev pale"), ("export_kwh", "export"))


class Balance:
    """Mean power of every class of source and use."""

    kind: ClassVar[str] = "balance"
    order: ClassVar[int] = 30

    def title(self) -> Label:
        """Heading."""
        return said("report.balance")

    def applies(self, results: Reading) -> bool:
        """Always."""
        return "load_kwh" in results.columns

    def render(self, results: Reading, lang: str) -> Html:
        """One figure, and another of the week of the peak where the run is long."""
        return Html("".join(self._figure(results, span, lang) for span in results.spans))

    def _figure(self, results: Reading, span: Span, lang: str) -> str:
        chart = TimeChart(
            results,
            span,
            said("units.kW"),
            said("report.balance_says"),
            up=list(_series(results, span, UP)),
            down=list(_series(results, span, DOWN)),
            lines=[Series(said("metrics.load_kwh"), "load", results.mean_kw("load_kwh", span))],
            height_px=320,
        )
        note = html(what_is_shown(results, span))
        return f"<figure>{chart.html(lang)}<figcaption>{note}</figcaption></figure>"


def _series(results: Reading, span: Span, wanted: tuple[tuple[str, str], ...]) -> Iterator[Series]:
    for name, css in wanted:
        values = results.mean_kw(name, span)
        if values.any():
            yield Series(said(f"metrics.{name}"), css, values)


def what_is_shown(results: Reading, span: Span, *, largest: bool = False) -> Label:
    """How a series was cut down for the page: means (or the largest value) of half-hours, days, and of which time."""
    kind = "most" if largest else "mean"
    days, minutes = divmod(span.point_s, DAY_S)
    if days and not minutes:
        point = said("report.point_days", count=str(days)) if days > 1 else said("report.point_day")
    else:
        point = said("report.point_minutes", count=f"{span.point_s / 60:g}")
    shown = said(f"report.shown_{kind}", point=point)
    if results.week is not None and span == results.week:
        first, last = day(results.at(span.start_s)), day(results.at(span.end_s - 1))
        week = said("report.shown_week", first=first, last=last)
        shown = Label(f"{week.en} {shown.en}", week.ja + shown.ja)
    if results.rows > 1:
        row = said("report.shown_row")
        shown = Label(f"{shown.en} {row.en}", shown.ja + row.ja)
    return shown
