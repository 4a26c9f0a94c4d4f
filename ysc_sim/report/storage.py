"""What is stored: over time, and by hour of the day in bands."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ysc_sim.report.balance import what_is_shown
from ysc_sim.report.bilingual import Html, Label, html, said
from ysc_sim.report.curves import Band, Curves, Line
from ysc_sim.report.reading import DAY_S, Reading, Span
from ysc_sim.report.timechart import Series, TimeChart
from ysc_sim.units import Floats

STORES = (("soc_kwh", "battery"), ("ev_soc_kwh", "ev"))
FEWEST_DAYS = 3
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Storage:
    """State of charge, in kWh."""

    kind: ClassVar[str] = "storage"
    order: ClassVar[int] = 50

    def title(self) -> Label:
        """Heading."""
        return said("report.storage")

    def applies(self, results: Reading) -> bool:
        """Where there is a battery or a vehicle."""
        return bool(stores_of(results))

    def render(self, results: Reading, lang: str) -> Html:
        """One figure per span, what stands at the end of each point; then the day in bands."""
        over_time = "".join(self._figure(results, span, lang) for span in results.spans)
        return Html(over_time + self._bands(results, lang))

    def _figure(self, results: Reading, span: Span, lang: str) -> str:
        present = stores_of(results)
        up = [Series(said(f"columns.{name}"), css, results.last(name, span)) for name, css in present]
        chart = TimeChart(results, span, said("units.kWh"), said("report.storage_says"), up=up, height_px=200)
        note = html(said("report.storage_note")) if span.point_s <= 3600 else html(what_is_shown(results, span))
        return f"<figure>{chart.html(lang)}<figcaption>{note}</figcaption></figure>"

    def _bands(self, results: Reading, lang: str) -> str:
        figures = []
        for column, css in stores_of(results) if results.duration_s >= FEWEST_DAYS * DAY_S else ():
            quantiles = by_hour(results, column)
            if quantiles is None or not np.nanmax(quantiles, initial=0.0) > 0:
                continue
            low, lower, middle, upper, high = quantiles
            edges = np.linspace(0.0, 24.0, len(middle) + 1)
            marks = [(float(hour), Label(f"{hour}:00", f"{hour}:00")) for hour in range(0, 25, 3)]
            chart = Curves(
                edges,
                marks,
                said("units.kWh"),
                said("report.soc_bands_says"),
                lines=[Line(said("report.median"), css, middle)],
                bands=[
                    Band(said("report.band_90"), f"{css} wide-band", low, high),
                    Band(said("report.band_50"), f"{css} pale", lower, upper),
                ],
                height_px=180,
            )
            heading = html(said("report.soc_bands", store=said(f"columns.{column}")))
            figures.append(f"<figure><h3>{heading}</h3>{chart.html(lang)}</figure>")
        if not figures:
            return ""
        figures[-1] = figures[-1].replace(
            "</figure>", f"<figcaption>{html(said('report.soc_bands_note'))}</figcaption></figure>"
        )
        return "".join(figures)


def stores_of(results: Reading) -> list[tuple[str, str]]:
    """Columns and colours of the stores that there are and that hold anything."""
    return [(name, css) for name, css in STORES if name in results.columns and results.series(name).any()]


def by_hour(results: Reading, column: str) -> Floats | None:
    """Quantiles of what is stored at the end of each half-hour of the day, over all days and rows, (quantiles, 48).

    None where a recorded interval does not divide the day.
    """
    if DAY_S % results.record_s:
        return None
    per_day = DAY_S // results.record_s
    whole = results.all_rows(column)
    began = results.start.hour * 3600 + results.start.minute * 60 + results.start.second
    skip = -(began // results.record_s) % per_day
    days = (len(whole) - skip) // per_day
    if days < 1:
        return None
    every = max(1, results.point_s // results.record_s)
    values = whole[skip : skip + days * per_day].reshape(days, per_day, -1)[:, every - 1 :: every]
    found: Floats = np.quantile(np.moveaxis(values, 1, 0).reshape(values.shape[1], -1), QUANTILES, axis=1)
    return found
