"""Which sheets a scenario has as a workbook, and what their items, columns and choices are called.

An item or heading is known by its name in the program (``load_kwh_per_year``), and by its label in either language;
what stands in brackets behind it, its unit, does not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from ysc_sim.scenario.island import Cell
from ysc_sim.scenario.kinds import Chooses, flat_class
from ysc_sim.scenario.messages import classes_in, hints_of
from ysc_sim.scenario.overrides import BESIDE_ID
from ysc_sim.scenario.schema import Building, Declared
from ysc_sim.words import LANGUAGES, label, text, words_of

BRACKETS = re.compile(r"[(\[（［〔【].*?[)\]）］〕】]\s*$")
TECHNICAL = re.compile(r"[a-z_][a-z0-9_]*(\.[^.\s]+)*")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "scenario": (
        "name", "description", "time.start", "time.days", "time.step_s", "seed",
        "site.latitude_deg", "site.longitude_deg", "site.weather",
        "tariff.plan", "tariff.contract", "tariff.power_factor_percent", "tariff.export_jpy_per_kwh",
        "tariff.wheeling_jpy_per_kwh", "wires", "export", "power_flow", "island.shed_below_soc",
        "ensemble.seeds", "results.record", "co2_kg_per_kwh",
    ),
    "market": ("market.kind", "market.k", "bidder.kind", "bidder.forecast.kind"),
}  # fmt: skip
"""Sheets of items and values, with the items that a new workbook shows."""


@dataclass(frozen=True)
class Table:
    """A sheet with one thing a line."""

    columns: tuple[str, ...]
    """Columns that a new workbook shows."""
    needs: tuple[str, ...]
    """Columns without which no line can be read."""


TABLES: Mapping[str, Table] = {
    "buildings": Table(
        ("id", "profile", "load_kwh_per_year", "tier_shares", "count", "strategy.kind", "strategy.target_kw", "export",
         "tariff.plan", "tariff.contract", "note"),
        ("id",),
    ),
    "devices": Table(
        ("building", "kind", "id", "rated_kw", "tilt_deg", "azimuth_deg", "energy_kwh", "power_kw", "soc_start",
         "charge_kw", "discharge_kw", "soc_floor", "leave", "arrive", "tank_l", "note"),
        ("building", "kind"),
    ),
    "outages": Table(("kind", "start", "duration_h", "notice_h", "first", "days", "group", "event", "note"), ()),
    "cells": Table(("id", "parent", "buildings", "note"), ("id",)),
}  # fmt: skip
NOT_READ = ("explanations", "choices")
OFFERED = ("buildings", "devices", "outages")
"""Tables of every new workbook; others only where there is something to say in them."""
OWN_COLUMNS: Mapping[str, tuple[str, ...]] = {"devices": ("building", "note")}


def plain(words: str) -> str:
    """A heading as it is compared: one kind of width, no capitals, no unit behind it.

    >>> plain("蓄電容量（ｋＷｈ）"), plain(" Store size (kWh) ")
    ('蓄電容量', 'store size')
    """
    return _same_width(BRACKETS.sub("", unicodedata.normalize("NFKC", words)))


def _same_width(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).split()).casefold()


@cache
def labels(section: str) -> Mapping[str, str]:
    """Plain label, in any language, and plain name → name."""
    found: dict[str, str] = {}
    for lang in LANGUAGES:
        for name, said in words_of(lang)[section].items():
            found.setdefault(plain(str(said)), name)
    found.update({plain(name): name for name in words_of("en")[section]})
    return found


def field_of(heading: str) -> str | None:
    """The dotted name that a heading means; None where it is none of ours and cannot be one.

    >>> field_of("蓄電容量 (kWh)"), field_of("soc_max"), field_of("Tabelle 1")
    ('energy_kwh', 'soc_max', None)
    """
    found = labels("fields").get(plain(heading))
    if found is not None:
        return found
    name = BRACKETS.sub("", unicodedata.normalize("NFKC", heading)).strip()
    return name if TECHNICAL.fullmatch(name) else None


def sheet_of(title: str) -> str | None:
    """The sheet that a title means.

    >>> sheet_of("建物"), sheet_of("Buildings"), sheet_of("Sheet1")
    ('buildings', 'buildings', None)
    """
    name = labels("book").get(plain(title), "")
    return name.removeprefix("sheet_") if name.startswith("sheet_") else None


def sheet_title(key: str, lang: str | None = None) -> str:
    """What a sheet is called."""
    return text(f"book.sheet_{key}", lang)


@cache
def columns_known(table: str) -> frozenset[str]:
    """Names that a column may have, as far as their second part: ``strategy.target_kw``."""
    if table == "buildings":
        return frozenset({*_names_of(Building, 2), *BESIDE_ID, "note"}) - {"devices"}
    if table == "cells":
        return frozenset({*_names_of(Cell, 1), "note"})
    group = table
    names = {name for kind in kinds_of(group) for name in hints_of(flat_class(group, kind))}
    return frozenset({*names, *OWN_COLUMNS.get(table, ()), "note"})


def is_known(table: str, name: str) -> bool:
    """Whether a table may have this column; what is deeper than its second part is left to the schema."""
    return name in TABLES[table].columns or ".".join(name.split(".")[:2]) in columns_known(table)


@cache
def settings_known() -> frozenset[str]:
    """Names of items, as far as their second part."""
    return frozenset({*_names_of(Declared, 2), "extends"})


@cache
def kinds_of(group: str) -> tuple[str, ...]:
    """Kinds of a group whose plug-ins can be loaded."""
    from ysc_sim.errors import PluginError
    from ysc_sim.plugins import registry

    good = []
    for kind in registry(group):
        try:
            flat_class(group, kind)
        except PluginError:
            continue
        good.append(kind)
    return tuple(good)


def group_in(hint: Any) -> str | None:
    """The group of plug-ins that an annotation chooses from."""
    for part in (*getattr(hint, "__metadata__", ()), *get_args(hint)):
        if isinstance(part, Chooses):
            return part.group
        if (found := group_in(part)) is not None:
            return found
    return None


def _names_of(cls: type, depth: int) -> set[str]:
    names: set[str] = set()
    for name, hint in hints_of(cls).items():
        names.add(name)
        if depth > 1:
            group = group_in(hint)
            inner = [flat_class(group, kind) for kind in kinds_of(group)] if group else list(classes_in(hint))
            names |= {f"{name}.{below}" for part in inner for below in _names_of(part, depth - 1)}
    return names


def choice_label(group: str, name: str, lang: str | None = None) -> str:
    """What a choice is called; its name where it is a plug-in's own."""
    key = f"{group}.{name}"
    said = label("choices", key, lang)
    return name if said == key else said


def chosen(value: str, group: str, names: Iterable[str]) -> str:
    """The choice that a text means: a name, or a label in any language; the text itself where it is none.

    >>> chosen("太陽光発電", "devices", ["solar", "battery"]), chosen("Solar", "devices", ["solar"])
    ('solar', 'solar')
    """
    wanted = _same_width(value)
    for name in names:
        if wanted in (_same_width(name), *(_same_width(choice_label(group, name, lang)) for lang in LANGUAGES)):
            return name
    return value


def settings_sheet(name: str) -> str:
    """The sheet on which an item stands in a new workbook."""
    return "market" if name.partition(".")[0] in ("market", "bidder") else "scenario"
