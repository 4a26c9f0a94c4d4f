"""A stretch in which strategies are asked at every step: they alone, and the stores that follow; all else is arrays.

A strategy that looks at its meters or its stores decides from what its own last decision has led to. So these few are
followed step by step: the stores' bands, the decision itself, what it moves, and the import that it makes the meters
show. What everything else does was known before and is given; what is written down is worked out afterwards of all
steps at once. The strategy sees what it would see at an instant of its own, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.community.segments import Segments
from ysc_sim.contracts import Device, DeviceState, Followed, Moment, Steps, View, stepping
from ysc_sim.engine.act import eyes_of, listen, plus
from ysc_sim.engine.beyond import stages_of
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.meters import Rest, read_meters
from ysc_sim.units import SECONDS_PER_HOUR, Floats

if TYPE_CHECKING:
    from ysc_sim.engine.run import Run

REGISTERS = (
    "import_kwh",
    "slot_import_kwh",
    "last_import_kwh",
    "grid_import_kwh",
    "slot_grid_import_kwh",
    "last_grid_import_kwh",
)
"""What strategies read from meters; put back after the walk, and booked with all else."""


class Known(NamedTuple):
    """What is known of ``K`` steps before anybody decides."""

    fixed_kw: Floats
    """Net of everything inflexible at each building, (K, S, n)."""
    p_kw: Sequence[Floats | None]
    """Of each fleet, (K, R0, m); None: of that one that is flexible."""
    moved_kwh: Sequence[Floats | None]
    """The same as energies at each building, (K, R0, n)."""


class Walked(NamedTuple):
    """What came of the decisions."""

    stores: Followed | None
    off: Floats | None
    """Share of each stage of demand that was switched off, (K, S, n, P); None: none was at any step."""


class Asked:
    """Stores of any kind on their way through a stretch: their own ``bands`` and ``advance``, one after the other."""

    def __init__(self, fleet: Device, state: DeviceState, dt_s: float) -> None:
        self._fleet, self._state, self._dt_s = fleet, state, dt_s
        self._parts: tuple[list[Floats], ...] = ([], [], [], [], [], [])
        self._held: dict[int, Floats] = {}

    def bands(self, moment: Moment) -> tuple[Floats, Floats]:
        """What they can do now, (R, m)."""
        lo_kw, hi_kw, _ = self._fleet.bands(self._state, moment)
        return lo_kw, hi_kw

    def go(self, p_kw: Floats, moment: Moment) -> tuple[Floats, Floats | None]:
        """Energies of a step at powers (R, m), and for how long each was held, where some were not to the end."""
        flow = self._fleet.advance(self._state, p_kw, self._dt_s, moment)
        assert flow.charge_kwh is not None
        assert flow.discharge_kwh is not None
        assert flow.loss_kwh is not None
        stored = self._fleet.store(self._state).stored_kwh
        if flow.held_s is not None:
            self._held[len(self._parts[0])] = flow.held_s
        told = p_kw, flow.energy_kwh, flow.charge_kwh, flow.discharge_kwh, flow.loss_kwh, stored
        for part, values in zip(self._parts, told, strict=True):
            part.append(values)
        return flow.energy_kwh, flow.held_s

    def store(self) -> tuple[Floats, Floats, Floats]:
        """Where they stand, (R, m)."""
        store = self._fleet.store(self._state)
        here = 1.0 if store.present is None else store.present
        return store.stored_kwh * here, store.floor_kwh * here, store.capacity_kwh * here

    def followed(self) -> Followed:
        """What all of them did."""
        p_kw, energy, charge, discharge, loss, stored = (np.stack(part) for part in self._parts)
        whole_s = self._dt_s / SECONDS_PER_HOUR * SECONDS_PER_HOUR
        steps = np.array(list(self._held), dtype=np.int64)
        held = np.stack(list(self._held.values())) if self._held else np.zeros((0, *p_kw.shape[1:]))
        some, row, device = np.nonzero(held != whole_s)
        stopped = steps[some], row, device
        return Followed(p_kw, energy, charge, discharge, loss, stored, stopped, held[some, row, device])


def walk(run: Run, first: int, known: Known, place: int | None) -> Walked:
    """Ask the strategies at every step from ``first`` on, and let the stores of fleet ``place`` do what is granted."""
    community, state = run.community, run.state
    before = {name: getattr(state, name) for name in REGISTERS}
    steps = None if place is None else _steps(community.fleets[place], state.fleets[place], run, len(known.fixed_kw))
    way = _Way(run, known, place, steps)
    for k in range(len(known.fixed_kw)):
        way.step(first, k)
    for name, values in before.items():
        setattr(state, name, values)
    return Walked(None if steps is None else steps.followed(), way.switched_off())


def _steps(fleet: Device, state: DeviceState, run: Run, count: int) -> Steps:
    found = fleet.begin_steps(state, count, float(run.axis.step_s)) if stepping(fleet) else None
    return Asked(fleet, state, float(run.axis.step_s)) if found is None else found


class _Way:
    """One walk: what is the same at every step of it."""

    def __init__(self, run: Run, known: Known, place: int | None, steps: Steps | None) -> None:
        self._run, self._known, self._steps = run, known, steps
        community = self._community = run.community
        self._fixed_kw = known.fixed_kw
        self._shape = known.fixed_kw.shape[1:]
        self._to_building = None if place is None else community.by_building[place]
        fleets = len(community.fleets)
        self._earlier = range(fleets if place is None else place)
        self._later = range(fleets if place is None else place + 1, fleets)
        self._step_s, self._slot_s, self._per_slot = run.axis.step_s, run.axis.slot_s, run.axis.steps_per_slot
        self._dt_h = self._step_s / SECONDS_PER_HOUR
        self._off: dict[int, Floats] = {}
        self._stages = _stages(community, known) if community.switches else None
        self._frame: Frame | None = None
        self._eyes: list[Callable[[], View]] = []
        self._bands: tuple[Floats, Floats] | None = None
        self._room: tuple[Floats, Floats] | None = None
        self._window: list[tuple[Floats, Floats]] = []

    def step(self, first: int, k: int) -> None:
        """Observe, decide, dispatch and advance of one step."""
        frame = self._frame_of(first + k, k)
        to_building = self._to_building
        if self._steps is None or to_building is None:
            frame.lo_kw = frame.hi_kw = np.zeros(self._shape)
            listen(self._community, self._run.state, frame, self._eyes)
            energy, held_s, p_kw = None, None, None
        else:
            self._observe(frame, self._steps, to_building)
            listen(self._community, self._run.state, frame, self._eyes)
            granted = np.minimum(np.maximum(frame.wish_kw, frame.lo_kw), frame.hi_kw)
            p_kw = granted if to_building.identity else granted.take(to_building.group, axis=1)
            energy, held_s = self._steps.go(p_kw, frame.moment)
        if self._community.switches and frame.off is not None and frame.off.any():
            self._off[k] = frame.off
        moved = self._moved(k, frame, energy)
        rest = None
        if held_s is not None and to_building is not None and p_kw is not None:
            rest = Rest(to_building, p_kw, held_s), self._net(k, frame, to_building.sum(p_kw))
        self._read(moved, rest, ends=(first + k + 1) % self._per_slot == 0)

    def _frame_of(self, step: int, k: int) -> Frame:
        """The instant of a step; all of a slot share one frame."""
        t_s = step * self._step_s
        frame = self._frame
        if frame is None or step % self._per_slot == 0:
            frame = self._frame = self._run.new_frame(None, t_s, step)
            frame.stored = None if self._steps is None else self._stored
            state, controls = self._run.state, self._community.controls
            self._eyes = [eyes_of(self._community, state, frame, control) for control in controls]
        frame.moment = Moment(t_s, step)
        frame.slot_elapsed_s = t_s % self._slot_s
        frame.fixed_kw = self._fixed_kw[k]
        if self._stages is not None:
            frame.stages = self._stages[k]
        return frame

    def _observe(self, frame: Frame, steps: Steps, to_building: Segments) -> None:
        """Bands of the stores, added up anew where they are others than before."""
        bands = steps.bands(frame.moment)
        if self._room is None or bands is not self._bands:
            self._bands, self._room = bands, (to_building.sum(bands[0]), to_building.sum(bands[1]))
        frame.lo_kw, frame.hi_kw = self._room

    def _stored(self, community: Community, state: State) -> tuple[Floats, Floats, Floats]:
        """What is in the stores of each building; floors and capacities that are the arrays of before are kept."""
        steps, to_building = self._steps, self._to_building
        assert steps is not None
        assert to_building is not None
        level, *window = steps.store()
        if [id(values) for values in window] != [id(values) for values, _ in self._window]:
            whole = (np.broadcast_to(values, level.shape) for values in window)
            self._window = [(values, np.array(to_building.sum(x))) for values, x in zip(window, whole, strict=True)]
            for _, kept in self._window:
                kept.flags.writeable = False
        (_, floor), (_, capacity) = self._window
        return np.array(to_building.sum(level)), floor, capacity

    def _moved(self, k: int, frame: Frame, energy: Floats | None) -> Floats:
        """Energy at each building, (S, n) kWh, added up in the order of the fleets."""
        total: Any = None
        for i in self._earlier:
            total = plus(total, self._of(i, k, frame))
        if energy is not None and self._to_building is not None:
            total = plus(total, self._to_building.sum(energy))
        for i in self._later:
            total = plus(total, self._of(i, k, frame))
        if total is None or total.shape != self._shape:
            total = np.broadcast_to(0.0 if total is None else total, self._shape)
        return np.asarray(total)

    def _of(self, fleet: int, k: int, frame: Frame) -> Floats:
        """Energy of an inflexible fleet, less what is switched off of it."""
        moved = self._known.moved_kwh[fleet]
        assert moved is not None
        now: Floats = moved[k]
        if k in self._off:
            for part in self._community.switches:
                if part.fleet == fleet:
                    on = 1.0 - np.clip(part.spread(frame.off), 0.0, 1.0)
                    now = self._community.by_building[fleet].sum(self._want_kw(fleet, k) * on * self._dt_h)
        return now

    def _want_kw(self, fleet: int, k: int) -> Floats:
        p_kw = self._known.p_kw[fleet]
        assert p_kw is not None
        now: Floats = p_kw[k]
        return now

    def _net(self, k: int, frame: Frame, stores_kw: Floats) -> Floats:
        """Net power at each building, (S, n) kW."""
        net: Floats = self._known.fixed_kw[k]
        if k in self._off:
            for part in self._community.switches:
                gone = np.clip(part.spread(frame.off), 0.0, 1.0)
                net = net - self._community.by_building[part.fleet].sum(self._want_kw(part.fleet, k) * gone)
        return net + stores_kw

    def _read(self, moved: Floats, rest: tuple[Rest, Floats] | None, *, ends: bool) -> None:
        """Let the meters of imports run on; they are read at the end of a slot."""
        state, dt_s = self._run.state, self._step_s
        together = np.add.reduce(moved, axis=1, keepdims=True)
        if rest is None:
            imported, whole = np.maximum(-moved, 0.0), np.maximum(-together, 0.0)
        else:
            own, net = rest
            imported, _ = read_meters(net, moved, [own], dt_s)
            every = own._replace(to_meter=own.to_meter.all_in_one)
            whole, _ = read_meters(np.add.reduce(net, axis=1, keepdims=True), together, [every], dt_s)
        state.import_kwh = state.import_kwh + imported
        state.grid_import_kwh = state.grid_import_kwh + whole
        if ends:
            read_slot(state)

    def switched_off(self) -> Floats | None:
        """(K, S, n, P)"""
        if not self._off:
            return None
        one = next(iter(self._off.values()))
        every = np.zeros((len(self._known.fixed_kw), *one.shape))
        for k, off in self._off.items():
            every[k] = off
        return every


def _stages(community: Community, known: Known) -> Floats:
    """Demand of each stage of each building at every step, (K, R0, n, P) kW."""
    wants = [p_kw for p_kw in (known.p_kw[part.fleet] for part in community.switches) if p_kw is not None]
    rows = max(p_kw.shape[1] for p_kw in wants)
    flat = [np.broadcast_to(p_kw, (len(p_kw), rows, p_kw.shape[2])).reshape(-1, p_kw.shape[2]) for p_kw in wants]
    every = stages_of(community, flat)
    return every.reshape(-1, rows, *every.shape[1:])


def read_slot(state: State) -> None:
    """The end of a slot: what it imported becomes that of the last one."""
    state.last_import_kwh = state.import_kwh - state.slot_import_kwh
    state.slot_import_kwh = state.import_kwh
    state.last_grid_import_kwh = state.grid_import_kwh - state.slot_grid_import_kwh
    state.slot_grid_import_kwh = state.grid_import_kwh
