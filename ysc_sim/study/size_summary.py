"""What a search for sizes leaves behind: numbers for files and pages, and the choice as sentences by key and values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ysc_sim.errors import Problem
from ysc_sim.study.group_buy import GroupGains
from ysc_sim.study.pool import NOTHING
from ysc_sim.study.purchase import AMOUNTS, Purchase, sizes_of, there
from ysc_sim.study.size import Sized
from ysc_sim.study.size_keys import key_label, listed, parts_of_key, value_label
from ysc_sim.study.worth import COLUMN_OF, STREAMS
from ysc_sim.units import Floats
from ysc_sim.words import has, text

MOST_FRONT = 24
Sentence = tuple[str, dict[str, Any]]


def summary(found: Sized, rough: Sequence[Problem], group: GroupGains | None) -> dict[str, Any]:
    """Everything that the page, the workbook and the files say; JSON as it is (what is not finite is left out)."""
    name = COLUMN_OF[found.sizing.objective]
    told: dict[str, Any] = {
        "format": 1,
        "study": "size",
        "scenario": found.scenario.identity(),
        "objective": found.sizing.objective,
        "candidates": found.candidates.count,
        "simulated_years": found.candidates.count * found.scenario.ensemble.seeds,
        "buys_nothing": found.buys_nothing,
        "pays_back": found.pays_back,
        "sizes": found.sizes,
        "keys": {key: parts_of_key(found.scenario, key) for key in (*found.sizing.vary, *found.sizing.choices)},
        "changes_nothing": changes_nothing(found),
        "choices": dict(found.variant.chosen),
        "shown": numbers_at(found, found.shown),
        "shown_number": found.shown,
        "finalists": [int(k) for k in found.finalists],
        "nothing": numbers_at(found, 0),
        "bills": {stream: [float(one.mean(stream)[0]) for one in (found.base, found.measured)] for stream in STREAMS},
        "finance": vars(found.finance).copy(),
        "devices": list(devices(found)),
        "flow": flow_table(found),
        "front": front(found),
        "objective_column": name,
        "rough": [{"key": problem.key, "values": dict(problem.values)} for problem in rough],
        "reasons": [{"key": key, "values": values} for key, values in reasons(found)],
        "draws_differ": found.draws_differ,
        "unseen_seeds": found.sizing.unseen_seeds,
    }
    if found.regret is not None:
        told["regret"] = found.regret
        told["regret_unit"] = UNITS.get(name, "JPY")
    if group is not None:
        told["members"] = group.table()
        told["deviation_jpy"] = group.deviation_jpy
    return told


UNITS = {"payback_years": "a", "guaranteed_h": "h", "co2_kg": "kg"}


def numbers_at(found: Sized, number: int) -> dict[str, float]:
    """Numbers of one candidate; what is not finite is left out."""
    at = {name: float(values[number]) for name, values in found.candidates.columns.items()}
    return {name: value for name, value in at.items() if math.isfinite(value)}


def devices(found: Sized) -> Iterator[dict[str, Any]]:
    """What is bought: sizes and prices as written, and where they come from."""
    varied: dict[str, Floats] = {key: np.array([value]) for key, value in found.sizes.items()}
    for purchase in found.bought:
        kw, kwh = (float(size[0]) for size in sizes_of(purchase, varied, 1))
        prices = {name: getattr(purchase.prices, name) for name in AMOUNTS}
        yield {
            "name": purchase.name,
            "building": purchase.name.split("/", 1)[0] if len(found.scenario.buildings) > 1 else "",
            "device": purchase.name.split("/", 1)[1] if _has_twin(found, purchase) else "",
            "kind": purchase.device.kind,
            "count": purchase.count,
            "bought": bool(there(purchase, varied, 1)[0]),
            "kw": kw,
            "kwh": kwh,
            "life_years": purchase.life_years(found.finance),
            "fade_per_year": purchase.fade_per_year(found.finance),
            **{name: float(value) for name, value in prices.items() if value is not None},
            "price_date": purchase.prices.price_date or "",
            "price_source": purchase.prices.price_source or "",
        }


def _has_twin(found: Sized, purchase: Purchase) -> bool:
    alike = [p for p in found.bought if (p.building, p.device.kind) == (purchase.building, purchase.device.kind)]
    return len(alike) > 1


def flow_table(found: Sized) -> dict[str, list[float]]:
    """Year by year: outlay, maintenance, saving, flow, sum, discounted sum."""
    flow = found.flow
    columns = {
        "year": np.arange(flow.years + 1),
        "outlay_jpy": flow.outlay_jpy,
        "maintenance_jpy": flow.maintenance_jpy,
        "saving_jpy": flow.saving_jpy,
        "flow_jpy": flow.flow_jpy,
        "sum_jpy": np.cumsum(flow.flow_jpy),
        "discounted_sum_jpy": np.cumsum(flow.discounted_jpy),
    }
    return {name: [float(value) for value in values] for name, values in columns.items()}


def front(found: Sized) -> list[dict[str, Any]]:
    """Finalists that nobody beats, cheapest first."""
    table = found.candidates
    mine = np.flatnonzero(found.front)
    mine = mine[np.argsort(table.columns["total_cost_jpy"][mine], kind="stable")][:MOST_FRONT]
    return [
        {
            "number": int(k),
            "shown": int(k) == found.shown,
            "nothing": int(table.variant[k]) == NOTHING,
            "choices": {} if table.variant[k] == NOTHING else dict(table.variants[int(table.variant[k])].chosen),
            "sizes": {key: float(table.sizes[key][k]) for key in table.keys if math.isfinite(table.sizes[key][k])},
            **numbers_at(found, int(k)),
        }
        for k in mine
    ]


def changes_nothing(found: Sized) -> list[str]:
    """Keys of the candidate shown whose neighbours are worth the same (a target with nothing to reach it)."""
    cost = found.candidates.columns["total_cost_jpy"]
    return [
        key
        for key in found.sizes
        if _is_gone(found, key)
        or (
            (near := found.neighbours.get(key))
            and all(abs(float(cost[k] - cost[found.shown])) < 1.0 for k in near.values())
        )
    ]


def reasons(found: Sized) -> list[Sentence]:
    """Why this choice: keys of ``report`` words and their values."""
    said: list[Sentence] = [_first(found), *worth_in_words(found)]
    if not found.buys_nothing:
        for key, at in found.sizes.items():
            if at == 0 or not _is_gone(found, key):
                said += _steps(found, key, at)
    said += _other_variants(found)
    said.append(_draws(found))
    return said


def worth_in_words(found: Sized) -> list[Sentence]:
    """Whether the candidate shown pays back, and what becomes of the contract."""
    said = [_money(found)]
    if found.number("saved_kw") > 0:
        kw = {
            "before": _whole(found.candidates.columns["contract_kw"][0]),
            "after": _whole(found.number("contract_kw")),
        }
        said.append(("size_why_contract", kw))
    return said


def _first(found: Sized) -> Sentence:
    key = "size_why_nothing" if found.buys_nothing else "size_why_buy"
    idle = changes_nothing(found)
    bought: dict[str, Any] = {k: value for k, value in found.sizes.items() if value > 0 and k not in idle}
    listed: Any = bought | dict(found.variant.chosen) or ", ".join(device.name for device in found.bought)
    return key, {"count": f"{found.candidates.count:,}", "objective": found.sizing.objective, "list": listed}


def _is_gone(found: Sized, key: str) -> bool:
    """Whether a key belongs to a device that is not bought: another size of it is 0."""
    device, _, _ = key.rpartition(".")
    return ".devices." in key and any(
        value == 0 for other, value in found.sizes.items() if other != key and other.rpartition(".")[0] == device
    )


def _money(found: Sized) -> Sentence:
    values = {
        "purchase": _whole(found.number("purchase_jpy")),
        "saving": _whole(found.number("saving_jpy_per_year")),
        "npv": _whole(found.number("npv_jpy")),
        "years": str(found.finance.years),
    }
    if not found.pays_back:
        return "size_why_never", values
    return "size_why_payback", {**values, "payback": f"{found.number('payback_years'):.1f}"}


def _steps(found: Sized, key: str, at: float) -> Iterator[Sentence]:
    """What the next smaller and larger value of the list would cost, all else alike; and that a list ends too early."""
    cost, values = found.candidates.columns["total_cost_jpy"], found.candidates.sizes[key]
    for side, one in found.neighbours.get(key, {}).items():
        more = float(cost[one] - cost[found.shown])
        told = {"key": key, "value": float(values[one]), "instead": at, "more": _whole(more), "side": side}
        if abs(more) >= 1.0:
            yield ("size_why_step" if more > 0 else "size_why_step_cheaper"), told
    tried = np.asarray(found.sizing.vary[key])
    if at > 0 and at == tried.max() and len(np.unique(tried)) > 1 and key not in changes_nothing(found):
        yield "size_why_end_of_list", {"key": key, "value": at}


def _other_variants(found: Sized) -> Iterator[Sentence]:
    table, mine = found.candidates, int(found.candidates.variant[found.shown])
    cost = table.columns["total_cost_jpy"]
    for number, other in enumerate(table.variants):
        those = found.finalists[table.variant[found.finalists] == number]
        if number != mine and those.size:
            more = _whole(float(cost[those].min() - cost[found.shown]))
            yield "size_why_variant", {"choices": dict(other.chosen), "more": more}


def _draws(found: Sized) -> Sentence:
    if found.regret is None:
        return "size_why_not_judged", {}
    if not found.draws_differ:
        return "size_why_no_draws", {}
    unit = UNITS.get(COLUMN_OF[found.sizing.objective], "JPY")
    regret = _whole(found.regret) if unit == "JPY" else f"{found.regret:.3g}"
    return "size_why_regret", {"seeds": str(found.sizing.unseen_seeds), "regret": regret, "unit": unit}


def _whole(value: float | np.floating[Any]) -> str:
    return f"{float(value):,.0f}"


def sentence_values(
    values: Mapping[str, Any], lang: str, keys: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, str]:
    """Values of a sentence in the words of the language; ``keys``: the parts of each key, from the summary."""
    known = keys or {}
    parts = known.get(str(values.get("key", "")), {"field": ""})
    shown = {}
    for name, value in values.items():
        if name == "key" and value in known:
            shown[name] = key_label(known[value], lang)
        elif isinstance(value, Mapping):
            shown[name] = listed(known, value, lang)
        else:
            shown[name] = value_label(parts, value, lang) if isinstance(value, float) else str(value)
    if "objective" in shown:
        shown["objective"] = text(f"report.size_objective_{shown['objective']}", lang)
    if "unit" in shown and has(f"units.{shown['unit']}"):
        shown["unit"] = text(f"units.{shown['unit']}", lang)
    return shown
