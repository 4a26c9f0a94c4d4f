"""From today's bill to the bill of the scenario, one step at a time: generation, stores, control, sharing.

Every stage is a run of the same demand, weather and outages with less of the scenario in it:

=============  =========================================================================================
``today``      demand and vehicles only; nobody controls anything, nobody shares
``generation`` with solar, wind and other generators
``storage``    with batteries too, each used for its own building's self-consumption
``control``    with the scenario's strategies
``sharing``    the scenario itself
=============  =========================================================================================

Before ``sharing`` the bill is what the buildings would pay, each billed alone. A stage that would change nothing (no
battery, say) is left out. Amounts are whole thousandths of a yen, so that the steps add up exactly.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ysc_sim.engine.simulate import run
from ysc_sim.plugins import plugin
from ysc_sim.results import Results
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.kinds import Choice
from ysc_sim.units import MJPY_PER_JPY

TODAY, GENERATION, STORAGE, CONTROL, SHARING = "today", "generation", "storage", "control", "sharing"
GENERATORS = frozenset(("pv", "wind", "genset"))
BASE = frozenset(("load", "ev"))
BESIDE = ("unserved_kwh", "import_kwh", "peak_import_kw", "self_sufficiency_ratio", "co2_kg")
"""What else is kept of a stage, of the whole community, where it is known."""
PLAIN = ("none", "self_consumption")
"""Strategies that are no more than the use of a store for its own building."""


def stages_of(
    scenario: Scenario, results: Results, progress: Callable[[float], None] | None = None
) -> list[dict[str, Any]]:
    """Stages from ``today`` to the given ``results`` of the scenario, each with ``stage``, ``bill_mjpy``, ``step_mjpy``
    (against the stage before; 0 for the first) and the numbers of :data:`BESIDE`; means over the rows of an ensemble.

    ``progress`` is told the share that is done.
    """
    variants = list(_variants(scenario))
    found: list[dict[str, Any]] = []
    for number, (stage, variant) in enumerate(variants):
        told = None if progress is None else _part_of(progress, number, len(variants))
        own = results if variant is None else run(variant, progress=told or False)
        _add(found, stage, own, "bill_jpy" if stage == SHARING else "bill_without_sharing_jpy")
    return found


def _variants(scenario: Scenario) -> Iterator[tuple[str, Scenario | None]]:
    """Name and scenario of each stage; None: the scenario itself."""
    present = {_energy_class(device.kind) for building in scenario.buildings for device in building.devices}
    shares = len(scenario.member_ids) > 1
    controlled = any(building.strategy.kind not in PLAIN for building in scenario.buildings)
    quiet = dataclasses.replace(
        scenario,
        market=Choice.default("markets", "none"),
        power_flow="control" if scenario.power_flow == "control" else "off",
    )
    last = None if scenario.market.kind == "none" else quiet
    steps: list[tuple[str, frozenset[str], str]] = [(TODAY, BASE, "none")]
    if present & GENERATORS:
        steps.append((GENERATION, BASE | GENERATORS, "none"))
    if present - GENERATORS - BASE or "ev" in present:
        steps.append((STORAGE, BASE | present, "self_consumption"))
    for stage, classes, strategy in steps:
        whole = classes >= present and not controlled and strategy == "self_consumption"
        yield stage, last if whole else _reduced(quiet, classes, strategy)
    if controlled or steps[-1][0] != STORAGE:
        yield CONTROL, last
    if shares:
        yield SHARING, None


def _reduced(scenario: Scenario, classes: Collection[str], strategy: str) -> Scenario:
    """Only devices of these classes, under one strategy (but nobody who rests is woken)."""
    chosen = Choice.default("strategies", strategy)
    buildings = tuple(
        dataclasses.replace(
            building,
            devices=tuple(device for device in building.devices if _energy_class(device.kind) in classes),
            strategy=building.strategy if building.strategy.kind == "none" else chosen,
        )
        for building in scenario.buildings
    )
    return dataclasses.replace(scenario, buildings=buildings)


def _energy_class(kind: str) -> str:
    return str(plugin("devices", kind).energy_class)  # type: ignore[attr-defined]


def _add(found: list[dict[str, Any]], stage: str, results: Results, bill: str) -> None:
    community = results.metrics["community"]
    amount = round(community[bill] * MJPY_PER_JPY)
    step = amount - found[-1]["bill_mjpy"] if found else 0
    found.append({"stage": stage, "bill_mjpy": amount, "step_mjpy": step})
    found[-1] |= {name: community[name] for name in BESIDE if name in community}


def _part_of(progress: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    return lambda share: progress((number + share) / count)
