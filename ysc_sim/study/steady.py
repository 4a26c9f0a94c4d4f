"""How steady a building's draw is, and the smallest battery that keeps it steady."""

from __future__ import annotations

import dataclasses

import numpy as np

from ysc_sim.community.compile import compile_community
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.units import Floats

DAY_S = 86_400


def steady_days(arrays: RunArrays, *, tolerance: float = 0.02, skip_days: int = 8) -> Floats:
    """Share of the days on which every half-hour's import lies within ``tolerance`` of the day's mean, (S, n).

    The first ``skip_days`` are left out: a level that is learnt from the week before needs one.

    Raises ``ValueError`` where no whole day is left, or the run does not begin at midnight.
    """
    axis = arrays.axis
    per_day = DAY_S // axis.slot_s
    days = len(arrays.import_mwh) // per_day
    if axis.seconds_of_day or days <= skip_days:
        raise ValueError(f"skip_days(={skip_days}) must leave a day of a run that begins at midnight ({days} days).")
    energy = arrays.import_mwh[: days * per_day].reshape(days, per_day, *arrays.import_mwh.shape[1:])[skip_days:]
    mean = energy.mean(axis=1, keepdims=True)
    steady = (np.abs(energy - mean) <= tolerance * mean).all(axis=1)
    return np.asarray(steady.mean(axis=0))


def smallest_battery_kwh(
    scenario: Scenario,
    *,
    share: float = 0.95,
    tolerance: float = 0.02,
    largest_kwh: float = 200.0,
    step_kwh: float = 0.5,
) -> float:
    """Smallest battery of the scenario's only building with which ``share`` of its days are steady, by bisection.

    Its power grows with its energy as in the scenario. Raises ``ValueError`` where even ``largest_kwh`` is too small,
    or the scenario has another number of buildings or batteries than one.
    """
    building = scenario.buildings[0]
    batteries = [device for device in building.devices if device.kind == "battery"]
    if len(scenario.member_ids) != 1 or len(batteries) != 1:
        raise ValueError(f"buildings(={len(scenario.member_ids)}) and batteries(={len(batteries)}) must be one each.")
    battery = batteries[0]

    def enough(energy_kwh: float) -> bool:
        power = battery.spec.power_kw * energy_kwh / battery.spec.energy_kwh
        spec = dataclasses.replace(battery.spec, energy_kwh=energy_kwh, power_kw=power)
        devices = tuple(dataclasses.replace(d, spec=spec) if d is battery else d for d in building.devices)
        changed = dataclasses.replace(scenario, buildings=(dataclasses.replace(building, devices=devices),))
        arrays = run_community(compile_community(changed))
        return bool(steady_days(arrays, tolerance=tolerance).min() >= share)

    if not enough(largest_kwh):
        raise ValueError(f"largest_kwh(={largest_kwh}) is too small.")
    low, high = 0.0, largest_kwh
    while high - low > step_kwh:
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
