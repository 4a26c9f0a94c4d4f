"""What an owner calls a size or a choice: ``buildings.shop.devices.battery.energy_kwh`` is "Battery, kWh".

A summary stores the parts of each key (building, kind, field, unit); words are found when it is shown, in any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ysc_sim.errors import ScenarioError
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.messages import hints_of, unit_of
from ysc_sim.scenario.varied import targets
from ysc_sim.words import harmless, has, label, text

EVERY = "*"
LISTS = {"strategy.kind": "strategies", "market.kind": "markets", "wires": "wires", "export": "export"}
"""Where words for the values of a choice stand."""


def parts_of_key(scenario: Scenario, key: str) -> dict[str, str]:
    """Building, device and field that a key means; a key of another part of the scenario has its own name only."""
    try:
        found = targets(scenario, key)
    except ScenarioError:
        return parts_of_choice(scenario, key)
    first = found[0]
    several = len({target.building for target in found}) > 1
    building = EVERY if several else scenario.buildings[first.building].id
    spec: Any = first.choice.spec
    told = {
        "building": building if len(scenario.buildings) > 1 else "",
        "field": first.field,
        "unit": unit_of(hints_of(spec.__class__).get(first.field)),
    }
    if first.device is None:
        return {**told, "strategy": first.choice.kind}
    devices = scenario.buildings[first.building].devices
    alike = [device for device in devices if device.kind == first.choice.kind]
    return {**told, "kind": first.choice.kind, "device": first.name if len(alike) > 1 else ""}


def parts_of_choice(scenario: Scenario, key: str) -> dict[str, str]:
    """Of ``buildings.shop.strategy.kind`` or ``wires``: the building and the name of the field inside it."""
    words = key.split(".")
    if words[0] != "buildings" or len(words) < 3:
        return {"building": "", "field": key, "unit": ""}
    name = words[1]
    if name.isdecimal() and int(name) < len(scenario.buildings):
        name = scenario.buildings[int(name)].id
    return {"building": name if len(scenario.buildings) > 1 else "", "field": ".".join(words[2:]), "unit": ""}


def key_label(parts: Mapping[str, str], lang: str | None = None) -> str:
    """A size or choice in words.

    >>> battery = {"building": "", "kind": "battery", "device": "", "field": "energy_kwh", "unit": "kWh"}
    >>> key_label(battery, "en"), key_label(battery, "ja")
    ('Battery, kWh', '蓄電池 容量 kWh')
    >>> key_label({"building": "shop", "strategy": "peak_cut", "field": "target_kw", "unit": "kW"}, "en")
    'shop: Target demand, kW'
    """
    unit = label("units", parts["unit"], lang) if parts["unit"] else ""
    if parts.get("kind"):
        said = _device_size(parts, unit, lang)
    else:
        key = f"strategy.{parts['field']}" if parts.get("strategy") else parts["field"]
        said = label("fields", key, lang)
        said = text("report.size_key_with_unit", lang).format(s=said, u=unit) if unit else said
    if not parts["building"]:
        return said
    every = parts["building"] == EVERY
    name = text("report.size_every_building", lang) if every else harmless(parts["building"], 40)
    return text("report.size_key_in_building", lang).format(building=name, said=said)


def _device_size(parts: Mapping[str, str], unit: str, lang: str | None) -> str:
    device = device_label(parts["kind"], parts["device"], lang)
    key = f"report.size_key_{parts['field']}"
    known = key if has(key) else "report.size_key_other"
    return text(known, lang).format(d=device, f=label("fields", parts["field"], lang), u=unit).strip(" ,")


def device_label(kind: str, name: str = "", lang: str | None = None) -> str:
    """A kind of device, and its own name where there are several.

    >>> device_label("battery", "north", "en"), device_label("solar", "", "ja")
    ('Battery (north)', '太陽光発電')
    """
    said = text(f"choices.devices.{kind}", lang) if has(f"choices.devices.{kind}") else harmless(kind, 40)
    said = said[:1].upper() + said[1:]
    return f"{said} ({harmless(name, 40)})" if name else said


def value_label(parts: Mapping[str, str], value: Any, lang: str | None = None) -> str:
    """The value of a size with four digits; that of a choice in words, where there are any.

    >>> value_label({"field": "strategy.kind"}, "peak_cut", "en"), value_label({"field": "rated_kw"}, 66.7969)
    ('peak cut', '66.8')
    """
    if isinstance(value, bool):
        return text("report.size_yes" if value else "report.size_no", lang)
    if isinstance(value, int | float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    known = LISTS.get(parts["field"])
    return label("choices", f"{known}.{value}", lang) if known else harmless(value, 60)


def listed(found: Mapping[str, Mapping[str, str]], values: Mapping[str, Any], lang: str | None = None) -> str:
    """Several sizes and choices in a line; ``found``: key → its parts.

    >>> solar = {"building": "", "kind": "solar", "device": "", "field": "rated_kw", "unit": "kW"}
    >>> listed({"a": solar, "b": {"building": "", "field": "wires", "unit": ""}}, {"a": 75.0, "b": "same_site"}, "ja")
    '太陽光発電 定格出力 75 kW、建物間の電線 同一構内'
    """
    join = text("report.size_key_and_value", lang)
    told = []
    for key, value in values.items():
        parts = found[key]
        unit = label("units", parts["unit"], lang) if parts["unit"] else ""
        shown = join.format(k=key_label({**parts, "unit": ""}, lang), v=value_label(parts, value, lang))
        told.append(f"{shown} {unit}".strip())
    return text("report.size_key_join", lang).join(told)
