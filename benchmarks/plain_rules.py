"""The rules of survival as plain loops, one start and one step after the other: what the kernels are timed against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def hours_walked(least: Sequence[int], change: Sequence[int], cap: Sequence[int], store: int, first: int) -> int:
    """Steps served from ``first`` on with ``store`` mWh, once round at most: maps of single steps, in whole mWh."""
    count, served, at = len(least), 0, first
    while served < count and store >= least[at]:
        store = min(cap[at], store + change[at])
        served += 1
        at = at + 1 if at + 1 < count else 0
    return served


def least_store(
    least: Sequence[int], change: Sequence[int], cap: Sequence[int], first: int, steps: int, never: int
) -> int:
    """Least mWh with which ``steps`` steps from ``first`` on are served, from the last one backwards."""
    count, needed = len(least), 0
    for step in reversed(range(steps)):
        at = (first + step) % count
        if needed > cap[at]:
            return never
        needed = max(least[at], needed - change[at])
        if needed >= never:
            return never
    return needed


def tiers_walked(load: Any, sun: Any, first: int, steps: int, p: dict[str, Any]) -> tuple[float, list[float], float]:
    """One outage with tiers, a generator with a tank and a vehicle: hours in which critical demand was served, kWh not
    served by tier, litres left."""
    count, h = len(load), p["step_h"]
    store, car, fuel = p["start_kwh"], p["vehicle_start_kwh"], p["fuel_l"]
    served, unserved, dark = 0, [0.0] * 4, False
    for step in range(steps):
        t = (first + step) % count
        here = bool(p["vehicle_present"][t])
        if step and here and not p["vehicle_present"][(t - 1) % count]:
            car = max(car - p["vehicle_trip_kwh"], 0.0)
        demand = [load[t] * share for share in p["tier_shares"]]
        left, lack = sun[t], []
        for need in demand:
            lack.append(need - min(left, need))
            left -= min(left, need)
        give = min(p["power_kw"], max(store - p["floor_kwh"], 0) * p["discharge_efficiency"] / h)
        car_gives = min(p["vehicle_kw"], max(car - p["vehicle_floor_kwh"], 0) * p["discharge_efficiency"] / h) * here
        energy = store - p["floor_kwh"] + (car - p["vehicle_floor_kwh"]) * here
        room = p["energy_kwh"] - p["floor_kwh"] + (p["vehicle_kwh"] - p["vehicle_floor_kwh"]) * here
        level = energy / room if room > 0 else 0.0
        stored = 0.0
        for tier in range(4):
            if level > p["shed_below_soc"][tier]:
                part = min(give + car_gives - stored, lack[tier])
                stored += part
                lack[tier] -= part
        need = sum(lack[: p["fuel_tiers"]])
        most = min(p["generator_kw"], max(fuel / h - p["fuel_l_per_h"], 0) / p["fuel_l_per_kwh"])
        made = min(max(need, p["generator_min_kw"]), most) if need > 0 and not dark else 0.0
        if most <= 0 or most < p["generator_min_kw"]:
            made = 0.0
        if made:
            fuel = max(fuel - (p["fuel_l_per_h"] + p["fuel_l_per_kwh"] * made) * h, 0.0)
        rest = made
        for tier in range(4):
            part = min(rest, lack[tier])
            lack[tier] -= part
            rest -= part
        spared = min(rest, stored)
        stored, left = stored - spared, left + rest - spared
        from_store = stored * give / (give + car_gives) if give + car_gives else 0.0
        store -= from_store * h / p["discharge_efficiency"]
        eta = p["charge_efficiency"]
        into = max(min(left, p["power_kw"], (p["energy_kwh"] - store) / eta / h), 0.0)
        store += into * eta * h
        car -= (stored - from_store) * h / p["discharge_efficiency"]
        car += max(min(left - into, p["vehicle_kw"] * here, (p["vehicle_kwh"] - car) / eta / h), 0.0) * eta * h
        dark = dark or lack[0] > 1e-9 * demand[0]
        served += not dark
        for tier in range(4):
            unserved[tier] += (demand[tier] if dark else lack[tier]) * h
    return served * h, unserved, fuel
