"""The page of ``ysc size``: what to buy and why, how sure that is, the front, the investment, and what members gain.

Everything stands in the summary and the table of candidates that the search stores; nothing is calculated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ysc_sim.errors import Problem
from ysc_sim.report.bilingual import Html, Label, Part, html, name, said
from ysc_sim.report.chart import Chart
from ysc_sim.report.investment import investment
from ysc_sim.report.numbers import digits
from ysc_sim.report.page import document, page_header
from ysc_sim.report.sections import PagePart
from ysc_sim.report.tables import Head, table
from ysc_sim.study.size_summary import sentence_values
from ysc_sim.words import LANGUAGES, problem_line, text

STYLE = (
    "<style>.sizes{--c0:#0072b2;--c1:#d55e00;--c2:#8a949b;--soft:#8a949b}.sizes svg{width:100%;height:auto}"
    ".sizes text{fill:currentColor;font-size:12px}.sizes .grid{stroke:var(--soft);opacity:.35}"
    ".rough{border:2px solid #d55e00;padding:.4rem .8rem}</style>"
)
FRONT = ("total_cost_jpy", "payback_years", "expected_damage_jpy", "guaranteed_h", "co2_kg", "purchase_jpy")
ACROSS = ("guaranteed_h", "co2_kg")
MEMBER = ("today_jpy", "separate_jpy", "contract_jpy", "together_jpy", "gain_separate_jpy", "gain_shapley_jpy")
MILLION = 1e6


def size_page(found: Mapping[str, Any], columns: Mapping[str, Sequence[float]], lang: str) -> str:
    """One offline page in both languages that opens in ``lang``. ``columns``: the table of candidates."""
    title = said("report.size_title", name=name(str(found["scenario"]["name"])))
    parts = [PagePart("choice", said("report.size_choice"), Html(STYLE + rough_box(found) + choice(found)))]
    parts.append(PagePart("front", said("report.size_front"), Html(figure(found, columns) + front(found))))
    parts.append(PagePart("investment", said("report.size_investment"), investment(found)))
    if "members" in found:
        parts.append(PagePart("members", said("report.size_members"), members(found)))
    return document(title, page_header(title, said("report.size_eyebrow"), "", lang), parts, lang)


def rough_box(found: Mapping[str, Any]) -> Html:
    """Why every saving below is a rough estimate; nothing where it is none."""
    if not found["rough"]:
        return Html("")
    lines = []
    for reason in found["rough"]:
        problem = Problem(reason["key"], reason["values"], severity="warning")
        lines.append(f"<li>{html(Label(*(problem_line(problem, lang) for lang in LANGUAGES)))}</li>")
    return Html(f'<div class="rough"><p><b>{html(said("cli.bill_rough"))}</b></p><ul>{"".join(lines)}</ul></div>')


def choice(found: Mapping[str, Any]) -> Html:
    """Sizes of the choice, and the reasons in sentences."""
    heads = [Head(said("report.size_key"), numeric=False), Head(said("cli.value"))]
    lines: list[list[Part]] = [[name(key), said_value(value)] for key, value in found["choices"].items()]
    lines += [[name(key), digits(float(value))] for key, value in found["sizes"].items()]
    key = "report.size_best_that_buys" if found["buys_nothing"] else "report.size_sizes"
    sizes = table(heads, lines, said(key)) if lines else ""
    return Html("".join(f"<p>{html(sentence)}</p>" for sentence in reasons(found)) + sizes)


def said_value(value: Any) -> Label:
    """A value of a choice, made harmless."""
    return name(str(value))


def reasons(found: Mapping[str, Any]) -> list[Label]:
    """The reasons in both languages."""
    told = []
    for reason in found["reasons"]:
        said_in = [
            text(f"report.{reason['key']}", lang).format_map(
                {gap: name(value, 120)[0] for gap, value in sentence_values(reason["values"], lang).items()}
            )
            for lang in LANGUAGES
        ]
        told.append(Label(*said_in))
    return told


def figure(found: Mapping[str, Any], columns: Mapping[str, Sequence[float]]) -> Html:
    """Total cost of every candidate over guaranteed hours, or CO2 where all guarantee alike; the front stands out."""
    across = next((key for key in ACROSS if max(columns[key]) > min(columns[key])), ACROSS[-1])
    cost = [value / MILLION for value in columns["total_cost_jpy"]]
    low, high = min(cost), max(cost)
    pictures = []
    for lang in LANGUAGES:
        chart = Chart(1.05 * max(columns[across]), low - 0.05 * (high - low), high + 0.05 * (high - low))
        chart.dots(columns[across], cost, 2)
        ordered = sorted(found["front"], key=lambda entry: float(entry[across]))
        chart.dots(
            [entry[across] for entry in ordered], [entry["total_cost_jpy"] / MILLION for entry in ordered], 0, 4.5
        )
        for entry in (found["nothing"], found["shown"]):
            key = "size_nothing_point" if entry is found["nothing"] else "size_shown_point"
            chart.point(entry[across], entry["total_cost_jpy"] / MILLION, 1, text(f"report.{key}", lang))
        heading = text("report.size_front", lang)
        x, y = text(f"report.size_{across}", lang), text("report.size_cost_axis", lang)
        pictures.append(f'<span lang="{lang}">{chart.svg(x, y, heading)}</span>')
    return Html(f'<figure class="sizes">{"".join(pictures)}</figure><p>{html(said("report.size_front_note"))}</p>')


def front(found: Mapping[str, Any]) -> Html:
    """Candidates that nobody beats, cheapest first."""
    heads = [Head(said("report.size_candidate"), numeric=False), *(Head(said(f"report.size_{key}")) for key in FRONT)]
    lines: list[list[Part]] = []
    for entry in found["front"]:
        cells: list[Part] = []
        for key in FRONT:
            value = entry.get(key)
            cells.append(said("report.size_never") if value is None else digits(float(value)))
        lines.append([candidate(entry), *cells])
    return table(heads, lines, said("report.size_front_table"))


def candidate(entry: Mapping[str, Any]) -> Label:
    """Sizes and choices of a candidate in one line."""
    if entry["nothing"]:
        return said("report.size_nothing_point")
    told = [f"{short(key)} {value:g}" for key, value in entry["sizes"].items()]
    told += [f"{short(key)} {value}" for key, value in entry["choices"].items()]
    return name(" · ".join(told), 200)


def short(key: str) -> str:
    """The end of a dotted key: what is varied, and of which device.

    >>> short("buildings.shop.devices.battery.energy_kwh"), short("wires")
    ('shop battery energy_kwh', 'wires')
    """
    return " ".join(word for word in key.split(".") if word not in ("buildings", "devices"))


def members(found: Mapping[str, Any]) -> Html:
    """What each member pays and gains in every arrangement, and who would rather stay out."""
    yen = said("units.JPY")
    heads = [
        Head(said("columns.building"), numeric=False),
        *(Head(said(f"report.size_{key}"), yen) for key in MEMBER),
        Head(said("report.size_stays_out"), numeric=False),
    ]
    lines: list[list[Part]] = []
    for entry in found["members"]:
        out = said("report.size_out") if entry["stays_out"] else said("report.size_in")
        lines.append([name(str(entry["member"])), *(digits(float(entry[key])) for key in MEMBER), out])
    stable = [split for split, value in found["deviation_jpy"].items() if value <= 1.0]
    words = [said(f"report.size_split_{split}") for split in stable]
    listed = Label(", ".join(w.en for w in words) or "–", "、".join(w.ja for w in words) or "–")
    notes = f"<p>{html(said('report.size_members_note'))}</p><p>{html(said('report.size_stable', splits=listed))}</p>"
    return Html(table(heads, lines, said("report.size_members")) + notes)
