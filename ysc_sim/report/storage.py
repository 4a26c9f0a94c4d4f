"""What is stored, over time: stationary batteries and vehicles."""

from __future__ import annotations

from typing import ClassVar

from ysc_sim.report.balance import what_is_shown
from ysc_sim.report.bilingual import Html, Label, html, said
from ysc_sim.report.reading import Reading, Span
from ysc_sim.report.timechart import Series, TimeChart

STORES = (("soc_kwh", "battery"), ("ev_soc_kwh", "ev"))


class Storage:
    """State of charge, in kWh."""

    kind: ClassVar[str] = "storage"
    order: ClassVar[int] = 50

    def title(self) -> Label:
        """Heading."""
        return said("report.storage")

    def applies(self, results: Reading) -> bool:
        """Where there is a battery or a vehicle."""
        return any(name in results.columns for name, _ in STORES)

    def render(self, results: Reading, lang: str) -> Html:
        """One figure per span; what stands at the end of each point."""
        return Html("".join(self._figure(results, span, lang) for span in results.spans))

    def _figure(self, results: Reading, span: Span, lang: str) -> str:
        present = [(name, css) for name, css in STORES if name in results.columns]
        up = [Series(said(f"columns.{name}"), css, results.last(name, span)) for name, css in present]
        chart = TimeChart(results, span, said("units.kWh"), said("report.storage_says"), up=up, height_px=200)
        note = html(said("report.storage_note")) if span.point_s <= 3600 else html(what_is_shown(results, span))
        return f"<figure>{chart.html(lang)}<figcaption>{note}</figcaption></figure>"
