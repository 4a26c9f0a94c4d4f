"""What frequency does in the seconds after a disturbance: every cell that is struck, in one batch.

The grid that is lost gave an import: that is the step. Later, in an island, the step is what the sources that are there
now give more than just before: demand that was shed, restored or picked up, a generator that was lost, a part that
split off. A step above ``step_share`` of what the forming devices can give is looked at; one that comes within
``WINDOW_S`` of the last one (its own shedding among them) is taken to be a part of that.

The run goes on with the powers of before and after. In between, forming devices give less or more than that by what
demand follows the frequency and by what generation is cut; this energy is told (``Event.swing_kwh``) and not booked, on
neither side: what the sources give less the loads take less, so that every balance stays closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import DeviceState, Moment
from ysc_sim.engine.cold_load import tier_parts
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.islands import islands_of, pool
from ysc_sim.engine.modes import lives
from ysc_sim.engine.trips import trip
from ysc_sim.resilience import FrequencyWatt, Source, Stage, Trip, frequency_response
from ysc_sim.results.arrays import Event
from ysc_sim.scenario.island import Frequency, Inverters
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats, Ints

WINDOW_S = 10.0
"""Length of a transient."""


class Struck(NamedTuple):
    """What transients did, (k,) each."""

    row: Ints
    cell: Ints
    extreme_hz: Floats
    swing_kwh: Floats

    def tell(self, events: list[Event], logged: dict[tuple[int, int], int]) -> None:
        """Write the frequency into the events ``logged`` by row and cell."""
        for r, c, hz, kwh in zip(*(values.tolist() for values in self), strict=True):
            at = logged[r, c]
            events[at] = replace(events[at], frequency_hz=hz, swing_kwh=kwh)


def start_swing(rules: Frequency | None, rows: int, cells: int, fleets: Mapping[int, int]) -> DeviceState:
    """``calm_s`` (S, c) until when steps belong to the last transient; ``source_kw.i`` (S, m) what the devices of each
    flexible fleet gave just before; {} without rules. ``fleets``: number of devices by number of the fleet.
    """
    if rules is None:
        return {}
    powers = {f"source_kw.{i}": np.zeros((rows, m)) for i, m in fleets.items()}
    return {"calm_s": np.full((rows, cells), -np.inf), **powers}


def calm_down(state: State, which: Bools, t_s: Floats) -> None:
    """What comes within the window of a disturbance of cells ``which`` (R, c) is a part of it; ``t_s`` (R,)."""
    state.memory["calm_s"] = np.where(which, t_s[:, None] + WINDOW_S, state.memory["calm_s"])


class Swing(NamedTuple):
    """Cells as one machine each, (R, c) kW: what the grid gave, what forming devices give and could give."""

    step_kw: Floats
    """Import that is lost; < 0: export."""
    power_kw: Floats
    most_kw: Floats
    least_kw: Floats
    sun_kw: Floats
    """What follows frequency-watt, by relays: none, then each entry of ``island.inverters``, (R, c, k)."""
    flat_kw: Floats
    """What stores that do not form give, likewise."""
    demand_kw: Floats
    """(R, c, 4)"""

    @property
    def spare_kw(self) -> Floats:
        """What the forming devices could give beyond what they give."""
        return self.most_kw - self.power_kw

    def strike(self, community: Community, state: State, t_s: Floats, struck: Bools, rules: Frequency) -> Struck:
        """Write down which tiers and inverters relays switch off, and which cells are lost, and when; (R,) ``t_s``."""
        r, c = np.nonzero(struck)
        power, demand = self.power_kw[r, c], self.demand_kw[r, c]
        source = Source(
            rated_kva=np.maximum(self.most_kw[r, c], np.abs(self.least_kw[r, c])),
            droop_pu=rules.droop_pu,
            inertia_s=rules.inertia_s,
            t1_s=rules.lag_s,
            p_kw=power,
            p_min_kw=np.minimum(self.least_kw[r, c], power),
            p_max_kw=np.maximum(self.most_kw[r, c], power),
        )
        groups = self._followers(community, rules, r, c)
        stages = [
            Stage(below_hz=below, delay_s=rules.shed_delay_s, shed_kw=demand[:, tier])
            for tier, below in enumerate(rules.shed_hz, start=1)
        ]
        found = frequency_response(
            self.step_kw[r, c],
            [source],
            frequency_hz=rules.nominal_hz,
            load_kw=demand.sum(axis=1),
            load_damping_pu=rules.load_damping_pu,
            followers=[follower for follower, _, _ in groups],
            ufls=stages,
            collapse_hz=rules.collapse_hz,
            rise_hz=rules.rise_hz,
            duration_s=WINDOW_S,
        )
        # What the run books: the old power and the step, less what was shed, up to the end of the island.
        given = self.step_kw[r, c] + power
        last_s = np.full(len(r), WINDOW_S)
        for k, after_s, kind, _ in found.events:
            if kind in ENDS:
                last_s[k] = after_s
        booked = given * last_s
        for k, after_s, kind, index in found.events:
            when = t_s[r[k]] + after_s
            if kind == "shed":
                state.held_from_s[r[k], c[k], index + 1] = when
                state.held_to_s[r[k], c[k], index + 1] = when + rules.restore_s
                booked[k] -= demand[k, index + 1] * (last_s[k] - after_s)
            elif kind == "tripped":
                _, curve, lost = groups[index]
                trip(community, state, curve, int(r[k]), int(c[k]), float(when))
                booked[k] += lost[k] * (last_s[k] - after_s)
            elif when < state.due_s[r[k], c[k]]:
                state.due_s[r[k], c[k]], state.doom[r[k], c[k]] = when, 0
        return Struck(r, c, found.nadir_hz, found.energy_kwh[:, 0] - booked / SECONDS_PER_HOUR)

    def _followers(
        self, community: Community, rules: Frequency, r: Ints, c: Ints
    ) -> list[tuple[FrequencyWatt, int, Floats]]:
        """Groups of inverters with the same relays: what they do, their entry, and their power (k,).

        The same groups for all rows, whether there is power in them or not: no row shall depend on others.
        """
        groups = []
        inverters = community.island.inverters
        for k in range(len(inverters) + 1):
            trips = trips_of(inverters[k - 1]) if k else ()
            power = self.sun_kw[r, c, k]
            sun = FrequencyWatt(
                p_kw=power,
                deadband_hz=rules.sun_deadband_hz,
                droop_pu=rules.sun_droop_pu,
                lag_s=rules.sun_lag_s,
                trips=trips,
            )
            groups.append((sun, k - 1, power))
            if k:
                power = self.flat_kw[r, c, k]
                flat = FrequencyWatt(p_kw=power, deadband_hz=0.0, droop_pu=np.inf, lag_s=0.0, trips=trips)
                groups.append((flat, k - 1, power))
        return groups


ENDS = ("collapsed", "overfrequency")


def trips_of(inverters: Inverters) -> tuple[Trip, ...]:
    """Its relays of frequency."""
    found = []
    for relay in inverters.relays:
        limit = relay.below_hz if relay.above_hz is None else relay.above_hz
        if limit is not None:
            found.append(Trip(limit_hz=limit, delay_s=relay.after_s, above=relay.above_hz is not None))
    return tuple(found)


def by_relays(community: Community, i: int, p_kw: Floats) -> Floats:
    """Powers (R, m) of fleet ``i`` in every cell by relays, (R, c, k)."""
    curve, to_cell = community.curves[i], community.by_cell[i]
    total = np.zeros((len(p_kw), to_cell.count, len(community.island.inverters) + 1))
    for k in range(total.shape[2]):
        mine = curve == k - 1
        if mine.all():
            total[:, :, k] = to_cell.sum(p_kw)
        elif mine.any():
            total[:, :, k] = to_cell.sum(np.where(mine, p_kw, 0.0))
    return total


def swing_of(community: Community, state: State, moment: Moment) -> Swing:
    """Add up every cell as it stands, before the grid goes."""
    shape = state.mode.shape
    power, most, least = (np.zeros(shape) for _ in range(3))
    demand = np.zeros((*shape, 4))
    sun, flat = (np.zeros((*shape, len(community.island.inverters) + 1)) for _ in range(2))
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        p = np.broadcast_to(state.p_kw[i], (shape[0], state.p_kw[i].shape[1]))
        if fleet.flexible:
            bands = fleet.bands(state.fleets[i], moment)
            power += to_cell.sum(np.where(fleet.forming, p, 0.0))
            most += to_cell.sum(np.where(fleet.forming, np.maximum(bands.hi_kw, 0.0), 0.0))
            least += to_cell.sum(np.where(fleet.forming, np.minimum(bands.lo_kw, 0.0), 0.0))
            flat += by_relays(community, i, p)
        elif fleet.tier_shares is not None:
            for tier in range(4):
                demand[:, :, tier] += to_cell.sum(-p * tier_parts(community, state, i)[0][..., tier])
        else:
            sun += by_relays(community, i, np.maximum(p, 0.0))
    step = -community.cell_of.sum(np.ascontiguousarray(state.net_kw))
    top = islands_of(community, state)
    return Swing(*(pool(values, top) for values in (step, power, most, least, sun, flat, demand)))


def steps_of(community: Community, state: State, frame: Frame) -> Swing:
    """What sources that are there now give more than at the last act, and what living cells are made of."""
    shape = state.mode.shape
    step, power, most, least = (np.zeros(shape) for _ in range(4))
    demand = np.zeros((*shape, 4))
    sun, flat = (np.zeros((*shape, len(community.island.inverters) + 1)) for _ in range(2))
    for i, (fleet, to_cell) in enumerate(zip(community.fleets, community.by_cell, strict=True)):
        lo, hi, _ = frame.bands[i]
        p = np.broadcast_to(state.p_kw[i], (shape[0], to_cell.group.size))
        if fleet.flexible:
            before = state.memory[f"source_kw.{i}"]
            there = (hi > 0.0) | (lo < 0.0)
            forms = there & fleet.forming
            step += to_cell.sum(np.where(there, p - before, 0.0))
            power += to_cell.sum(np.where(forms, before, 0.0))
            most += to_cell.sum(np.where(forms, np.maximum(hi, 0.0), 0.0))
            least += to_cell.sum(np.where(forms, np.minimum(lo, 0.0), 0.0))
            flat += by_relays(community, i, p)
        elif fleet.tier_shares is not None:
            parts, served = tier_parts(community, state, i)[0], state.served[:, community.by_building[i].group]
            want = frame.bands[i].want_kw
            for tier in range(4):
                demand[:, :, tier] += to_cell.sum(-want * parts[..., tier] * served[:, :, tier])
        else:
            sun += by_relays(community, i, np.maximum(p, 0.0))
    top = islands_of(community, state)
    return Swing(*(pool(values, top) for values in (step, power, most, least, sun, flat, demand)))


def watch_steps(community: Community, state: State, frame: Frame) -> list[tuple[int, int, float, float]]:
    """Look at every living island whose sources took a large step: row, cell, frequency, energy of each."""
    rules = community.island.frequency
    if rules is None:
        return []
    t_s = np.array(np.broadcast_to(frame.moment.t_s, (len(state.mode), 1)), dtype=np.float64)[:, 0]
    swing = steps_of(community, state, frame)
    for i, fleet in enumerate(community.fleets):
        if fleet.flexible:
            state.memory[f"source_kw.{i}"] = np.array(
                np.broadcast_to(state.p_kw[i], state.memory[f"source_kw.{i}"].shape)
            )
    able = np.maximum(swing.most_kw, -swing.least_kw)
    large = np.abs(swing.step_kw) > rules.step_share * able
    struck = lives(state.mode) & large & (able > 0) & (state.memory["calm_s"] <= t_s[:, None])
    if not struck.any():
        return []
    calm_down(state, struck, t_s)
    found = swing.strike(community, state, t_s, struck, rules)
    return list(zip(*(values.tolist() for values in found), strict=True))
