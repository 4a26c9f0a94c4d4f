"""The investment: devices with prices and where those come from, what it is worth, and the cash flow year by year.

Everything is read from the summary that a search for sizes stores; nothing is calculated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said
from ysc_sim.report.numbers import digits
from ysc_sim.report.tables import Head, table
from ysc_sim.study.size_keys import device_label
from ysc_sim.words import LANGUAGES, text

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


def investment(found: Mapping[str, Any]) -> Html:
    """Devices, worth and cash flow of the candidate shown."""
    return Html(devices(found) + worth(found) + cash_flow(found))


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


def worth(found: Mapping[str, Any]) -> Html:
    """Payback, present value, internal rate, and what a saved kW and kWh cost."""
    numbers = found["shown"]
    lines: list[list[Part]] = []
    for key, column in (("payback", "payback_years"), ("discounted_payback", "discounted_payback_years")):
        value = numbers.get(column)
        years = said("report.size_never") if value is None else said("report.size_years", years=f"{value:.1f}")
        lines.append([said(f"cli.invest_{key}"), years, ""])
    rate = numbers.get("irr")
    lines.append([said("cli.invest_irr"), "–" if rate is None else f"{100 * rate:.1f}", "%"])
    lines += [
        [said(f"report.size_{column}"), digits(numbers[column]), said(f"units.{unit}")]
        for column, unit in WORTH
        if column in numbers
    ]
    heads = [Head(said("cli.quantity"), numeric=False), Head(said("cli.value")), Head(said("cli.unit"), numeric=False)]
    return table(heads, lines, said("report.size_worth"))


def cash_flow(found: Mapping[str, Any]) -> Html:
    """Year by year."""
    flow = found["flow"]
    yen = said("units.JPY")
    heads = [Head(said("cli.invest_year")), *(Head(said(f"report.size_{column}"), yen) for column in FLOW)]
    lines = [
        [f"{year:.0f}", *(digits(float(flow[column][row])) for column in FLOW)] for row, year in enumerate(flow["year"])
    ]
    note = said("report.size_flow_note", years=str(found["finance"]["years"]))
    return Html(table(heads, lines, said("report.size_flow")) + f"<p>{html(note)}</p>")
