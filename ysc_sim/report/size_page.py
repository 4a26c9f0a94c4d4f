"""The page of ``ysc size``: what to buy and why, how sure that is, the front, the investment, and what members gain.

Everything stands in the summary and the table of candidates that the search stores; nothing is calculated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said, told
from ysc_sim.report.chart import Chart
from ysc_sim.report.investment import in_words, investment, rough_box
from ysc_sim.report.numbers import digits
from ysc_sim.report.page import document, page_header
from ysc_sim.report.sections import PagePart
from ysc_sim.report.tables import Head, table
from ysc_sim.study.size_keys import key_label, listed, value_label
from ysc_sim.words import LANGUAGES, text

STYLE = (
    "<style>.sizes{--c0:#0072b2;--c1:#d55e00;--c2:#8a949b;--soft:#8a949b}.sizes svg{width:100%;height:auto}"
    ".sizes text{fill:currentColor;font-size:12px}.sizes .grid{stroke:var(--soft);opacity:.35}"
    "</style>"
)
FRONT = ("total_cost_jpy", "payback_years", "expected_damage_jpy", "guaranteed_h", "co2_kg", "purchase_jpy")
ACROSS = ("guaranteed_h", "co2_kg")
MEMBER = ("today_jpy", "separate_jpy", "contract_jpy", "together_jpy", "gain_separate_jpy", "gain_shapley_jpy")
MILLION = 1e6


def size_page(found: Mapping[str, Any], columns: Mapping[str, Sequence[float]], lang: str) -> str:
    """One offline page in both languages that opens in ``lang``. ``columns``: the table of candidates."""
    title = said("report.size_title", name=told(found["scenario"], "name"))
    parts = [PagePart("choice", said("report.size_choice"), Html(STYLE + rough_box(found) + choice(found)))]
    parts.append(PagePart("front", said("report.size_front"), Html(figures(found, columns) + front(found))))
    parts.append(PagePart("investment", said("report.size_investment"), investment(found)))
    if "members" in found:
        parts.append(PagePart("members", said("report.size_members"), members(found)))
    return document(title, page_header(title, said("report.size_eyebrow"), "", lang), parts, lang)


def choice(found: Mapping[str, Any]) -> Html:
    """The reasons in sentences, then sizes and choices in words."""
    heads = [Head(said("report.size_key"), numeric=False), Head(said("cli.value"))]
    lines: list[list[Part]] = []
    for key, value in {**found["choices"], **found["sizes"]}.items():
        lines.append([said_key(found, key), said_value(found, key, value)])
    title = "report.size_best_that_buys" if found["buys_nothing"] else "report.size_sizes"
    sizes = table(heads, lines, said(title)) if lines else ""
    return Html("".join(f"<p>{html(sentence)}</p>" for sentence in in_words(found)) + sizes)


def said_key(found: Mapping[str, Any], key: str) -> Label:
    """A size or choice as an owner calls it."""
    return Label(*(key_label(found["keys"][key], lang) for lang in LANGUAGES))


def said_value(found: Mapping[str, Any], key: str, value: Any) -> Label:
    """Its value; that it is not bought, or changes nothing."""
    if key in found["changes_nothing"]:
        return said("report.size_changes_nothing")
    if value == 0 and not isinstance(value, bool) and ".devices." in key:
        return said("report.size_not_bought")
    return Label(*(value_label(found["keys"][key], value, lang) for lang in LANGUAGES))


def figures(found: Mapping[str, Any], columns: Mapping[str, Sequence[float]]) -> Html:
    """Finalists as judged, then all candidates with new devices: each figure stands on one footing.

    Total cost over guaranteed hours, or over CO2 where all guarantee alike.
    """
    across = next((key for key in ACROSS if max(columns[key]) > min(columns[key])), ACROSS[-1])
    finalists = [k for k, judged in enumerate(columns["finalist"]) if judged]
    old = drawn(found, columns, across, finalists, "")
    new = drawn(found, columns, across, range(len(columns["finalist"])), "new_")
    return Html(f"{old}<p>{html(said('report.size_front_old_note'))}</p>" + new_part(new))


def new_part(picture: str) -> str:
    """The second figure folded away: how the search went is for those who ask."""
    heading = html(said("report.size_figure_new"))
    note = html(said("report.size_front_new_note"))
    return f"<details><summary>{heading}</summary>{picture}<p>{note}</p></details>"


def drawn(
    found: Mapping[str, Any], columns: Mapping[str, Sequence[float]], across: str, these: Sequence[int], footing: str
) -> str:
    """One figure in both languages; ``footing``: before the names of the columns."""
    heading = "size_figure_new" if footing else "size_figure_old"
    x, cost = columns[f"{footing}{across}"], [value / MILLION for value in columns[f"{footing}total_cost_jpy"]]
    levels = [cost[k] for k in these]
    low, high = min(levels), max(levels)
    pictures = []
    for lang in LANGUAGES:
        chart = Chart(1.05 * max(x[k] for k in these), low - 0.08 * (high - low), high + 0.08 * (high - low))
        chart.dots([x[k] for k in these], [cost[k] for k in these], 2)
        loud = found["finalists"] if footing else [entry["number"] for entry in found["front"]]
        loud = sorted(loud, key=lambda k: x[k])
        chart.dots([x[k] for k in loud], [cost[k] for k in loud], 0, 4.5)
        for number, key in ((0, "size_nothing_point"), (found["shown_number"], "size_shown_point")):
            chart.point(x[number], cost[number], 1, text(f"report.{key}", lang))
        across_said = text(f"report.size_{across}", lang)
        unit = f", {text('units.h', lang)}" if across == "guaranteed_h" else ""
        picture = chart.svg(
            f"{across_said}{unit}", text("report.size_cost_axis", lang), text(f"report.{heading}", lang)
        )
        pictures.append(f'<span lang="{lang}">{picture}</span>')
    return (
        f'<figure class="sizes"><figcaption>{html(said(f"report.{heading}"))}</figcaption>{"".join(pictures)}</figure>'
    )


def front(found: Mapping[str, Any]) -> Html:
    """Candidates that nobody beats, cheapest first."""
    heads = [Head(said("report.size_candidate"), numeric=False), *(Head(said(f"report.size_{key}")) for key in FRONT)]
    lines: list[list[Part]] = []
    for entry in found["front"]:
        cells: list[Part] = []
        for key in FRONT:
            value = entry.get(key)
            cells.append(said("report.size_never") if value is None else digits(float(value)))
        lines.append([candidate(found, entry), *cells])
    return table(heads, lines, said("report.size_front_table"))


def candidate(found: Mapping[str, Any], entry: Mapping[str, Any]) -> Label:
    """Sizes and choices of a candidate in one line; what is 0 is left out."""
    if entry["nothing"]:
        return said("report.size_nothing_point")
    gone = {key.rpartition(".")[0] for key, value in entry["sizes"].items() if value == 0 and ".devices." in key}
    told = {key: value for key, value in entry["sizes"].items() if key.rpartition(".")[0] not in gone}
    told |= entry["choices"]
    return Label(*(listed(found["keys"], told, lang) for lang in LANGUAGES))


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
