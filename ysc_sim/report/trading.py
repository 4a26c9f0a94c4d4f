"""Local trade: how much was sold from building to building, and at what price."""

from __future__ import annotations

from html import escape
from typing import ClassVar

import numpy as np

from ysc_sim.report.balance import what_is_shown
from ysc_sim.report.bilingual import Html, Label, Part, html, name, said
from ysc_sim.report.numbers import digits, positive, stored
from ysc_sim.report.reading import Reading, Span
from ysc_sim.report.tables import Head, table
from ysc_sim.report.timechart import Series, TimeChart
from ysc_sim.units import MJPY_PER_JPY, MWH_PER_KWH, Floats
from ysc_sim.words import harmless

MOST_LINES = 400


class Trading:
    """Power traded and its price."""

    kind: ClassVar[str] = "trading"
    order: ClassVar[int] = 60

    def title(self) -> Label:
        """Heading."""
        return said("report.trading")

    def applies(self, results: Reading) -> bool:
        """Where something was traded."""
        return "traded_kwh" in results.columns and positive(results, "traded_kwh")

    def render(self, results: Reading, lang: str) -> Html:
        """Price above, energy below, on one axis of time."""
        figures = "".join(self._figure(results, span, lang) for span in results.spans)
        return Html(figures + _who(results))

    def _figure(self, results: Reading, span: Span, lang: str) -> str:
        traded = results.mean_kw("traded_kwh", span)
        price = Series(said("report.price"), "trade", price_of(results, span, traded))
        energy = Series(said("metrics.traded_kwh"), "trade", traded)
        above = TimeChart(results, span, said("units.JPY/kWh"), said("report.price_says"), lines=[price], height_px=150)
        below = TimeChart(results, span, said("units.kW"), said("report.traded_says"), bars=[energy], height_px=150)
        note = html(what_is_shown(results, span))
        return f"<figure>{above.html(lang)}{below.html(lang)}<figcaption>{note}</figcaption></figure>"


def _who(results: Reading) -> str:
    """What each building sold and bought, of the first row."""
    frame = results.frame("trades")
    mine = frame[frame["row"] == 0]
    sides = {
        side: mine.groupby(mine[side].astype(str))[["energy_mwh", "payment_mjpy"]].sum() for side in ("seller", "buyer")
    }
    trading = [b for b in results.buildings if any(b in sums.index for sums in sides.values())]
    heads = [Head(said("columns.building"), numeric=False)]
    heads += [
        Head(said(f"report.trade_{words}"), said(f"units.{unit}"))
        for words, unit in (("sold", "kWh"), ("received", "JPY"), ("bought", "kWh"), ("paid", "JPY"))
    ]
    lines: list[list[Part]] = []
    for building in trading[:MOST_LINES]:
        line: list[Part] = [name(building)]
        for side, sums in sides.items():
            for column, per, unit in (("energy_mwh", MWH_PER_KWH, ""), ("payment_mjpy", MJPY_PER_JPY, "JPY")):
                value = int(sums[column].get(building, 0))
                where = f'data-trade="{side}.{column}" data-building="{escape(harmless(building))}"'
                line.append(stored(value, digits(value / per, unit, 1 if not unit else None), where))
        lines.append(line)
    more = ""
    if len(trading) > MOST_LINES:
        more = f'<p class="more">{html(said("report.more_lines", count=str(len(trading) - MOST_LINES)))}</p>'
    return table(heads, lines, said("report.trade_table")) + more if lines else ""


def price_of(results: Reading, span: Span, traded: Floats) -> Floats:
    """Price of each point, weighted by energy; missing where nothing was traded."""
    price, energy = results.series("price_jpy_per_kwh"), results.series("traded_kwh")
    per = max(1, span.point_s // results.record_s)
    part = slice(span.start_s // results.record_s, -(-span.end_s // results.record_s))
    worth = np.nan_to_num(price[part] * energy[part])
    starts = np.arange(0, len(worth), per)
    paid, sold = np.add.reduceat(worth, starts), np.add.reduceat(energy[part], starts)
    result = np.full(len(traded), np.nan)
    np.divide(paid, sold, out=result, where=sold > 0)
    return result
