"""The saving of one contract as billed, by Shapley value, by peak and by energy, and who would gain by leaving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ysc_sim.report.bilingual import Html, Label, Part, html, in_a_row, name, said, sentence
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table

STUDY = "who_gains"
SPLITS = ("billed", "shapley", "by_peak", "by_energy")
WEIGHTS = (("energy_kwh", "kWh"), ("peak_kw", "kW"))
MOST_LINES = 200
FEW_NAMES = 4
LEAST_JPY = 0.5
"""What is less is no yen."""


def split_of(studies: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The stored split; None where there is none, or a damaged one."""
    kept = studies.get(STUDY)
    if not isinstance(kept, Mapping) or not _are_numbers(kept, ("total_jpy", "orders", "coalitions")):
        return None
    members, leaving = kept.get("members"), kept.get("leaving")
    if not isinstance(members, list) or not isinstance(leaving, Mapping) or not members:
        return None
    keys = ("half_width_jpy", *(key for key, _ in WEIGHTS), *(f"{split}_jpy" for split in SPLITS))
    whole = all(isinstance(one, Mapping) and _are_numbers(one, keys) for one in members)
    named = whole and all(isinstance(one.get("building"), str) for one in members)
    return kept if named and all(_is_leaving(leaving.get(split)) for split in SPLITS) else None


def _are_numbers(values: Mapping[str, Any], keys: Sequence[str]) -> bool:
    return all(isinstance(values.get(key), int | float) and math.isfinite(values[key]) for key in keys)


def _is_leaving(leaving: Any) -> bool:
    return (
        isinstance(leaving, Mapping)
        and _are_numbers(leaving, ("jpy",))
        and isinstance(leaving.get("members"), list)
        and all(isinstance(member, str) for member in leaving["members"])
    )


def who_gains_part(results: Reading) -> Html:
    """Table, stability and how it was worked out; nothing where nothing was split."""
    split = split_of(results.studies)
    if split is None:
        return Html("")
    members: Sequence[Mapping[str, Any]] = split["members"]
    count = {"orders": str(int(split["orders"])), "coalitions": digits(float(split["coalitions"]), "JPY")}
    how = said("report.who_gains_sampled" if split["orders"] else "report.who_gains_exact", **count)
    row = html(said("report.shown_row")) if results.rows > 1 else ""
    left = len(members) - MOST_LINES
    more = f'<p class="more">{html(said("report.who_gains_more", count=str(left)))}</p>' if left > 0 else ""
    return Html(
        f"<h3>{html(said('report.who_gains'))}</h3>{_table(split, members)}{more}<p>{_stability(split, members)}</p>"
        f'<p class="note">{in_a_row(html(how), html(said("report.who_gains_note")), row)}</p>'
    )


def _table(split: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> Html:
    heads = [Head(said("columns.building"), numeric=False)]
    heads += [Head(said(f"report.who_gains_{key}"), Label(unit, unit)) for key, unit in WEIGHTS]
    heads += [Head(said(f"report.who_gains_{key}"), said("units.JPY")) for key in SPLITS]
    lines = [_line(member, number) for number, member in enumerate(members[:MOST_LINES])]
    # What the operator of the market keeps, or gives, is saved by the contract and by no member.
    kept = float(split["total_jpy"]) - math.fsum(float(member["billed_jpy"]) for member in members)
    if abs(kept) >= LEAST_JPY:
        lines.append([said("report.who_gains_operator"), "", "", digits(kept, "JPY"), "", "", ""])
    whole = float(split["total_jpy"])
    total = stored(whole, digits(whole, "JPY"), f'data-study="{STUDY}.total_jpy"')
    lines.append([said("report.total"), "", "", *[total] * len(SPLITS)])
    return table(heads, lines, said("report.who_gains_table"), total=True)


def _line(member: Mapping[str, Any], number: int) -> list[Part]:
    def cell(key: str, unit: str) -> Html:
        value = float(member[key])
        return stored(value, digits(value, unit), f'data-study="{STUDY}.members.{number}.{key}"')

    cells: list[Part] = [name(str(member["building"]), 32), *(cell(key, unit) for key, unit in WEIGHTS)]
    for split in SPLITS:
        shown = cell(f"{split}_jpy", "JPY")
        if split == "shapley" and member["half_width_jpy"] > 0:
            shown = Html(f"{shown} ± {cell('half_width_jpy', 'JPY')}")
        cells.append(shown)
    return cells


def _stability(split: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> Html:
    """Who would gain how much by leaving, as billed; then the same under the other splits."""
    leaving = split["leaving"]
    if all(leaving[key]["jpy"] < LEAST_JPY for key in SPLITS):
        return sentence("report.who_gains_stable")
    gains = {key: _gain(leaving[key], key) for key in SPLITS}
    others = sentence("report.who_gains_others", **{key: gains[key] for key in SPLITS[1:]})
    if leaving["billed"]["jpy"] < LEAST_JPY:
        return in_a_row(sentence("report.who_gains_billed_stable"), others)
    who = _who([str(member) for member in leaving["billed"]["members"]], members)
    return in_a_row(sentence("report.who_gains_leave", who=who, gain=gains["billed"]), others)


def _gain(leaving: Mapping[str, Any], split: str) -> Html:
    value = float(leaving["jpy"])
    shown = digits(value, "JPY") if value >= LEAST_JPY else "0"
    return stored(value, shown, f'data-study="{STUDY}.leaving.{split}.jpy"')


def _who(leaving: Sequence[str], members: Sequence[Mapping[str, Any]]) -> Label:
    """Those who leave by name, or those who stay, or how many."""
    stay = [str(member["building"]) for member in members if member["building"] not in set(leaving)]
    if not stay:
        return said("report.who_gains_all")
    if len(leaving) <= FEW_NAMES:
        return _names(leaving)
    if len(stay) <= FEW_NAMES:
        return said("report.who_gains_all_but", names=_names(stay))
    return said("report.who_gains_some", count=str(len(leaving)), of=str(len(members)))


def _names(buildings: Sequence[str]) -> Label:
    shown = [name(building, 32) for building in buildings]
    return Label(", ".join(label.en for label in shown), "、".join(label.ja for label in shown))
