"""Half-hour demand (デマンド値) against its limit, and the day of the peak opened up."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ysc_sim.report.balance import what_is_shown
from ysc_sim.report.bilingual import Html, Label, html, instant, said
from ysc_sim.report.numbers import digits, metric
from ysc_sim.report.reading import DAY_S, HALF_HOUR_S, Reading, Span
from ysc_sim.report.timechart import Series, TimeChart


class Demand:
    """Demand at the point of connection."""

    kind: ClassVar[str] = "demand"
    order: ClassVar[int] = 40

    def title(self) -> Label:
        """Heading."""
        return said("report.demand")

    def applies(self, results: Reading) -> bool:
        """Where at least one half-hour is complete and something was imported."""
        return "demand_kw" in results.columns and bool(np.nansum(results.series("demand_kw")) > 0)

    def render(self, results: Reading, lang: str) -> Html:
        """The whole run, then the day of the peak."""
        return Html(self._whole(results, lang) + self.peak_day(results, lang))

    def peak_day(self, results: Reading, lang: str) -> Html:
        """The half-hours of the day that holds the largest one."""
        offset = results.start.hour * 3600 + results.start.minute * 60
        first = max(0, int((results.peak_s + offset) // DAY_S) * DAY_S - offset)
        peak_day = Span(first, min(first + DAY_S, results.duration_s), results.point_s)
        return Html(self._day(results, peak_day, lang))

    def _whole(self, results: Reading, lang: str) -> str:
        span = results.whole
        largest = span.point_s > HALF_HOUR_S
        values = results.most("demand_kw", span)
        chart = TimeChart(
            results,
            span,
            said("units.kW"),
            said("report.demand_says"),
            up=[Series(said("columns.demand_kw"), "grid", values)],
            limit=limit_of(results),
            height_px=220,
        )
        note = html(what_is_shown(results, span, largest=True)) if largest else html(_note(results))
        return f"<figure>{chart.html(lang)}<figcaption>{note}</figcaption></figure>"

    def _day(self, results: Reading, span: Span, lang: str) -> str:
        values = results.most("demand_kw", span)
        top = float(np.nanmax(values))
        number = metric(results, "peak_import_kw") if results.rows == 1 else Html(f"{digits(top)} kW")
        clock = html(instant(results.at(results.peak_s)))
        chart = TimeChart(
            results,
            span,
            said("units.kW"),
            said("report.peak_day_says"),
            bars=[Series(said("columns.demand_kw"), "grid", values)],
            limit=limit_of(results),
            peak=(results.peak_s + span.point_s / 2.0, top, Html(f"{number} · {clock}")),
            height_px=220,
        )
        return f"<figure><h3>{html(said('report.peak_day'))}</h3>{chart.html(lang)}</figure>"


def limit_of(results: Reading) -> tuple[float, Html] | None:
    """The contract at the point of connection, where there is one."""
    terms = results.manifest["terms"]
    value = results.metrics["community"].get("contract_kw")
    if value is None or not (terms["one_contract"] or len(results.buildings) == 1):
        return None
    return float(value), Html(f"{html(said('metrics.contract_kw'))} {metric(results, 'contract_kw')}")


def _note(results: Reading) -> Label:
    return said("report.demand_note" if limit_of(results) else "report.demand_note_no_limit")
