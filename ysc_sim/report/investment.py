"""The investment: devices with prices and where those come from, what it is worth, and the cash flow year by year.

Everything is read from what a search for sizes, or a run whose devices name prices, stores; nothing is calculated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ysc_sim.errors import Problem
from ysc_sim.report.bilingual import Html, Label, Part, html, name, said
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.tables import Head, table
from ysc_sim.study.size_keys import device_label
from ysc_sim.study.size_summary import sentence_values
from ysc_sim.words import LANGUAGES, problem_line, text

FLOW = ("outlay_jpy", "maintenance_jpy", "saving_jpy", "flow_jpy", "sum_jpy", "discounted_sum_jpy")
WORTH = (
    ("purchase_jpy", "JPY"),
    ("saving_jpy_per_year", "JPY"),
    ("npv_jpy", "JPY"),
    ("cost_jpy_per_saved_kw", "JPY/kW"),
    ("cost_jpy_per_saved_kwh", "JPY/kWh"),
    ("saved_co2_kg", "kg"),
    ("guaranteed_h", "h"),
    ("expected_damage_jpy", "JPY"),
)


def investment(found: Mapping[str, Any], study: str = "") -> Html:
    """Devices, worth and cash flow of the candidate shown. ``study``: where a run has stored them; "": no run has."""
    return Html(devices(found) + worth(found, study) + cash_flow(found, study))


def rough_box(found: Mapping[str, Any]) -> Html:
    """Why every saving below is a rough estimate; nothing where it is none."""
    if not found["rough"]:
        return Html("")
    lines = []
    for reason in found["rough"]:
        problem = Problem(reason["key"], reason["values"], severity="warning")
        lines.append(f"<li>{html(Label(*(problem_line(problem, lang) for lang in LANGUAGES)))}</li>")
    return Html(f'<div class="rough"><p><b>{html(said("cli.bill_rough"))}</b></p><ul>{"".join(lines)}</ul></div>')


def in_words(found: Mapping[str, Any]) -> list[Label]:
    """The reasons in both languages."""
    told = []
    for reason in found["reasons"]:
        said_in = [
            text(f"report.{reason['key']}", lang).format_map(
                {
                    gap: name(value, 400)[0]
                    for gap, value in sentence_values(reason["values"], lang, found["keys"]).items()
                }
            )
            for lang in LANGUAGES
        ]
        told.append(Label(*said_in))
    return told


def _number(value: float, shown: str, study: str, place: str) -> Part:
    """A number, with its place in the study where a run has stored it."""
    return stored(value, shown, f'data-study="{study}.{place}"') if study else shown


def devices(found: Mapping[str, Any]) -> Html:
    """What is bought, at which price, from where."""
    heads = [
        Head(said("report.size_device"), numeric=False),
        Head(Label("kW", "kW")),
        Head(Label("kWh", "kWh")),
        Head(said("report.size_life"), said("units.a")),
        Head(said("report.size_source"), numeric=False),
    ]
    lines: list[list[Part]] = [
        [
            device_name(device),
            digits(float(device["kw"])) if device["bought"] else "0",
            digits(float(device["kwh"])) if device["bought"] else "0",
            str(device["life_years"]),
            source(device),
        ]
        for device in found["devices"]
    ]
    return table(heads, lines, said("report.size_devices"))


def device_name(device: Mapping[str, Any]) -> Label:
    """Kind of a device in words, with its building where there are several."""
    texts = [device_label(str(device["kind"]), str(device.get("device", "")), lang) for lang in LANGUAGES]
    if device.get("building"):
        place = name(str(device["building"])).en
        texts = [
            text("report.size_key_in_building", lang).format(building=place, said=said_in)
            for lang, said_in in zip(LANGUAGES, texts, strict=True)
        ]
    return Label(*texts)


def source(device: Mapping[str, Any]) -> Label:
    """Where a price comes from, and its date; assumed where nothing is said."""
    date = f"{device['price_date']} " if device["price_date"] else ""
    told = name(str(device["price_source"]), 200) if device["price_source"] else said("cli.invest_assumed")
    return told.map(lambda shown: f"{name(date).en}{shown}")


def worth(found: Mapping[str, Any], study: str = "") -> Html:
    """Payback, present value, internal rate, and what a saved kW and kWh cost."""
    numbers = found["shown"]
    lines: list[list[Part]] = []
    for key, column in (("payback", "payback_years"), ("discounted_payback", "discounted_payback_years")):
        value = numbers.get(column)
        lines.append([said(f"cli.invest_{key}"), *_years(value, study, column)])
    rate = numbers.get("irr")
    shown = "–" if rate is None else _number(rate, f"{100 * rate:.1f}".replace("-", "−"), study, "shown.irr")
    lines.append([said("cli.invest_irr"), shown, "%"])
    for column, unit in WORTH:
        if column in numbers:
            shown = _number(numbers[column], digits(numbers[column]), study, f"shown.{column}")
            lines.append([said(f"report.size_{column}"), shown, said(f"units.{unit}")])
    heads = [Head(said("cli.quantity"), numeric=False), Head(said("cli.value")), Head(said("cli.unit"), numeric=False)]
    return table(heads, lines, said("report.size_worth"))


def _years(value: float | None, study: str, column: str) -> tuple[Part, Part]:
    """Years of payback, or that there is none."""
    if value is None:
        return said("report.size_never"), ""
    if study:
        return _number(value, f"{value:.1f}", study, f"shown.{column}"), said("units.a")
    return said("report.size_years", years=f"{value:.1f}"), ""


def cash_flow(found: Mapping[str, Any], study: str = "") -> Html:
    """Year by year."""
    flow = found["flow"]
    yen = said("units.JPY")
    heads = [Head(said("cli.invest_year")), *(Head(said(f"report.size_{column}"), yen) for column in FLOW)]
    lines = [
        [f"{year:.0f}", *(_yen(flow, column, row, study) for column in FLOW)] for row, year in enumerate(flow["year"])
    ]
    note = said("report.size_flow_note", years=str(found["finance"]["years"]))
    return Html(table(heads, lines, said("report.size_flow")) + f"<p>{html(note)}</p>")


def _yen(flow: Mapping[str, Any], column: str, row: int, study: str) -> Part:
    value = float(flow[column][row])
    return _number(value, digits(value), study, f"flow.{column}.{row}")
