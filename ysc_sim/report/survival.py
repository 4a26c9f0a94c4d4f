"""How long the buildings would live if the grid failed, from every start; and what an hour more costs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ysc_sim.report.bilingual import Html, Label, Part, attributes, html, name, said
from ysc_sim.report.curves import Curves, Line
from ysc_sim.report.numbers import digits, percent, stored
from ysc_sim.report.plot import WIDE, Plot, scale, vertical_axis
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table

STUDY, PRICE = "survival", "price_of_an_hour"
COLOURS = ("tier1", "battery", "wind", "ev")
LENGTH = re.compile(r"survives_[\d.]+h_ratio")
APART = 0.06
"""Share of the figure by which dots must lie apart to be named."""


class SurvivalSection:
    """What ``ysc survival --into`` stored beside the run."""

    kind: ClassVar[str] = "survival"
    order: ClassVar[int] = 72

    def title(self) -> Label:
        """Heading."""
        return said("report.survival_section")

    def applies(self, results: Reading) -> bool:
        """Where it was computed."""
        return bool(cells_in(results.studies))

    def render(self, results: Reading, lang: str) -> Html:
        """Curves and shares of each cell, then the price of an hour."""
        study = results.studies[STUDY]
        cells = "".join(_cell(number, cell, lang) for number, cell in enumerate(cells_in(results.studies)))
        note = f'<p class="note">{html(said("report.survival_section_note"))}</p>'
        left_out = [str(kind) for kind in study.get("left_out", ())]
        if left_out:
            note += f'<p class="note">{html(said("report.survival_not_counted", kinds=name(", ".join(left_out))))}</p>'
        return Html(f"{cells}{note}{_price(study.get(PRICE), lang)}")


def cells_in(studies: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The stored cells, or none where they are not what was written."""
    study = studies.get(STUDY)
    cells = study.get("cells") if isinstance(study, Mapping) else None
    return cells if isinstance(cells, list) and cells and all(_sound(cell) for cell in cells) else ()


def _sound(cell: Any) -> bool:
    if not isinstance(cell, Mapping) or not isinstance(cell.get("cell"), str):
        return False
    hours, curves = cell.get("hours"), cell.get("curves")
    if not isinstance(hours, list) or not isinstance(curves, list) or not isinstance(cell.get("summary"), list):
        return False
    return (
        _numbers(hours, 2)
        and all(
            isinstance(curve, Mapping)
            and curve.get("tiers") in (1, 2, 3, 4)
            and all(
                _numbers(curve.get(key), 2) and len(curve[key]) == len(hours) for key in ("left_ratio", "full_ratio")
            )
            for curve in curves
        )
        and all(isinstance(entry, Mapping) for entry in cell["summary"])
    )


def _numbers(values: Any, fewest: int) -> bool:
    return isinstance(values, list) and len(values) >= fewest and all(isinstance(v, int | float) for v in values)


def _cell(number: int, cell: Mapping[str, Any], lang: str) -> str:
    hours = np.array(cell["hours"], dtype=np.float64)
    step = hours[1] - hours[0]
    lines = []
    for curve in cell["curves"]:
        css = COLOURS[int(curve["tiers"]) - 1]
        tiers = "1" if curve["tiers"] == 1 else f"1–{curve['tiers']}"
        left, full = (100.0 * np.array(curve[key]) for key in ("left_ratio", "full_ratio"))
        lines.append(Line(said("report.survival_line", tiers=tiers), css, left))
        lines.append(Line(said("report.survival_line_full", tiers=tiers), f"{css} dash", full))
    last = float(hours[-1])
    marks = [(at, Label(f"{at:g} h", f"{at:g} 時間")) for at in scale(0.0, last, about=6) if at <= last]
    chart = Curves(
        np.append(hours, last + step),
        marks,
        Label("%", "%"),
        said("report.survival_lead"),
        lines=lines,
        height_px=260,
    )
    label = said("report.community") if cell["cell"] == "community" else name(cell["cell"])
    heading = html(said("report.survival_head", cell=label))
    return f"<figure><h3>{heading}</h3>{chart.html(lang)}</figure>{_shares(number, cell)}"


def _shares(number: int, cell: Mapping[str, Any]) -> str:
    """One line for each number of tiers kept: mean and least hours, share that lives through each promised length."""
    entries = [entry for entry in cell["summary"] if all(isinstance(v, int | float | str) for v in entry.values())]
    if not entries:
        return ""
    promised = sorted(float(key[9:-7]) for key in entries[0] if LENGTH.fullmatch(key))
    ratios = [f"survives_{length:g}h_ratio" for length in promised]
    heads = [
        Head(said("report.survival_tiers"), numeric=False),
        Head(said("report.survival_mean"), said("units.h")),
        Head(said("report.survival_least"), said("units.h")),
    ]
    for key in ratios:
        length = key.removeprefix("survives_").removesuffix("h_ratio")
        heads.append(Head(said("report.survival_share", hours=name(length)), Label("%", "%")))
    lines: list[list[Part]] = []
    for place, entry in enumerate(entries):
        where = f"{STUDY}.cells.{number}.summary.{place}"
        tiers = "1" if entry.get("tiers") == 1 else f"1–{entry.get('tiers')}"
        line: list[Part] = [tiers]
        means = ("survived_h_mean", "survived_h_min")
        line += [stored(entry[key], digits(entry[key], "h"), f'data-study="{where}.{key}"') for key in means]
        line += [stored(entry[key], percent(entry[key]), f'data-study="{where}.{key}"') for key in ratios]
        lines.append(line)
    return table(heads, lines, said("report.survival_table"))


def _price(entries: Any, lang: str) -> str:
    """Hours guaranteed against yen a year: the exact curve as a line, fixed levels as dots."""
    if not isinstance(entries, list) or not all(_policy_sound(entry) for entry in entries) or len(entries) < 2:
        return ""
    hours = [float(entry["guaranteed_h"]) for entry in entries]
    thousand = [float(entry["extra_jpy"]) / 1000.0 for entry in entries]
    ticks = scale(min(thousand), max(thousand))
    last = max(*hours, 1.0) * 1.08
    plot = Plot(0.0, last, ticks[0], ticks[-1])
    plot.grid(ticks)
    line = sorted((h, y) for h, y, e in zip(hours, thousand, entries, strict=True) if e["kind"] in ("none", "curve"))
    plot.joined([h for h, _ in line], [y for _, y in line], "battery")
    named: list[tuple[float, float]] = []
    for h, y, entry in zip(hours, thousand, entries, strict=True):
        place = (h / last, (y - ticks[0]) / (ticks[-1] - ticks[0]))
        free = all(abs(place[0] - a) > APART * 2 or abs(place[1] - b) > APART for a, b in named)
        plot.mark(h, y, _policy(entry) if free else Html(""), "level-dot" if entry["kind"] == "level" else "")
        named += [place] if free else []
    below = "".join(
        f'<span class="xt" style="left:{float(plot.x(at)) / WIDE:.2%}">{at:g} h</span>'
        for at in scale(0.0, last, about=6)
        if at <= last
    )
    axis = vertical_axis(plot, ticks, said("report.thousand_yen"))
    drawing = plot.html(attributes(said("report.price_lead"), lang))
    return (
        f"<figure><h3>{html(said('report.price_head'))}</h3>"
        f'<div class="chart price"><div class="axes" style="--h:280px">{axis}'
        f'<div class="plot">{drawing}</div><div class="x">{below}</div></div></div>'
        f"<figcaption>{html(said('report.price_lead'))}</figcaption></figure>{_policies(entries)}"
    )


def _policy_sound(entry: Any) -> bool:
    numbers = ("parameter", "guaranteed_h", "lives_ratio", "extra_jpy")
    return (
        isinstance(entry, Mapping)
        and entry.get("kind") in ("none", "level", "curve")
        and all(isinstance(entry.get(key), int | float) for key in numbers)
    )


def _policy(entry: Mapping[str, Any]) -> Label:
    parameter = f"{entry['parameter']:.0%}" if entry["kind"] == "level" else f"{entry['parameter']:g}"
    if entry["kind"] == "none":
        return said("report.price_none")
    if entry["kind"] == "level":
        return said("report.price_level", parameter=parameter)
    return said("report.price_curve_point", parameter=parameter)


def _policies(entries: Sequence[Mapping[str, Any]]) -> str:
    heads = [
        Head(said("report.price_col_policy"), numeric=False),
        Head(said("report.price_x"), said("units.h")),
        Head(said("report.survival_lives"), Label("%", "%")),
        Head(said("report.price_col_extra")),
    ]
    lines: list[list[Part]] = []
    for place, entry in enumerate(entries):
        where = f"{STUDY}.{PRICE}.{place}"
        guaranteed, lives, extra = (entry[key] for key in ("guaranteed_h", "lives_ratio", "extra_jpy"))
        lines.append(
            [
                _policy(entry),
                stored(guaranteed, digits(guaranteed, "h"), f'data-study="{where}.guaranteed_h"'),
                stored(lives, percent(lives), f'data-study="{where}.lives_ratio"'),
                stored(extra, digits(extra, "JPY"), f'data-study="{where}.extra_jpy"'),
            ]
        )
    return table(heads, lines, said("report.price_table"))
