"""Which charges a kWh from a neighbour avoids: one small table for each contract of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ysc_sim.report.bilingual import Html, Part, html, name, said, sentence
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.tables import Head, table

MOST_CONTRACTS = 12
SIDES = ("supplier", "neighbour", "avoided")
TOTAL = "total"


def shared_kwh_tables(contracts: Sequence[Mapping[str, Any]]) -> Html:
    """Tables of ``manifest["shared_kwh"]``; nothing where nobody has a neighbour."""
    if not contracts:
        return Html("")
    blocks = [f"<h3>{html(said('report.shared_kwh'))}</h3>"]
    blocks += [_of_contract(number, contract) for number, contract in enumerate(contracts[:MOST_CONTRACTS])]
    if len(contracts) > MOST_CONTRACTS:
        more = said("report.more_lines", count=str(len(contracts) - MOST_CONTRACTS))
        blocks.append(f'<p class="more">{html(more)}</p>')
    return Html("".join(blocks) + f'<p class="note">{html(said("report.shared_kwh_note"))}</p>')


def _of_contract(number: int, contract: Mapping[str, Any]) -> str:
    unit = said("units.JPY/kWh")
    heads = [Head(said("columns.item"), numeric=False)]
    heads += [Head(said(f"report.shared_kwh_{side}"), unit) for side in SIDES]
    lines: list[list[Part]] = []
    for place, charge in enumerate(contract["charges"]):
        item = str(charge["item"])
        label = said("report.total") if item == TOTAL else said(f"items.{item}")
        cells = [
            _number(f"{number}.charges.{place}.{side}_jpy_per_kwh", charge[f"{side}_jpy_per_kwh"]) for side in SIDES
        ]
        lines.append([label, *cells])
    caption = said("report.shared_kwh_table", plan=name(str(contract["plan"])), count=str(contract["buildings"]))
    return table(heads, lines, caption, total=True) + f"<p>{_range(number, contract)} {_demand(number, contract)}</p>"


def _range(number: int, contract: Mapping[str, Any]) -> str:
    """Where the price changes with the hour, between what."""
    least, most = ("least_avoided_jpy_per_kwh", "most_avoided_jpy_per_kwh")
    if contract[least] == contract[most]:
        return ""
    low, high = (_number(f"{number}.{key}", contract[key]) for key in (least, most))
    return sentence("report.shared_kwh_range", low=low, high=high)


def _demand(number: int, contract: Mapping[str, Any]) -> str:
    """Whether trade lowers a demand charge."""
    if not contract["demand_jpy_per_kw"]:
        return html(said("report.shared_kwh_no_demand"))
    price = _number(f"{number}.demand_jpy_per_kw", contract["demand_jpy_per_kw"])
    return sentence(f"report.shared_kwh_demand_{contract['demand_meter']}", price=price)


def _number(where: str, value: float) -> Html:
    return stored(value, digits(value, places=2), f'data-shared="{where}"')
