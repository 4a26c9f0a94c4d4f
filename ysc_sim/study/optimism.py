"""The optimism gap: hours by the algebra beside hours by the full engine, for the same starts and the same stores.

The algebra sees one pooled store, wires without loss and no start-up; the engine shares power between batteries of
unlike content, lets a cell die of power, former or voltage, and starts generators late. The engine runs the scenario
with an outage at each of some starts, all as one batch; the algebra answers each from what the engine's stores held.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import TIERS, pool_of, pooled_store
from ysc_sim.engine.simulate import run_community
from ysc_sim.resilience import survival_hours
from ysc_sim.results.arrays import RunArrays
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.schema import EnsembleOutages
from ysc_sim.units import Floats, hours

LACKING_KWH = 1e-9


@dataclass(frozen=True)
class OptimismGap:
    """Outages of one length; one entry per outage and cell."""

    outage_h: float
    row: Any
    start_s: Floats
    cell: tuple[str, ...]
    cause: tuple[str, ...]
    """Why the engine's cell died; none where it lived."""
    algebra_h: Floats
    engine_h: Floats
    """Fully served hours of critical demand, at most ``outage_h``."""

    @property
    def mean_h(self) -> float:
        """By how much the algebra is too hopeful, on average."""
        return float((self.algebra_h - self.engine_h).mean()) if len(self.algebra_h) else 0.0

    @property
    def largest_h(self) -> float:
        """The largest difference."""
        return float((self.algebra_h - self.engine_h).max()) if len(self.algebra_h) else 0.0

    def summary(self) -> dict[str, Any]:
        """Numbers for a table: outages, means, gap, and how often each cause ended one early."""
        early = self.engine_h < self.algebra_h
        causes = {
            name: int(sum(1 for c, e in zip(self.cause, early, strict=True) if e and c == name)) for name in self.cause
        }
        return {
            "outage_h": self.outage_h,
            "outages": len(self.algebra_h),
            "algebra_h_mean": float(self.algebra_h.mean()) if len(self.algebra_h) else 0.0,
            "engine_h_mean": float(self.engine_h.mean()) if len(self.engine_h) else 0.0,
            "algebra_lives_ratio": _share(self.algebra_h, self.outage_h),
            "engine_lives_ratio": _share(self.engine_h, self.outage_h),
            "gap_h_mean": self.mean_h,
            "gap_h_max": self.largest_h,
            "shorter_ratio": float(early.mean()) if len(early) else 0.0,
            "causes": {name: count for name, count in causes.items() if count},
        }


def _share(survived_h: Floats, outage_h: float) -> float:
    """Share that was lived through from end to end."""
    return float((survived_h >= outage_h * (1.0 - 1e-9)).mean()) if len(survived_h) else 0.0


def optimism_gap(scenario: Scenario, *, outage_h: float, draws: int = 200, first_h: float = 24.0) -> OptimismGap:
    """Run ``draws`` outages at random starts on the engine and compare each with the algebra, critical demand only.

    Sun serves the other tiers before it charges, here as in the engine; whether stores serve them, too, is the engine's
    affair (``island.shed_below_soc``) and part of the gap. Raises ``ValueError`` where no outage of this length fits.
    """
    outages = EnsembleOutages(duration_h=outage_h, draws=draws, first_h=first_h)
    alone = dataclasses.replace(
        scenario,
        outages=(),
        ensemble=dataclasses.replace(scenario.ensemble, seeds=1, outages=outages),
        results=dataclasses.replace(scenario.results, record="step"),
    )
    if not outages.starts_s(alone.time.axis, alone.seed):
        raise ValueError(f"outage_h(={outage_h}) after first_h(={first_h}) does not fit into {alone.time.days} days.")
    community = compile_community(alone)
    arrays = run_community(community)
    ask = _Algebra(community, outage_h)
    lacking = arrays.columns["unserved_kwh_tier1"]
    steps = round(outage_h / ask.step_h)
    algebra, engine = [], []
    for record in arrays.outages:
        c, first = community.cells.index(record.cell), int(record.start_s // arrays.axis.step_s)
        mine = lacking[first : first + steps, record.row][:, community.cell_of.group == c]
        dark = np.flatnonzero(np.add.reduce(mine, axis=1) > LACKING_KWH)
        engine.append((dark[0] if dark.size else steps) * ask.step_h)
        algebra.append(ask.hours(record.row, c, first, ask.stored_kwh(arrays, record.row, c, first)))
    return OptimismGap(
        outage_h=outage_h,
        row=np.array([record.row for record in arrays.outages], dtype=np.int64),
        start_s=np.array([record.start_s for record in arrays.outages]),
        cell=tuple(record.cell for record in arrays.outages),
        cause=tuple(record.cause for record in arrays.outages),
        algebra_h=np.array(algebra),
        engine_h=np.array(engine, dtype=np.float64),
    )


class _Algebra:
    """Answers for single outages of a compiled community, critical demand."""

    def __init__(self, community: Community, outage_h: float) -> None:
        self._community, self._outage_h = community, outage_h
        self.step_h = hours(community.site.axis.step_s)
        pool, self._store = pool_of(community), pooled_store(community)
        load, kept = (np.add.reduce(pool.tier_load_kw[:, :, :count], axis=2) for count in (TIERS, 1))
        self._sun = pool.generation_kw
        self._load = np.clip(self._sun, kept, np.maximum(load, kept))

    def hours(self, row: int, c: int, first: int, stored_kwh: float) -> float:
        """Hours from step ``first`` with so much in the batteries of cell ``c``."""
        r, store = (row if len(self._load) > 1 else 0), self._store
        answer = survival_hours(
            np.roll(self._load[r, c], -first),
            np.roll(self._sun[r, c], -first),
            energy_kwh=store.energy_kwh[c],
            floor_kwh=store.floor_kwh[c],
            power_kw=store.power_kw[c],
            start_kwh=min(stored_kwh, store.energy_kwh[c]),
            step_h=self.step_h,
            charge_efficiency=store.charge_efficiency[c],
            discharge_efficiency=store.discharge_efficiency[c],
            max_hours=self._outage_h,
        )
        return float(answer[0])

    def stored_kwh(self, arrays: RunArrays, row: int, c: int, first: int) -> float:
        """What the batteries of a cell held when an outage began; without vehicles."""
        if first == 0:
            return float(self._store.start_kwh[c])
        column = arrays.columns.get("soc_kwh")
        mine = self._community.cell_of.group == c
        return 0.0 if column is None else float(np.add.reduce(column[first - 1, row, mine]))
