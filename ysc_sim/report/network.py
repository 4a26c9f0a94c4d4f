"""Voltages and loading of the wires over time, and the lines and transformers that were used hardest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ysc_sim.report.balance import what_is_shown
from ysc_sim.report.bilingual import Html, Label, html, name, said, sentence
from ysc_sim.report.numbers import digits, metric, stored
from ysc_sim.report.reading import Reading, Span
from ysc_sim.report.tables import Head, table
from ysc_sim.report.timechart import Series, TimeChart
from ysc_sim.units import Floats

TABLE = "power_flow"
MOST_LINES = 12
COMMUNITY = "community"


class NetworkSection:
    """What a power flow found."""

    kind: ClassVar[str] = "network"
    order: ClassVar[int] = 55

    def title(self) -> Label:
        """Heading."""
        return said("report.network")

    def applies(self, results: Reading) -> bool:
        """Where the network was solved."""
        return TABLE in results.frames and isinstance(results.manifest.get("network"), Mapping)

    def render(self, results: Reading, lang: str) -> Html:
        """Voltages, loading, and a table of what was loaded most."""
        network: Mapping[str, Any] = results.manifest["network"]
        figures = [
            self._voltages(results, span, network, lang) + self._loading(results, span, lang) for span in results.spans
        ]
        return Html(_summary(results) + "".join(figures) + _branches(network))

    def _voltages(self, results: Reading, span: Span, network: Mapping[str, Any], lang: str) -> str:
        low, high = (float(limit) for limit in network["limits_pu"])
        lines = [
            Series(said(f"metrics.{column}"), css, 100.0 * (_series(results, column, span, extreme) - 1.0))
            for column, css, extreme in (("max_voltage_pu", "pv", np.fmax), ("min_voltage_pu", "battery", np.fmin))
        ]
        chart = TimeChart(
            results,
            span,
            said("units.%"),
            said("report.voltage_says"),
            lines=lines,
            limit=(100.0 * (high - 1.0), said("report.voltage_limit")),
            lower_limit=100.0 * (low - 1.0),
            height_px=240,
        )
        note = html(said("report.voltage_note_street" if network["kind"] == "street" else "report.voltage_note_file"))
        return _figure(said("report.voltage"), chart, note, lang)

    def _loading(self, results: Reading, span: Span, lang: str) -> str:
        lines = [
            Series(said(f"metrics.{column}"), css, values)
            for column, css in (("max_line_loading_percent", "ev"), ("max_transformer_loading_percent", "genset"))
            if np.isfinite(values := _series(results, column, span, np.fmax)).any()
        ]
        chart = TimeChart(
            results,
            span,
            said("units.%"),
            said("report.loading_says"),
            lines=lines,
            limit=(100.0, said("report.rating")),
            height_px=200,
        )
        note = html(what_is_shown(results, span, largest=True))
        return _figure(said("report.loading"), chart, note, lang)


def _series(results: Reading, column: str, span: Span, extreme: np.ufunc) -> Floats:
    """The community's values of the first row: the extreme of each point."""
    frame = results.frame(TABLE)
    mine = frame[(frame["building"] == COMMUNITY) & (frame["row"] == 0)]
    return results.extreme(mine[column].to_numpy(dtype=np.float64), span, extreme)


def _figure(title: Label, chart: TimeChart, note: str, lang: str) -> str:
    return f"<figure><h3>{html(title)}</h3>{chart.html(lang)}<figcaption>{note}</figcaption></figure>"


def _summary(results: Reading) -> str:
    values = {
        key: metric(results, key, places=places) or Html("–")
        for key, places in (
            ("min_voltage_pu", 3),
            ("max_voltage_pu", 3),
            ("voltage_violation_h", None),
            ("loss_kwh", None),
        )
    }
    return f'<p class="lead">{sentence("report.network_lead", **values)}</p>'


def _stored(branch: Mapping[str, Any], number: int, key: str) -> Html:
    value = float(branch[key])
    return stored(value, digits(value, "h" if key.endswith("_h") else ""), f'data-branch="{number}.{key}"')


def _branches(network: Mapping[str, Any]) -> str:
    shown = list(network["branches"])[:MOST_LINES]
    if not shown:
        return ""
    heads = [
        Head(said("report.branch"), numeric=False),
        Head(said("report.highest_loading"), said("units.%")),
        Head(said("report.over_100"), said("units.h")),
    ]
    lines: list[list[Html | Label | str]] = [
        [name(str(branch["name"])), *(_stored(branch, number, key) for key in ("max_loading_percent", "over_100_h"))]
        for number, branch in enumerate(shown)
    ]
    return table(heads, lines, said("report.branches_table"))
