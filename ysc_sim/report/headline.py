"""What was asked and what came out: one paragraph, and five numbers with the base case beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, NamedTuple

from ysc_sim.report.bilingual import Html, Label, day, html, in_a_row, said, sentence
from ysc_sim.report.numbers import has, metric, of_metric, positive
from ysc_sim.report.reading import Reading
from ysc_sim.report.waterfall import STUDY, stages_in
from ysc_sim.units import MJPY_PER_JPY

CARDS = 5
ASKED = (
    ("pv", ("pv_kwh",)),
    ("wind", ("wind_kwh",)),
    ("genset", ("genset_kwh",)),
    ("battery", ("battery_discharge_kwh", "battery_charge_kwh")),
    ("ev", ("ev_charge_kwh", "ev_discharge_kwh")),
    ("trade", ("traded_kwh",)),
    ("outage", ("outage_hours",)),
)
"""What is spoken of in the question, and the numbers of which one is not zero then."""
OF_TODAY = ("bill_jpy", "peak_import_kw", "import_kwh", "co2_kg")
"""Numbers that are shown as they are today too; a share of what generation there is not yet says nothing."""


class Card(NamedTuple):
    """A number of the headline, the one it is compared with, and how that one is called."""

    name: str
    base: str = ""
    beside: str = "base_without_sharing"


CANDIDATES = (
    Card("bill_jpy", "bill_without_sharing_jpy"),
    Card("peak_import_kw", "sum_of_building_peaks_kw", "base_each_alone"),
    Card("self_sufficiency_ratio", "self_sufficiency_without_sharing_ratio"),
    Card("served_outage_ratio", "outage_hours", "base_of_outage"),
    Card("traded_kwh", "", "base_nothing"),
    Card("import_kwh", "import_without_sharing_kwh"),
    Card("self_consumption_ratio", "self_consumption_without_sharing_ratio"),
    Card("unserved_kwh", "load_kwh", "base_of_demand"),
    Card("co2_kg"),
)
MAY_BE_ZERO = ("bill_jpy", "peak_import_kw", "self_sufficiency_ratio", "import_kwh", "co2_kg")


class Headline:
    """The first thing that a reader sees."""

    kind: ClassVar[str] = "headline"
    order: ClassVar[int] = 10
    needs_course: ClassVar[bool] = False

    def title(self) -> Label:
        """Heading."""
        return said("report.headline")

    def applies(self, results: Reading) -> bool:
        """Always."""
        return bool(results.metrics["community"])

    def render(self, results: Reading, lang: str) -> Html:
        """Paragraph and cards."""
        cards = [card for card in CANDIDATES if _applies(results, card)][:CARDS]
        return Html(
            f'<p class="lead">{in_a_row(*_sentences(results))}</p>'
            f'<div class="cards">{"".join(card_html(results, card) for card in cards)}</div>'
        )


def _applies(results: Reading, card: Card) -> bool:
    if card.name == "served_outage_ratio" and not positive(results, "outage_hours"):
        return False
    if card.name in MAY_BE_ZERO:
        return has(results, card.name)
    return positive(results, card.name) or (card.name == "served_outage_ratio" and has(results, card.name))


def card_html(results: Reading, card: Card) -> str:
    """A number in large, what it is, and the base case below."""
    beside = ""
    if not card.base:
        beside = html(said(f"report.{card.beside}")) if card.beside == "base_nothing" else ""
    elif has(results, card.base):
        beside = sentence(f"report.{card.beside}", value=metric(results, card.base))
    beside += _today(results, card.name)
    return (
        f'<div class="card"><p class="what">{html(said(f"metrics.{card.name}"))}</p>'
        f'<p class="big">{metric(results, card.name)}</p><p class="base">{beside}</p></div>'
    )


def _today(results: Reading, name: str) -> str:
    """The same number before anything of the scenario was there, where the run was asked for it in stages."""
    stages = stages_in(results.studies)
    key = "bill_mjpy" if name == "bill_jpy" else name
    if name not in OF_TODAY or not stages or key not in stages[0]:
        return ""
    stored = stages[0][key]
    value = stored / MJPY_PER_JPY if key == "bill_mjpy" else float(stored)
    shown, unit = of_metric(name, value, results.metrics["units"].get(name, ""))
    number = f'<data class="n" data-study="{STUDY}.0.{key}" value="{stored!r}">{shown}</data>'
    part = Html(f'{number}<span class="u">{html(unit)}</span>')
    return f'<span class="today">{sentence("report.base_today", value=part)}</span>'


def _asked(results: Reading) -> Html:
    """What the run was to show: the devices that had something to do, trade, an outage to be lived through."""
    found = [said(f"report.asked_{what}") for what, numbers in ASKED if positive(results, *numbers)]
    if not found:
        return Html("")
    both = Label(f"{', '.join(f.en for f in found[:-1])} and {found[-1].en}", "、".join(f.ja for f in found))
    return html(said("report.lead_asked", list=found[0] if len(found) == 1 else both))


def _sentences(results: Reading) -> Iterator[Html]:
    end = results.at(results.duration_s) - timedelta(seconds=1)
    dates = {"first": day(results.start, year=True), "last": day(end, year=True)}
    if asked := _asked(results):
        yield asked
    if len(results.buildings) == 1:
        yield sentence("report.lead_one", **dates)
    else:
        yield sentence("report.lead", buildings=str(len(results.buildings)), **dates)

    def numbers(**names: str) -> dict[str, Html]:
        return {gap: metric(results, name) for gap, name in names.items()}

    if has(results, "load_kwh", "self_sufficiency_ratio"):
        yield sentence("report.lead_energy", **numbers(load="load_kwh", share="self_sufficiency_ratio"))
    if has(results, "bill_jpy", "bill_without_sharing_jpy", "saving_jpy") and len(results.buildings) > 1:
        gains = results.metrics["community"]["saving_jpy"] >= 0
        names = numbers(bill="bill_jpy", alone="bill_without_sharing_jpy", saving="saving_jpy")
        yield sentence("report.lead_saves" if gains else "report.lead_loses", **names)
    if has(results, "served_outage_ratio") and positive(results, "outage_hours"):
        yield sentence("report.lead_outage", **numbers(hours="outage_hours", share="served_outage_ratio"))
    if results.rows > 1:
        yield sentence("report.lead_ensemble", rows=str(results.rows))
