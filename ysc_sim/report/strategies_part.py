"""Strategies beside no control and the bound, on the page of a comparison: what each costs, how far it is away."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said, sentence
from ysc_sim.report.numbers import digits
from ysc_sim.report.sections import PagePart
from ysc_sim.report.tables import Head, table
from ysc_sim.study.strategies import BOUND, NO_CONTROL_LINE, PARTS
from ysc_sim.words import harmless

if TYPE_CHECKING:
    import pandas as pd

    from ysc_sim.study.bound import Values

HEADS = (
    ("peak_import_kw", "kW"),
    *((part, "JPY") for part in PARTS),
    ("total_jpy", "JPY"),
    ("gap_jpy", "JPY"),
    ("gap_percent", "%"),
    ("new_peaks", ""),
)


def strategies_part(found: pd.DataFrame, values: Values) -> PagePart:
    """The part of a page; ``found`` as ``ysc_sim.study.strategies.against_bound`` gives it."""
    warnings = [f'<p class="lead">⚠ {html(label)}</p>' for label in new_peak_labels(found)]
    heads = [Head(said("cli.strategy"), numeric=False)]
    heads += [
        Head(said(f"report.strategies_{key}"), Label(unit, "円" if unit == "JPY" else unit)) for key, unit in HEADS
    ]
    lines: list[list[Part]] = [
        [strategy_label(str(which)), *(_number(str(which), key, line[key]) for key, _ in HEADS)]
        for which, line in found.iterrows()
    ]
    stated = {
        "wear": digits(values.wear_jpy_per_kwh),
        "unserved": digits(values.unserved_jpy_per_kwh),
        "stored": digits(values.stored_jpy_per_kwh),
    }
    note = f'<p class="note">{html(said("report.strategies_note", **stated))}</p>'
    body = "".join(warnings) + _bars(found) + table(heads, lines, said("report.strategies_table")) + note
    return PagePart("strategies", said("cli.bound_title"), Html(body))


def strategy_label(which: str) -> Label:
    """A strategy's name; no control and the bound in words."""
    if which in (BOUND, NO_CONTROL_LINE):
        return said("cli.bound" if which == BOUND else "cli.no_control")
    return name(which)


def new_peak_labels(found: pd.DataFrame) -> list[Label]:
    """A warning for each strategy that drew more than no control would have in any month, meter or row."""
    return [
        said(
            "report.strategies_new_peaks_warning",
            strategy=strategy_label(str(which)),
            count=f"{line['new_peaks']:.0f}",
            kw=digits(line["worst_new_peak_kw"]),
        )
        for which, line in found.iterrows()
        if line["new_peaks"] > 0
    ]


def _bars(found: pd.DataFrame) -> str:
    """Gap of each strategy to the bound; why there is none, where it is not known."""
    if why := found.attrs.get("no_bound"):
        return f"<p>{html(said('cli.bound_not_known'))} {escape(harmless(str(why), 400))}</p>"
    runs = found.drop(index=BOUND)
    most = max(float(runs["gap_jpy"].max()), 1.0)
    bars = []
    for which, line in runs.iterrows():
        share = max(float(line["gap_jpy"]), 0.0) / most
        gap = _number(str(which), "gap_jpy", line["gap_jpy"])
        percent = _number(str(which), "gap_percent", line["gap_percent"])
        shown = sentence("report.strategies_gap", gap=gap, percent=percent)
        track = f'<span class="track"><i class="lost" style="left:0;right:auto;--share:{share:.4f}"></i></span>'
        label = html(strategy_label(str(which)))
        bars.append(f'<p><span class="who">{label}</span>{track}<span class="sum">{shown}</span></p>')
    caption = html(said("report.strategies_bars"))
    return f'<figure><div class="gains one">{"".join(bars)}</div><figcaption>{caption}</figcaption></figure>'


def _number(which: str, key: str, value: float) -> Html:
    """A number of the table with all its digits; nothing where there is none."""
    if value != value:
        return Html("–")
    places = 0 if key == "new_peaks" else 2 if key == "gap_percent" else 1 if key.endswith("_kw") else None
    shown = digits(float(value), "JPY" if key.endswith("_jpy") else "", places)
    where = f'data-strategy="{escape(harmless(which))}" data-number="{key}"'
    return Html(f'<data class="n" {where} value="{float(value)!r}">{shown}</data>')
