"""A compiled community (frozen, read-only) and the state of a run (the only thing that changes).

Shapes: ``S`` rows of the ensemble, ``n`` buildings sorted by id, ``c`` cells, ``m`` devices of a fleet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ysc_sim.billing import Tariff
from ysc_sim.community.segments import Segments
from ysc_sim.community.wires import Wires
from ysc_sim.contracts import (
    Bidder,
    Device,
    DeviceState,
    Forecast,
    LoadSwitches,
    Market,
    OutageWindow,
    Site,
    Strategy,
)
from ysc_sim.scenario.island import Island
from ysc_sim.scenario.retailer import Retailer
from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True)
class Control:
    """A strategy and the buildings that it controls; ``columns`` None: all of them, in order."""

    strategy: Strategy
    columns: Ints | None

    def pick(self, values: Floats) -> Floats:
        """Its buildings' part of (R, n)."""
        return values if self.columns is None else values.take(self.columns, axis=1)


@dataclass(frozen=True)
class Switches:
    """The devices of one fleet that a strategy may switch off."""

    fleet: int
    """Number of the fleet."""
    place: Ints
    """building · stages + stage of each device, (m,)."""
    stages: int
    buildings: int
    of_device: LoadSwitches

    @cached_property
    def least_s(self) -> tuple[Floats, Floats]:
        """Seconds for which each stage stays off, and on, at least, (n, P) each."""
        return self.largest(self.of_device.min_off_s), self.largest(self.of_device.min_on_s)

    def sum(self, values: Floats) -> Floats:
        """(R, m) → (R, n, P)."""
        out = np.zeros((values.shape[0], self.buildings * self.stages))
        for device, place in enumerate(self.place):
            out[:, place] += values[:, device]
        return out.reshape(-1, self.buildings, self.stages)

    def largest(self, values: Floats) -> Floats:
        """(m,) → (n, P)."""
        out = np.zeros(self.buildings * self.stages)
        np.maximum.at(out, self.place, values)
        return out.reshape(self.buildings, self.stages)

    def spread(self, values: Floats) -> Floats:
        """(R, n, P) → (R, m)."""
        return values.reshape(values.shape[0], -1)[:, self.place]


@dataclass(frozen=True)
class ExportBan:
    """Meters through which nothing may flow out, and the relay that watches them; one meter is one group."""

    group: Segments
    """Buildings → meters; a building whose own meter is free belongs to the last, which is not watched."""
    watched: Bools
    """(g,)"""
    margin_kw: Floats
    relay_kw: Floats
    trips: Bools
    """Whether the following is slower than the relay, (g,)."""
    restart_s: Floats


@dataclass(frozen=True)
class Contracted:
    """Buildings that are billed under one plan."""

    tariff: Tariff
    columns: Ints
    """Indices of the buildings."""
    power_factor_percent: float
    contract: float | None
    previous_kw: tuple[float, ...]
    adjustments: Mapping[str, Any] | None
    export_jpy_per_kwh: float


@dataclass(frozen=True)
class Terms:
    """Who deals with whom, and at what price."""

    wires: str
    """same_site | private_line | utility: whose wires a shared kWh uses."""
    shared: Contracted | None
    """The one contract at the point of connection; None where every building has its own."""
    own: tuple[Contracted, ...]
    """Every building's own plan: what it would pay alone, and what it pays over the utility's wires."""
    wheeling_jpy_per_kwh: float
    """Charge for a kWh traded over the utility's wires."""
    retailer: Retailer | None
    """Who carries trade over the utility's wires; None behind one meter and on private lines."""
    co2_kg_per_kwh: float


@dataclass(frozen=True)
class Community:
    """Everything that a run needs, as arrays and plug-ins; holds no YAML."""

    site: Site
    buildings: tuple[str, ...]
    fleets: tuple[Device, ...]
    by_building: tuple[Segments, ...]
    """Of each fleet: devices → buildings."""
    by_cell: tuple[Segments, ...]
    """Of each fleet: devices → cells."""
    cells: tuple[str, ...]
    parents: Ints
    """(c,) the cell to which each one's switch leads; −1: the grid. Parents come before their children."""
    cell_of: Segments
    """Buildings → cells."""
    controls: tuple[Control, ...]
    bidder: Bidder
    forecast: Forecast
    market: Market
    market_in_loop: bool
    """Whether anything in the run reads what was cleared."""
    outages: tuple[OutageWindow, ...]
    """Shared by all rows; merged and cut to the axis, in order. None where rows differ."""
    row_outages: tuple[tuple[OutageWindow, ...], ...]
    """Of each row, where rows differ: merged and cut likewise; else ()."""
    cuts: tuple[OutageWindow, ...]
    """When the feeder of a single cell is away, or its wires have a fault, in all rows."""
    row_cuts: tuple[tuple[tuple[int, bool], tuple[tuple[OutageWindow, ...], ...]], ...]
    """The same where rows differ: cell and whether it is a fault, and windows of each row."""
    island: Island
    """How cells leave the grid, live alone and come back."""
    curves: tuple[Ints, ...]
    """Of each fleet: place of each device's relays in ``island.inverters``, (m,); −1: it has none."""
    shed_below_soc: Floats
    """(4,) share of the usable energy of a cell below which its stores no longer serve a tier."""
    terms: Terms
    export_bans: tuple[ExportBan, ...]
    """Of the buildings' own meters, then of the point of connection; none where export is allowed everywhere."""
    switches: tuple[Switches, ...]
    """Fleets of loads that strategies may switch off; all have the same number of stages."""
    record_every: int
    """Steps in a recorded interval."""
    wires: Wires | None
    """What a power flow is solved for; None where none is asked for."""
    notes: tuple[Mapping[str, Any], ...]

    @property
    def nested(self) -> bool:
        """Whether cells lie within cells: then islands depend on switches."""
        return bool((self.parents >= 0).any())

    @property
    def may_be_dark(self) -> bool:
        """Whether any part is ever without grid."""
        return bool(self.outages or self.row_outages or self.cuts or self.row_cuts)

    @property
    def rows(self) -> int:
        """Rows of the ensemble."""
        return self.site.rows.count


@dataclass
class State:
    """Where a run stands: every array begins with the row."""

    fleets: list[DeviceState]
    controls: list[DeviceState]
    p_kw: list[Floats]
    """Power of every device since the last act, (S, m) of each fleet."""
    net_kw: Floats
    """Sum at each building, (S, n); > 0 is surplus."""
    mode: Ints
    """Code of each cell's mode, (S, c)."""
    closed: Bools
    """Whether each cell's switch to its parent is closed, (S, c); the community's to the grid is told by its mode."""
    barred: Ints
    """For how many reasons it may not be closed (its feeder is cut, a fault on either side), (S, c); 0: it waits to be
    in step, or for something live."""
    faulted: Bools
    """Whether the cell's own wires have a fault, (S, c)."""
    away: Bools
    """Whether the grid is away, (S,)."""
    due_s: Floats
    """When each cell's mode changes by itself, (S, c) seconds from the start; inf: it does not."""
    doom: Ints
    """Code of the cause for which a living cell goes dark when it is due, (S, c)."""
    locked_s: Floats
    """Until when a dark cell may not be started, (S, c) seconds from the start; inf: until the grid is back."""
    level: Floats
    """Share of their power that generation and stores may give in a cell that recovers, (S, c)."""
    held_from_s: Floats
    held_to_s: Floats
    """When relays shed each tier of a cell, and when it may come back, (S, c, 4); inf: not. −inf once it is off."""
    served: Floats
    """Share of each tier's demand served at each building, (S, n, 4); 1 on the grid."""
    memory: DeviceState
    """What shedding and cold-load pickup remember, where the scenario asks for them: arrays that begin with the row."""
    import_kwh: Floats
    export_kwh: Floats
    """Cumulative meter registers, (S, n)."""
    slot_import_kwh: Floats
    """Import registers when the slot began, (S, n)."""
    last_import_kwh: Floats
    """Import of the last finished slot, (S, n)."""
    grid_import_kwh: Floats
    grid_export_kwh: Floats
    """Cumulative registers at the point of connection, (S, 1)."""
    slot_grid_import_kwh: Floats
    """(S, 1) when the slot began."""
    last_grid_import_kwh: Floats
    """Import of the last finished slot, (S, 1)."""
    unserved_kwh: Floats
    """Cumulative, (S, n, 4)."""
    released_kw: Floats
    """Generation that each building was granted at the last act under an export ban, (S, n)."""
    tripped_until_s: Floats
    """When the reverse-power relay of each building's meter lets its generation back, (S, n)."""
    loss_kw: Floats
    """Lost in the wires since the last act, (S, c), of each island at its uppermost cell (cell 0: all that is tied); 0
    unless the network is solved inside the run."""
    loss_kwh: Floats
    """Cumulative, (S, 1)."""
    stray_kwh: Floats
    """Accumulated |Σ injections| of cells without grid, (S, 1): must stay rounding."""

    def take(self, rows: Ints) -> State:
        """A copy of some rows."""
        return State(
            fleets=[{name: array[rows] for name, array in fleet.items()} for fleet in self.fleets],
            controls=[{name: array[rows] for name, array in control.items()} for control in self.controls],
            memory={name: array[rows] for name, array in self.memory.items()},
            p_kw=[np.broadcast_to(p, (len(self.mode), p.shape[1]))[rows] for p in self.p_kw],
            **{name: getattr(self, name)[rows] for name in ROW_ARRAYS},
        )

    def put(self, rows: Ints, part: State) -> None:
        """Write a changed copy of some rows back."""
        here, there = [*self.fleets, *self.controls, self.memory], [*part.fleets, *part.controls, part.memory]
        for mine, theirs in zip(here, there, strict=True):
            for name, array in theirs.items():
                mine[name][rows] = array
        for i, q in enumerate(part.p_kw):
            # What an inflexible fleet wants is a view of its read-only profile: copied before it is written to.
            whole = np.array(np.broadcast_to(self.p_kw[i], (len(self.mode), q.shape[1])))
            whole[rows] = q
            self.p_kw[i] = whole
        held: set[int] = set()
        for name in ROW_ARRAYS:
            whole = getattr(self, name)
            # Two names may stand for one array, or for a view, and powers for what a device keeps: these are copied.
            if whole.base is not None or id(whole) in held or name in OF_DEVICES or not whole.flags.writeable:
                whole = np.array(whole)
                setattr(self, name, whole)
            held.add(id(whole))
            whole[rows] = getattr(part, name)


ROW_ARRAYS = (
    "net_kw",
    "mode",
    "closed",
    "barred",
    "faulted",
    "away",
    "due_s",
    "doom",
    "locked_s",
    "level",
    "held_from_s",
    "held_to_s",
    "served",
    "import_kwh",
    "export_kwh",
    "slot_import_kwh",
    "last_import_kwh",
    "grid_import_kwh",
    "grid_export_kwh",
    "slot_grid_import_kwh",
    "last_grid_import_kwh",
    "unserved_kwh",
    "released_kw",
    "tripped_until_s",
    "loss_kw",
    "loss_kwh",
    "stray_kwh",
)
OF_DEVICES = ("net_kw", "released_kw")
"""Of these, arrays that may be a device's own."""


def start_state(community: Community, memory: DeviceState | None = None) -> State:
    """Everything at its beginning: tied to the grid, meters at zero. ``memory``: of shedding and cold loads."""
    rows, n, c = community.rows, len(community.buildings), len(community.cells)
    return State(
        fleets=[fleet.start() for fleet in community.fleets],
        controls=[control.strategy.start(community.site.rows) for control in community.controls],
        p_kw=[np.zeros((rows, len(fleet.placed.specs))) for fleet in community.fleets],
        net_kw=np.zeros((rows, n)),
        mode=np.zeros((rows, c), dtype=np.int64),
        closed=np.ones((rows, c), dtype=np.bool_),
        barred=np.zeros((rows, c), dtype=np.int64),
        faulted=np.zeros((rows, c), dtype=np.bool_),
        away=np.zeros(rows, dtype=np.bool_),
        due_s=np.full((rows, c), np.inf),
        doom=np.zeros((rows, c), dtype=np.int64),
        locked_s=np.full((rows, c), -np.inf),
        level=np.ones((rows, c)),
        held_from_s=np.full((rows, c, 4), np.inf),
        held_to_s=np.full((rows, c, 4), np.inf),
        served=np.ones((rows, n, 4)),
        memory=memory or {},
        import_kwh=np.zeros((rows, n)),
        export_kwh=np.zeros((rows, n)),
        slot_import_kwh=np.zeros((rows, n)),
        last_import_kwh=np.zeros((rows, n)),
        grid_import_kwh=np.zeros((rows, 1)),
        grid_export_kwh=np.zeros((rows, 1)),
        slot_grid_import_kwh=np.zeros((rows, 1)),
        last_grid_import_kwh=np.zeros((rows, 1)),
        unserved_kwh=np.zeros((rows, n, 4)),
        released_kw=np.zeros((rows, n)),
        tripped_until_s=np.zeros((rows, n)),
        loss_kw=np.zeros((rows, c)),
        loss_kwh=np.zeros((rows, 1)),
        stray_kwh=np.zeros((rows, 1)),
    )
