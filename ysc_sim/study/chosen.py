"""The scenario of a choice: its sizes written into the devices, those of size 0 gone."""

from __future__ import annotations

import dataclasses
from typing import Any

from ysc_sim.scenario import Scenario
from ysc_sim.scenario.kinds import Choice, parts_of
from ysc_sim.scenario.schema import Building
from ysc_sim.scenario.varied import Target, targets
from ysc_sim.study.size import Sized


def chosen_scenario(found: Sized) -> Scenario:
    """The scenario as it would be run with what the candidate shown buys; it can be run and reported like any other."""
    scenario = dataclasses.replace(found.variant.scenario, outages=found.scenario.outages, size=None)
    buildings = list(scenario.buildings)
    gone: set[tuple[int, str]] = set()
    for key, value in found.sizes.items():
        for target in targets(scenario, key):
            if target.device is not None and value == 0:
                gone.add((target.building, target.name))
            else:
                buildings[target.building] = _with(buildings[target.building], target, value)
    kept = [
        dataclasses.replace(b, devices=tuple(d for d in b.devices if (number, d.id) not in gone))
        for number, b in enumerate(buildings)
    ]
    return dataclasses.replace(scenario, buildings=tuple(kept))


def _with(building: Building, target: Target, value: float) -> Building:
    if target.device is None:
        return dataclasses.replace(building, strategy=_changed(building.strategy, target, value))
    devices = tuple(
        dataclasses.replace(device, spec=dataclasses.replace(device.spec, **{target.field: value}))
        if device.id == target.name
        else device
        for device in building.devices
    )
    return dataclasses.replace(building, devices=devices)


def _changed(choice: Any, target: Target, value: float) -> Choice:
    """The strategy with the field changed where it stands, inside others too."""
    if choice.kind == target.choice.kind:
        changed: Choice = dataclasses.replace(choice, spec=dataclasses.replace(choice.spec, **{target.field: value}))
        return changed
    inner = {name: _changed(part, target, value) for name, part in parts_of(choice) if name == "inner"}
    whole: Choice = dataclasses.replace(choice, **inner)
    return whole
