"""Scenario → Community: the only place that sees both names and indices.

Buildings are replicated, sorted by id (so that their order in the file does not matter), their devices gathered into
fleets, their strategies into groups; inner plug-ins are built here and handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ysc_sim.billing import Tariff, load_tariff
from ysc_sim.community.arrays import Community, Contracted, Control, Switches, Terms
from ysc_sim.community.bans import export_bans
from ysc_sim.community.cells import CellTree, tree_of
from ysc_sim.community.connect import wires_of
from ysc_sim.community.inverters import curves_of
from ysc_sim.community.members import Member, replicate
from ysc_sim.community.segments import Segments
from ysc_sim.community.windows import outages_of
from ysc_sim.contracts import Bidder, Device, Forecast, Placed, Rows, Site, Strategy, Switchable
from ysc_sim.plugins import plugin
from ysc_sim.scenario.kinds import Choice, parts_of
from ysc_sim.scenario.schema import Scenario
from ysc_sim.scenario.schema import Tariff as TariffTerms
from ysc_sim.scenario.varied import targets
from ysc_sim.units import Floats

SHARED_WIRES = ("same_site", "private_line")


def compile_community(scenario: Scenario, numbers: Sequence[int] | None = None) -> Community:
    """Everything that a run needs. The scenario has been checked; what fails here is a bug or a missing file.

    ``numbers``: of the rows of the ensemble, those to be run and in which order; None: all.
    """
    axis = scenario.time.axis
    starts = () if scenario.ensemble.outages is None else scenario.ensemble.outages.starts_s(axis, scenario.seed)
    rows = rows_of(scenario, max(len(starts), 1))
    wanted = range(rows.count) if numbers is None else numbers
    if numbers is not None:
        rows = rows.take(numbers)
    starts = tuple(starts[number % len(starts)] for number in wanted) if starts else ()
    site = _site(scenario, rows)
    members = sorted(replicate(scenario.buildings, rows), key=lambda member: member.id)
    ids = tuple(member.id for member in members)
    fleets = tuple(_fleets(members, site))
    by_building = tuple(Segments(fleet.placed.building, len(ids)) for fleet in fleets)
    one_cell = scenario.wires != "utility" or scenario.islanding_agreement
    one_cell &= scenario.island.scope != "buildings"
    tree = tree_of(scenario, ids) if one_cell else CellTree(ids, np.full(len(ids), -1), np.arange(len(ids)))
    cell_of = Segments(tree.cell_of, len(tree.names))
    controls = tuple(_controls(members, site))
    market = plugin("markets", scenario.market.kind)(scenario.market.spec)
    bidder: Bidder = plugin("bidders", scenario.bidder.kind)(scenario.bidder.spec)
    forecast = scenario.bidder.forecast
    wires = wires_of(scenario, members)
    switches = tuple(_switches(fleets, len(ids)))
    outages, row_outages, cuts, row_cuts = outages_of(scenario, site, starts, tree.names)
    return Community(
        site=site,
        buildings=ids,
        fleets=fleets,
        by_building=by_building,
        by_cell=tuple(Segments(cell_of.group[segments.group], len(tree.names)) for segments in by_building),
        cells=tree.names,
        parents=tree.parents,
        cuts=cuts,
        row_cuts=row_cuts,
        cell_of=cell_of,
        controls=controls,
        bidder=bidder,
        forecast=make_forecast(forecast, site, ids),
        market=market,
        market_in_loop=bidder.reads_outcome or any(control.strategy.reads_market for control in controls),
        outages=outages,
        row_outages=row_outages,
        island=scenario.island,
        curves=curves_of(scenario, fleets),
        shed_below_soc=np.array(scenario.island.shed_below_soc, dtype=np.float64),
        terms=_terms(scenario, members),
        export_bans=tuple(export_bans(scenario, members, fleets)),
        switches=switches,
        record_every=axis.steps_per_slot if scenario.results.record == "slot" else 1,
        wires=wires,
        notes=(*_notes(fleets), *(wires.notes if wires is not None else ())),
    )


def _site(scenario: Scenario, rows: Rows) -> Site:
    place = scenario.site
    return Site(
        scenario.time.axis,
        rows,
        place.latitude_deg,
        place.longitude_deg,
        scenario.folder,
        place.weather,
        place.weather_variability,
        place.own_weather,
        place.weather_normals_file,
    )


def rows_of(scenario: Scenario, starts: int) -> Rows:
    """A row for every seed, point and start of an outage, the last fastest."""
    ensemble = scenario.ensemble
    seeds = range(scenario.seed, scenario.seed + ensemble.seeds)
    values: dict[tuple[str, str], Floats] = {}
    for key, points in ensemble.vary.items():
        rows = np.tile(np.repeat(np.array(points, dtype=np.float64), starts), ensemble.seeds)
        for target in targets(scenario, key):
            for member in scenario.buildings[target.building].member_ids:
                values[f"{member}/{target.name}", target.field] = rows
    return Rows(tuple(seed for seed in seeds for _ in range(ensemble.points * starts)), values)


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


def _controls(members: Sequence[Member], site: Site) -> Iterable[Control]:
    """One strategy object for all buildings that use the same kind with the same kinds inside it."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for b, member in enumerate(members):
        groups.setdefault(make_up(member.spec.strategy), []).append(b)
    for key in sorted(groups, key=repr):
        columns = groups[key]
        strategy = make_strategy([members[b].spec.strategy for b in columns], [members[b].id for b in columns], site)
        whole = len(columns) == len(members)
        yield Control(strategy, None if whole else np.array(columns, dtype=np.int64))


def make_up(choice: Choice) -> tuple[Any, ...]:
    """What two choices of a strategy must share to be served by one object: kinds, and forecasts whole."""
    inside = ((name, part if name == "forecast" else make_up(part)) for name, part in parts_of(choice))
    return (choice.kind, *inside)


def make_strategy(choices: Sequence[Choice], ids: Sequence[str], site: Site) -> Strategy:
    """A strategy for some buildings, with the strategy and the forecast inside it built first."""
    inside: dict[str, Any] = {}
    for name, part in parts_of(choices[0]):
        if name == "forecast":
            inside[name] = make_forecast(part, site, ids)
        else:
            inside[name] = make_strategy([getattr(choice, name) for choice in choices], ids, site)
    strategy: Strategy = plugin("strategies", choices[0].kind)([choice.spec for choice in choices], ids, **inside)
    return strategy


def make_forecast(choice: Choice, site: Site, ids: Sequence[str]) -> Forecast:
    """A forecast; one that ``reads_files`` or ``knows_calendar`` is told where and when it is."""
    kind = plugin("forecasts", choice.kind)
    told = getattr(kind, "reads_files", False) or getattr(kind, "knows_calendar", False)
    forecast: Forecast = kind(choice.spec, site, ids) if told else kind(choice.spec)
    return forecast


def _switches(fleets: Sequence[Device], buildings: int) -> Iterable[Switches]:
    """Where the devices of each switchable fleet stand among the stages of the community."""
    mine = [(i, fleet) for i, fleet in enumerate(fleets) if isinstance(fleet, Switchable)]
    if not mine:
        return
    stages = np.unique(np.concatenate([fleet.switches.priority for _, fleet in mine]))
    for i, fleet in mine:
        stage = np.searchsorted(stages, fleet.switches.priority)
        yield Switches(i, fleet.placed.building * len(stages) + stage, len(stages), buildings, fleet.switches)


def _terms(scenario: Scenario, members: Sequence[Member]) -> Terms:
    """The contract at the point of connection, where there is one, and everybody's own."""
    groups: dict[TariffTerms, list[int]] = {}
    for b, member in enumerate(members):
        groups.setdefault(member.spec.tariff or scenario.tariff, []).append(b)
    own = tuple(_contracted(spec, columns) for spec, columns in groups.items())
    return Terms(
        wires=scenario.wires or "same_site",
        shared=shared_contract(scenario, len(members)),
        own=own,
        wheeling_jpy_per_kwh=scenario.tariff.wheeling_jpy_per_kwh or 0.0,
        retailer=scenario.retailer if scenario.wires == "utility" and len(members) > 1 else None,
        co2_kg_per_kwh=scenario.co2_kg_per_kwh,
    )


def shared_contract(scenario: Scenario, buildings: int) -> Contracted | None:
    """The one contract of so many buildings; None where each has its own."""
    shared = buildings > 1 and scenario.wires in SHARED_WIRES
    return _contracted(scenario.tariff, list(range(buildings))) if shared else None


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
