"""The investment on the page of a run whose devices name prices: does it pay back, and the cash flow year by year."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ysc_sim.report.bilingual import Html, Label, html, in_a_row, said
from ysc_sim.report.investment import FLOW, WORTH, in_words, investment, rough_box
from ysc_sim.report.reading import Reading
from ysc_sim.words import has

STUDY = "investment"
DEVICE = {"kind": str, "price_date": str, "price_source": str, "bought": bool, "life_years": int}
NEEDED = ("purchase_jpy", "npv_jpy")


class InvestmentPart:
    """What the devices with prices are worth, as a run stored it."""

    kind: ClassVar[str] = "investment"
    order: ClassVar[int] = 14
    needs_course: ClassVar[bool] = False

    def title(self) -> Label:
        """Heading."""
        return said("report.size_investment")

    def applies(self, results: Reading) -> bool:
        """Where devices name prices."""
        return investment_in(results.studies) is not None

    def render(self, results: Reading, lang: str) -> Html:
        """Whether it pays back in a sentence, then devices, worth and cash flow."""
        found = investment_in(results.studies) or {}
        lead = in_a_row(*(html(sentence) for sentence in in_words(found)))
        note = f'<p class="note">{html(said("report.invest_note"))}</p>'
        return Html(f'{rough_box(found)}<p class="lead">{lead}</p>{investment(found, STUDY)}{note}')


def investment_in(studies: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The stored investment; None where there is none, or it is not what was written."""
    found = studies.get(STUDY)
    if not isinstance(found, Mapping):
        return None
    sound = _is_flow(found.get("flow")) and _is_worth(found.get("shown")) and _is_told(found)
    return found if sound else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_flow(flow: object) -> bool:
    if not isinstance(flow, Mapping) or not all(isinstance(flow.get(key), list) for key in ("year", *FLOW)):
        return False
    columns = [flow[key] for key in ("year", *FLOW)]
    return all(len(column) == len(columns[0]) and all(map(_is_number, column)) for column in columns)


def _is_worth(shown: object) -> bool:
    known = (*(column for column, _ in WORTH), "payback_years", "discounted_payback_years", "irr")
    return (
        isinstance(shown, Mapping)
        and all(key in shown for key in NEEDED)
        and all(_is_number(shown[key]) for key in known if key in shown)
    )


def _is_told(found: Mapping[str, Any]) -> bool:
    """Devices, length of the study, and sentences whose words are known."""
    listed, finance = found.get("devices"), found.get("finance")
    return (
        isinstance(listed, list)
        and all(_is_device(device) for device in listed)
        and isinstance(finance, Mapping)
        and _is_number(finance.get("years"))
        and _are_sentences(found.get("rough"), "problems")
        and _are_sentences(found.get("reasons"), "report")
    )


def _is_device(device: object) -> bool:
    return (
        isinstance(device, Mapping)
        and all(isinstance(device.get(key), kind) for key, kind in DEVICE.items())
        and all(_is_number(device.get(key)) for key in ("kw", "kwh"))
    )


def _are_sentences(told: object, section: str) -> bool:
    return isinstance(told, Sequence) and all(
        isinstance(one, Mapping) and isinstance(one.get("values"), Mapping) and has(f"{section}.{one.get('key')}")
        for one in told
    )
