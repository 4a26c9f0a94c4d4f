"""How long a community lives when the grid fails, for an outage that starts with every step of the simulated time.

The scenario runs once without any outage; what its stores then hold at each instant is what an outage at that instant
finds. From there the algebra of :mod:`ysc_sim.resilience` answers every start, for critical demand alone (tier 1) and
for tiers 1 to 2, 3 and 4, once as the strategies left the stores and once from full ones. The simulated time wraps
round, as often as the longest outage asked for needs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.community.pooled import TIERS, Pool, PooledStore, pool_of, pooled_store
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.resilience import reserve_curve, survival_hours
from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.files import json_text, write_folder
from ysc_sim.results.parquet import write_parquet
from ysc_sim.results.tables import Columns, Text, zone_name
from ysc_sim.scenario import Scenario
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import Floats, hours

if TYPE_CHECKING:
    import pandas as pd

SHARE_EPS = 1e-9


@dataclass(frozen=True)
class Survival:
    """Hours lived through from every start. ``S`` rows, ``c`` cells, tiers 1 … 1, 2, 3, 4 kept, ``T`` starts."""

    scenario: dict[str, Any]
    """Name, description, sha256, seed and text."""
    axis: TimeAxis
    cells: tuple[str, ...]
    promised_h: tuple[float, ...]
    """Lengths of outages that were asked for."""
    stored_kwh: Floats
    """(S, c, T) in the batteries of each cell at the start, as the strategies left them."""
    hours_left: Floats
    """(S, c, 4, T) h from there."""
    hours_full: Floats
    """(S, c, 4, T) h from full batteries."""
    reserve_kwh: Floats
    """(H, S, c, 4, T) least stored energy that lives through each promised length; inf where full is not enough."""
    store: PooledStore
    pool: Pool
    left_out: tuple[str, ...]
    """Kinds of devices that could help and are not counted."""

    def frame(self) -> pd.DataFrame:
        """One line for each start, row, cell and number of tiers kept."""
        from ysc_sim.results.tables import to_frame

        return to_frame([self.columns()], zone_name(self.axis.start.tzinfo))

    def columns(self) -> Columns:
        """The table as arrays: time, row, cell, tiers, soc_start_kwh, survived_h, survived_full_h, reserve_…h_kwh."""
        shape = self.hours_left.shape
        rows, cells, tiers, count = np.indices(shape, dtype=np.int32)
        seconds = np.arange(self.axis.count) * self.axis.step_s
        begin = np.datetime64(int(self.axis.start.timestamp()), "s")
        times = (begin + seconds.astype("timedelta64[s]")).astype("datetime64[ns]")
        table: Columns = {
            "time": times[count.ravel()],
            "row": rows.ravel().astype(np.int64),
            "cell": Text(cells.ravel(), self.cells),
            "tiers": tiers.ravel().astype(np.int64) + 1,
            "soc_start_kwh": np.broadcast_to(self.stored_kwh[:, :, None, :], shape).ravel(),
            "survived_h": self.hours_left.ravel(),
            "survived_full_h": self.hours_full.ravel(),
        }
        for number, promised in enumerate(self.promised_h):
            curve = np.broadcast_to(self.reserve_kwh[number], shape).ravel()
            table[f"reserve_{promised:g}h_kwh"] = curve
        return table

    def summary(self) -> list[dict[str, Any]]:
        """One entry per cell and number of tiers kept: hours over all starts and rows, shares that live long enough.

        ``survives_<h>h_ratio``: as the strategies left the stores; ``survives_full_<h>h_ratio``: from full ones;
        ``possible_<h>h_ratio``: starts for which any store content would do.
        """
        found = []
        for c, cell in enumerate(self.cells):
            for kept in range(TIERS):
                left, full = self.hours_left[:, c, kept], self.hours_full[:, c, kept]
                entry: dict[str, Any] = {
                    "cell": cell,
                    "tiers": kept + 1,
                    "survived_h_mean": float(left.mean()),
                    "survived_h_min": float(left.min()),
                    "survived_h_p05": float(np.quantile(left, 0.05)),
                    "survived_h_median": float(np.median(left)),
                    "survived_full_h_mean": float(full.mean()),
                    "survived_full_h_min": float(full.min()),
                }
                for number, promised in enumerate(self.promised_h):
                    least = promised * (1.0 - SHARE_EPS)
                    entry[f"survives_{promised:g}h_ratio"] = float((left >= least).mean())
                    entry[f"survives_full_{promised:g}h_ratio"] = float((full >= least).mean())
                    curve = self.reserve_kwh[number, :, c, kept]
                    entry[f"possible_{promised:g}h_ratio"] = float(np.isfinite(curve).mean())
                found.append(entry)
        return found

    def by_month_and_hour(self) -> Columns:
        """Mean and least hours, and shares that live long enough, by local month and hour of the start."""
        index = self.axis.index()
        place = np.asarray(index.month, dtype=np.int64) * 24 + np.asarray(index.hour, dtype=np.int64)
        groups, group = np.unique(place, return_inverse=True)
        each = np.bincount(group) * len(self.hours_left)
        table: dict[str, list[Any]] = {"month": [], "hour": [], "cell": [], "tiers": [], "survived_h_mean": []}
        table |= {"survived_h_min": [], **{f"survives_{promised:g}h_ratio": [] for promised in self.promised_h}}
        for c in range(len(self.cells)):
            for kept in range(TIERS):
                left = self.hours_left[:, c, kept]
                least = np.full(len(groups), np.inf)
                np.minimum.at(least, group, left.min(axis=0))
                table["month"] += (groups // 24).tolist()
                table["hour"] += (groups % 24).tolist()
                table["cell"] += [c] * len(groups)
                table["tiers"] += [kept + 1] * len(groups)
                table["survived_h_mean"] += (np.bincount(group, left.sum(axis=0)) / each).tolist()
                table["survived_h_min"] += least.tolist()
                for promised in self.promised_h:
                    lives = (left >= promised * (1.0 - SHARE_EPS)).sum(axis=0)
                    table[f"survives_{promised:g}h_ratio"] += (np.bincount(group, lives) / each).tolist()
        columns: Columns = {name: np.array(values) for name, values in table.items()}
        columns["cell"] = Text(columns["cell"].astype(np.int32), self.cells)
        return columns

    def save(self, folder: Path, *, page: str | None = None, more: Mapping[str, Any] | None = None) -> None:
        """Write ``manifest.json``, ``metrics.json``, ``survival.parquet``, ``by_month_hour.parquet``; all or nothing.

        ``page`` becomes ``report.html``; ``more`` stands beside the numbers of survival in ``metrics.json``. Raises
        ``ResultError``.
        """

        def fill(partial: Path) -> None:
            zone = zone_name(self.axis.start.tzinfo)
            write_parquet(partial / "survival.parquet", [self.columns()], zone)
            write_parquet(partial / "by_month_hour.parquet", [self.by_month_and_hour()], zone)
            about = {name: value for name, value in self.scenario.items() if name != "text"}
            manifest = {"format": 1, "package": "ysc-sim", "study": "survival", "scenario": about}
            manifest |= {"promised_h": list(self.promised_h), "left_out": list(self.left_out)}
            numbers = {"format": 1, "survival": self.summary(), **(more or {})}
            texts = {"manifest.json": json_text(manifest), "metrics.json": json_text(numbers)}
            texts["scenario.yaml"] = str(self.scenario["text"])
            if page is not None:
                texts["report.html"] = page
            for name, content in texts.items():
                (partial / name).write_text(content, encoding="utf-8", newline="\n")

        write_folder(folder, fill)


def survive(scenario: Scenario, promised_h: Sequence[float] = (24.0, 72.0)) -> Survival:
    """Run a scenario without its outages and ask how long it would live from every step.

    ``promised_h``: lengths of outages for which shares and reserve curves are wanted. Raises ``ValueError`` for a
    length that is not above 0, ``ScenarioError`` where rows differ in their sizes.
    """
    wrong = [length for length in promised_h if not (np.isfinite(length) and length > 0)]
    if wrong or not promised_h:
        raise ValueError(f"promised_h(={list(promised_h)}) must be one or more hours > 0.")
    if scenario.ensemble.vary:
        raise ScenarioError([Problem("survival_varied")])
    community = compile_community(without_outages(scenario))
    stored = stored_at_starts(community, run_community(community))
    step_h = hours(community.site.axis.step_s)
    pool, store = pool_of(community), pooled_store(community)
    load, sun = np.cumsum(pool.tier_load_kw, axis=2), pool.generation_kw[:, :, None, :]
    plant = plant_of(store, step_h)
    longest = max(hours(community.site.axis.duration_s), *promised_h)
    plant_and_end = {**plant, "max_hours": longest}
    left = survival_hours(load, sun, start_kwh=np.minimum(stored[:, :, None, :], plant["energy_kwh"]), **plant_and_end)
    full = survival_hours(load, sun, start_kwh=plant["energy_kwh"], **plant_and_end)
    curves = [reserve_curve(load, sun, hours=length, **plant) for length in promised_h]
    return Survival(
        scenario=scenario.identity(),
        axis=community.site.axis,
        cells=community.cells,
        promised_h=tuple(float(length) for length in promised_h),
        stored_kwh=stored,
        hours_left=left,
        hours_full=np.broadcast_to(full, left.shape),
        reserve_kwh=np.stack(curves),
        store=store,
        pool=pool,
        left_out=tuple(sorted({fleet.kind for fleet in community.fleets if _could_help(fleet)})),
    )


def plant_of(store: PooledStore, step_h: float, factor: float = 1.0) -> dict[str, Any]:
    """Stores of the cells for the kernels, against (S, c, tiers, T); ``factor`` times the energy and the power."""
    return {
        "energy_kwh": factor * store.energy_kwh[:, None, None],
        "floor_kwh": factor * store.floor_kwh[:, None, None],
        "power_kw": factor * store.power_kw[:, None, None],
        "charge_efficiency": store.charge_efficiency[:, None, None],
        "discharge_efficiency": store.discharge_efficiency[:, None, None],
        "step_h": step_h,
    }


def by_size(found: Survival, factors: Sequence[float]) -> list[dict[str, Any]]:
    """The same questions for stores ``factor`` times as large, in energy and power, from full ones.

    One entry per factor, cell and number of tiers kept: ``energy_kwh``, mean, least and 5 % hours, and the share of
    starts that lives through each promised length. Raises ``ValueError`` for a factor that is not above 0.
    """
    wrong = [factor for factor in factors if not (np.isfinite(factor) and factor > 0)]
    if wrong:
        raise ValueError(f"factors(={list(factors)}) must be > 0.")
    load, sun = np.cumsum(found.pool.tier_load_kw, axis=2), found.pool.generation_kw[:, :, None, :]
    step_h = hours(found.axis.step_s)
    longest = max(hours(found.axis.duration_s), *found.promised_h)
    entries = []
    for factor in factors:
        plant = plant_of(found.store, step_h, factor)
        full = survival_hours(load, sun, start_kwh=plant["energy_kwh"], max_hours=longest, **plant)
        for c, cell in enumerate(found.cells):
            for kept in range(TIERS):
                left = full[:, c, kept]
                entry: dict[str, Any] = {"factor": float(factor), "cell": cell, "tiers": kept + 1}
                entry["energy_kwh"] = float(factor * found.store.energy_kwh[c])
                entry["survived_full_h_mean"], entry["survived_full_h_min"] = float(left.mean()), float(left.min())
                entry["survived_full_h_p05"] = float(np.quantile(left, 0.05))
                for promised in found.promised_h:
                    lives = left >= promised * (1.0 - SHARE_EPS)
                    entry[f"survives_full_{promised:g}h_ratio"] = float(lives.mean())
                entries.append(entry)
    return entries


def without_outages(scenario: Scenario) -> Scenario:
    """The same scenario with the grid always there, recorded step by step."""
    return dataclasses.replace(
        scenario,
        outages=(),
        ensemble=dataclasses.replace(scenario.ensemble, outages=None),
        results=dataclasses.replace(scenario.results, record="step"),
    )


def stored_at_starts(community: Community, arrays: RunArrays) -> Floats:
    """Energy in the batteries of each cell at the start of every step of a run, (S, c, T) kWh."""
    cells, rows = len(community.cells), community.rows
    count = community.site.axis.count
    column = arrays.columns.get("soc_kwh")
    stored = np.zeros((rows, cells, count))
    stored[:, :, 0] = pooled_store(community, by_row=True).start_kwh
    if column is not None:
        # What is recorded is the content at the end of each interval.
        by_cell = community.cell_of.sum(np.ascontiguousarray(column[:-1].reshape(-1, column.shape[2])))
        stored[:, :, 1:] = np.moveaxis(by_cell.reshape(count - 1, rows, cells), 0, 2)
    return stored


def _could_help(fleet: Any) -> bool:
    return bool(fleet.energy_class in ("ev", "genset"))
