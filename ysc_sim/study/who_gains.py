"""Who gains from the one contract of a run, as plain data that is stored with it."""

from __future__ import annotations

from typing import Any

from ysc_sim.community.compile import shared_contract
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.study.gains import EXACT_MEMBERS, ORDERS, Gains, split_saving

SPLITS = ("billed", "shapley", "by_peak", "by_energy")
WORK = (1 << EXACT_MEMBERS) * (17_568 * (1 + EXACT_MEMBERS / 32) + 2_000)
"""Slots times coalitions that a run spends: twelve members exactly over a leap year of half-hours, 2 s of one core."""
LEAST_ORDERS = 10
MOST_WORK = 5 * WORK
"""What the fewest orders may take; beyond, nothing is split."""


def who_gains(scenario: Scenario, arrays: RunArrays) -> dict[str, Any] | None:
    """The saving of row 0 as billed, by Shapley value, by peak and by energy, and who would gain by leaving.

    None where there is no contract to share, or no whole slot; where its size was negotiated, so that nobody knows what
    a part of the members would have agreed; and where even ten orders of so many members would take too long.
    """
    n = len(arrays.buildings)
    shared = shared_contract(scenario, n)
    if shared is None or shared.contract is not None or not len(arrays.import_mwh):
        return None
    exact, orders = effort(n, len(arrays.import_mwh))
    if not exact and not orders:
        return None
    return as_data(split_saving(shared, arrays, orders=orders, exact_members=n if exact else 0))


def effort(members: int, slots: int) -> tuple[bool, int]:
    """Whether all coalitions are worked out, else how many pairs of orders; 0: not even a few.

    >>> effort(12, 17_520), effort(12, 105_120), effort(51, 17_520), effort(1_000, 17_520)
    ((True, 0), (False, 30), (False, 22), (False, 0))
    """
    each = slots * (1 + members / 32) + 2_000
    if members <= EXACT_MEMBERS and (1 << members) * each <= WORK:
        return True, 0
    pair = 2 * members * each
    if LEAST_ORDERS * pair > MOST_WORK:
        return False, 0
    return False, max(LEAST_ORDERS, min(ORDERS, int(WORK // pair)))


def as_data(gains: Gains) -> dict[str, Any]:
    """Numbers of each member, and of each split the most that a coalition gains by leaving."""
    columns = {
        "energy_kwh": gains.energy_kwh,
        "peak_kw": gains.peak_kw,
        "billed_jpy": gains.billed_jpy,
        "shapley_jpy": gains.shapley_jpy,
        "half_width_jpy": gains.half_width_jpy,
        "by_peak_jpy": gains.by_peak_jpy,
        "by_energy_jpy": gains.by_energy_jpy,
    }
    members = [
        {"building": building, **{name: float(values[k]) for name, values in columns.items()}}
        for k, building in enumerate(gains.buildings)
    ]
    leaving = {name: {"jpy": gains.deviation_jpy[name], "members": list(gains.deviating[name])} for name in SPLITS}
    return {
        "total_jpy": gains.total_jpy,
        "orders": gains.orders,
        "coalitions": gains.coalitions,
        "members": members,
        "leaving": leaving,
    }
