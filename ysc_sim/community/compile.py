"""Scenario → Community: the only place that sees both names and indices.

Buildings are replicated, sorted by id (so that their order in the file does not matter), their devices gathered into
fleets, their strategies into groups; inner plug-ins are built here and handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.billing import Tariff, load_tariff
from ysc_sim.community.arrays import Community, Contracted, Control, Terms
from ysc_sim.community.connect import wires_of
from ysc_sim.community.segments import Segments
from ysc_sim.contracts import Device, OutageWindow, Placed, Rows, Site, Strategy
from ysc_sim.plugins import plugin
from ysc_sim.scenario.schema import Building, Diversity, Scenario
from ysc_sim.scenario.schema import Tariff as TariffTerms
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Ints

COMMUNITY_CELL = "community"
SHARED_WIRES = ("same_site", "private_line")


@dataclass(frozen=True)
class Member:
    """One building after replication, with its diversity drawn for every row."""

    id: str
    spec: Building
    shift_s: Ints
    """(S,)"""
    scale: Floats
    """(S,)"""


def compile_community(scenario: Scenario) -> Community:
    """Everything that a run needs. The scenario has been checked; what fails here is a bug or a missing file."""
    axis = scenario.time.axis
    starts = () if scenario.ensemble.outages is None else scenario.ensemble.outages.starts_s(axis, scenario.seed)
    seeds = range(scenario.seed, scenario.seed + scenario.ensemble.seeds)
    rows = Rows(tuple(seed for seed in seeds for _ in range(max(len(starts), 1))))
    site = Site(axis, rows, scenario.site.latitude_deg, scenario.site.longitude_deg, scenario.folder)
    members = sorted(replicate(scenario.buildings, rows), key=lambda member: member.id)
    ids = tuple(member.id for member in members)
    fleets = tuple(_fleets(members, site))
    by_building = tuple(Segments(fleet.placed.building, len(ids)) for fleet in fleets)
    one_cell = scenario.wires != "utility" or scenario.islanding_agreement
    cells = (COMMUNITY_CELL,) if one_cell else ids
    cell_of = Segments(np.zeros(len(ids), dtype=np.int64) if one_cell else np.arange(len(ids)), len(cells))
    controls = tuple(_controls(members))
    market = plugin("markets", scenario.market.kind)(scenario.market.spec)
    forecast = scenario.bidder.forecast
    wires = wires_of(scenario, members)
    return Community(
        site=site,
        buildings=ids,
        fleets=fleets,
        by_building=by_building,
        by_cell=tuple(Segments(cell_of.group[segments.group], len(cells)) for segments in by_building),
        cells=cells,
        cell_of=cell_of,
        controls=controls,
        bidder=plugin("bidders", scenario.bidder.kind)(scenario.bidder.spec),
        forecast=plugin("forecasts", forecast.kind)(forecast.spec),
        market=market,
        market_in_loop=any(control.strategy.reads_market for control in controls),
        outages=() if starts else merge_windows(_windows(scenario, site), axis),
        row_outages=_row_windows(scenario, site, starts),
        shed_below_soc=np.array(scenario.island.shed_below_soc, dtype=np.float64),
        terms=_terms(scenario, members),
        record_every=axis.steps_per_slot if scenario.results.record == "slot" else 1,
        wires=wires,
        notes=(*_notes(fleets), *(wires.notes if wires is not None else ())),
    )


def replicate(buildings: Iterable[Building], rows: Rows) -> list[Member]:
    """``count: 8`` of ``house`` gives ``house_1`` … ``house_8``, each with its own time shift and size in every row."""
    members = []
    for spec in buildings:
        diversity = spec.diversity or (Diversity() if spec.count > 1 else None)
        for name in spec.member_ids:
            shift, scale = np.zeros(rows.count, dtype=np.int64), np.ones(rows.count)
            if diversity is not None:
                for row in range(rows.count):
                    normal = np.clip(rows.generator(row, name, "diversity").standard_normal(2), -2.5, 2.5)
                    shift[row] = round(normal[0] * diversity.shift_minutes * 60.0)
                    # Lognormal with mean 1: sizes spread, and on average nothing is added.
                    sd = np.sqrt(np.log1p(diversity.size_spread**2))
                    scale[row] = np.exp(normal[1] * sd - sd * sd / 2.0)
            members.append(Member(name, spec, shift, scale))
    return members


def _fleets(members: Sequence[Member], site: Site) -> Iterable[Device]:
    """One fleet per kind, kinds in alphabetical order, devices in the order of their buildings."""
    placed = [
        (device.kind, b, f"{member.id}/{device.id}", device.spec)
        for b, member in enumerate(members)
        for device in member.spec.devices
    ]
    for kind in sorted({kind for kind, *_ in placed}):
        mine = [item[1:] for item in placed if item[0] == kind]
        building = np.array([b for b, _, _ in mine], dtype=np.int64)
        shift = np.stack([members[b].shift_s for b in building], axis=1)
        scale = np.stack([members[b].scale for b in building], axis=1)
        names, specs = tuple(name for _, name, _ in mine), tuple(spec for _, _, spec in mine)
        fleet: Device = plugin("devices", kind)(Placed(specs, names, building, shift, scale, site))
        yield fleet


def _controls(members: Sequence[Member]) -> Iterable[Control]:
    """One strategy object per kind, for all buildings that use it."""
    for kind in sorted({member.spec.strategy.kind for member in members}):
        columns = [b for b, member in enumerate(members) if member.spec.strategy.kind == kind]
        specs = [members[b].spec.strategy.spec for b in columns]
        strategy: Strategy = plugin("strategies", kind)(specs, [members[b].id for b in columns])
        whole = len(columns) == len(members)
        yield Control(strategy, None if whole else np.array(columns, dtype=np.int64))


def _windows(scenario: Scenario, site: Site) -> Iterable[OutageWindow]:
    for outage in scenario.outages:
        yield from plugin("outages", outage.kind)(outage.spec).windows(site)


def _row_windows(scenario: Scenario, site: Site, starts: Sequence[int]) -> tuple[tuple[OutageWindow, ...], ...]:
    """Every row's windows: those of the scenario and its own. None where all rows have the same."""
    own = scenario.ensemble.outages
    if own is None or not starts:
        return ()
    shared, length_s = list(_windows(scenario, site)), round(own.duration_h * SECONDS_PER_HOUR)
    each = [merge_windows([*shared, OutageWindow(start, start + length_s)], site.axis) for start in starts]
    return tuple(each) * scenario.ensemble.seeds


def merge_windows(windows: Iterable[OutageWindow], axis: TimeAxis) -> tuple[OutageWindow, ...]:
    """Sorted, joined where they touch or overlap, cut at the start of the axis; those outside are gone.

    An end behind the axis is kept: the grid then does not come back within the run.
    """
    merged: list[OutageWindow] = []
    for window in sorted(windows):
        start, end = max(window.start_s, 0), window.end_s
        if end <= start or start >= axis.duration_s:
            continue
        if merged and start <= merged[-1].end_s:
            merged[-1] = OutageWindow(merged[-1].start_s, max(end, merged[-1].end_s))
        else:
            merged.append(OutageWindow(start, end))
    return tuple(merged)


def _terms(scenario: Scenario, members: Sequence[Member]) -> Terms:
    """The contract at the point of connection, where there is one, and everybody's own."""
    shared = len(members) > 1 and scenario.wires in SHARED_WIRES
    groups: dict[TariffTerms, list[int]] = {}
    for b, member in enumerate(members):
        groups.setdefault(member.spec.tariff or scenario.tariff, []).append(b)
    own = tuple(_contracted(spec, columns) for spec, columns in groups.items())
    return Terms(
        wires=scenario.wires or "same_site",
        shared=_contracted(scenario.tariff, list(range(len(members)))) if shared else None,
        own=own,
        wheeling_jpy_per_kwh=scenario.tariff.wheeling_jpy_per_kwh or 0.0,
        co2_kg_per_kwh=scenario.co2_kg_per_kwh,
    )


def _contracted(spec: TariffTerms, columns: list[int]) -> Contracted:
    tariff: Tariff = load_tariff(spec.plan)
    export = spec.export_jpy_per_kwh
    return Contracted(
        tariff=tariff,
        columns=np.array(columns, dtype=np.int64),
        power_factor_percent=spec.power_factor_percent,
        contract=spec.contract,
        previous_kw=tuple(spec.previous_kw),
        adjustments=spec.adjustments or None,
        export_jpy_per_kwh=tariff.export_price_jpy_per_kwh if export is None else export,
    )


def _notes(fleets: Iterable[Device]) -> Iterable[Mapping[str, Any]]:
    """What the reader of a result must know about its inputs, each thing once."""
    seen: set[str] = set()
    for fleet in fleets:
        for note in getattr(fleet, "notes", ()):
            mark = repr(sorted(note.items()))
            if mark not in seen:
                seen.add(mark)
                yield note
