"""What candidates are worth: cash flow of every candidate, the objectives, and who is beaten by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.billing import CashFlow, Saving, cash_flow
from ysc_sim.scenario.investment import Finance, OutageCost
from ysc_sim.study.candidates import Measured, Points, Variant
from ysc_sim.study.purchase import asset_of, purchases
from ysc_sim.units import Bools, Floats

STREAMS = ("demand_jpy", "energy_jpy", "export_jpy")
OBJECTIVES = ("total_cost", "npv", "payback", "outage_damage", "guaranteed_hours", "co2")
FRONT_ON = ("total_cost_jpy", "payback_years", "expected_damage_jpy", "guaranteed_h", "co2_kg")
MORE_IS_BETTER = frozenset({"guaranteed_h", "npv_jpy"})
COLUMN_OF = {
    "total_cost": "total_cost_jpy",
    "npv": "npv_jpy",
    "payback": "payback_years",
    "outage_damage": "expected_damage_jpy",
    "guaranteed_hours": "guaranteed_h",
    "co2": "co2_kg",
}
LESS_TO_MATTER = 1e-9


@dataclass(frozen=True)
class Worth:
    """Cash flow of some candidates of one variant, and columns of numbers (N,)."""

    flow: CashFlow
    columns: dict[str, Floats]


def worth_of(
    one: Variant,
    points: Points,
    measured: Measured,
    base: Measured,
    finance: Finance,
    outage: OutageCost,
    aged: Sequence[Measured] = (),
) -> Worth:
    """Cash flow and objectives against the year in which nothing is bought.

    ``aged``: of each device that is bought, the same candidates with that device at the end of its life; none: nothing
    fades.
    """
    bought = purchases(one.scenario)
    assets = [asset_of(purchase, points.sizes, points.count, finance) for purchase in bought]
    rises = (
        finance.demand_price_rise_per_year,
        finance.energy_price_rise_per_year,
        finance.export_price_rise_per_year,
    )
    savings = []
    for stream, rise in zip(STREAMS, rises, strict=True):
        new = measured.mean(stream)
        late = measured.mean("first_demand_jpy") - new if stream == "demand_jpy" else 0.0
        lost = tuple(old.mean(stream) - new for old in aged)
        savings.append(
            Saving(
                jpy_per_year=base.mean(stream) - new,
                price_rise_per_year=rise,
                lost_jpy=lost,
                missing_in_first_year_jpy=late,
            )
        )
    flow = cash_flow(
        assets,
        savings,
        years=finance.years,
        discount_rate=finance.discount_rate,
        maintenance_rise_per_year=finance.maintenance_rise_per_year,
    )
    return Worth(flow, _columns(flow, points, measured, base, finance, outage))


def _columns(
    flow: CashFlow, points: Points, measured: Measured, base: Measured, finance: Finance, outage: OutageCost
) -> dict[str, Floats]:
    count = points.count
    expected = measured.mean("damage_jpy") * outage.events_per_year
    saved_kwh = base.mean("import_kwh") - measured.mean("import_kwh")
    saved_kw = base.mean("contract_kw") - measured.mean("contract_kw")
    columns = {
        "purchase_jpy": flow.outlay_jpy[..., 0],
        "saving_jpy_per_year": sum(base.mean(name) - measured.mean(name) for name in STREAMS),
        "npv_jpy": flow.npv_jpy,
        "irr": flow.irr,
        "payback_years": flow.payback_years,
        "discounted_payback_years": flow.discounted_payback_years,
        "total_cost_jpy": bills_worth(base, finance) - flow.npv_jpy + expected * annuity(finance),
        "expected_damage_jpy": expected,
        "guaranteed_h": measured.mean("guaranteed_h"),
        "co2_kg": measured.mean("co2_kg"),
        "saved_co2_kg": base.mean("co2_kg") - measured.mean("co2_kg"),
        "contract_kw": measured.mean("contract_kw"),
        "saved_kw": saved_kw,
        "saved_kwh": saved_kwh,
        "cost_jpy_per_saved_kw": flow.cost_per(saved_kw),
        "cost_jpy_per_saved_kwh": flow.cost_per(saved_kwh),
        "bill_jpy": sum(measured.mean(name) for name in STREAMS),
    }
    return {name: np.array(np.broadcast_to(values, (count,)), dtype=np.float64) for name, values in columns.items()}


def bills_worth(base: Measured, finance: Finance) -> Floats:
    """Present value of all bills where nothing is bought, (1,)."""
    rises = (
        finance.demand_price_rise_per_year,
        finance.energy_price_rise_per_year,
        finance.export_price_rise_per_year,
    )
    paid = [
        Saving(jpy_per_year=base.mean(stream), price_rise_per_year=rise)
        for stream, rise in zip(STREAMS, rises, strict=True)
    ]
    return cash_flow([], paid, years=finance.years, discount_rate=finance.discount_rate).npv_jpy


def annuity(finance: Finance) -> float:
    """Present value of one yen each year."""
    one = cash_flow([], [Saving(jpy_per_year=1.0)], years=finance.years, discount_rate=finance.discount_rate)
    return float(one.npv_jpy)


def score(columns: dict[str, Floats], objective: str, budget_jpy: float | None = None) -> Floats:
    """What is to be made small, (N,); inf where it is out of the question.

    Ties are broken by total cost: a billionth of it is added. What is not bought pays nothing back.
    """
    name = COLUMN_OF[objective]
    values = np.where(np.isnan(columns[name]), np.inf, columns[name])
    values = -values if name in MORE_IS_BETTER else values
    if objective == "payback":
        values = np.where(columns["purchase_jpy"] > 0, values, np.inf)
    tie = (
        LESS_TO_MATTER * columns["total_cost_jpy"] / max(float(np.abs(columns["total_cost_jpy"]).max(initial=1.0)), 1.0)
    )
    scale = max(float(np.abs(values[np.isfinite(values)]).max(initial=1.0)), 1.0)
    over = np.zeros(len(values), dtype=np.bool_) if budget_jpy is None else columns["purchase_jpy"] > budget_jpy
    return np.where(over, np.inf, values + tie * scale)


def beaten_by_nobody(columns: dict[str, Floats], names: Sequence[str] = FRONT_ON) -> Bools:
    """Candidates that no other equals or betters in everything and beats in something, (N,).

    >>> beaten_by_nobody({"a": np.array([1.0, 2.0, 3.0]), "b": np.array([3.0, 2.0, 2.0])}, ("a", "b")).tolist()
    [True, True, False]
    """
    values = np.stack([-columns[name] if name in MORE_IS_BETTER else columns[name] for name in names], axis=1)
    values = np.where(np.isfinite(values), values, np.where(values < 0, -1e300, 1e300))
    order = np.lexsort(values.T[::-1])
    kept: list[int] = []
    for number in order:
        if kept:
            others = values[kept]
            if bool((others <= values[number]).all(axis=1).any()):
                continue
        kept.append(int(number))
    found = np.zeros(len(values), dtype=np.bool_)
    found[kept] = True
    return found
