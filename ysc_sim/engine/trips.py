"""Relays of grid-following inverters in islands: who is off, since when and until when.

What frequency does in the seconds after a disturbance says who trips and when (:mod:`ysc_sim.engine.swing`); voltage is
looked at once an act where the network is solved inside the run. Who is off gives and takes nothing until its waiting
time is over, whoever holds the balance by then.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Bands, DeviceState
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.modes import lives
from ysc_sim.units import Bools, Floats, Ints


def start_trips(community: Community) -> DeviceState:
    """``out_from_s.i`` (S, m): when a device of fleet i goes off by frequency, inf not, −inf once it is; ``out_to_s.i``
    when it comes back; ``volt_s.i`` when it goes off by voltage; ``wrong_s.i`` (S, m, k): since when the voltage has
    been beyond each of its relays, inf: it is not.
    """
    memory: DeviceState = {}
    for i in _with_relays(community):
        shape = community.rows, len(community.curves[i])
        memory[f"out_from_s.{i}"], memory[f"out_to_s.{i}"] = np.full(shape, np.inf), np.full(shape, np.inf)
        most = max(len(voltage_relays(community, k)) for k in range(len(community.island.inverters)))
        if most:
            memory[f"volt_s.{i}"], memory[f"wrong_s.{i}"] = np.full(shape, np.inf), np.full((*shape, most), np.inf)
    return memory


def _with_relays(community: Community) -> list[int]:
    return [i for i, curve in enumerate(community.curves) if (curve >= 0).any()]


def voltage_relays(community: Community, curve: int) -> list[tuple[float, bool, float]]:
    """Limit per unit, whether it acts above it, and delay, of one entry of ``island.inverters``."""
    found = []
    for relay in community.island.inverters[curve].relays:
        limit = relay.below_pu if relay.above_pu is None else relay.above_pu
        if limit is not None:
            found.append((limit, relay.above_pu is not None, relay.after_s))
    return found


def without_tripped(state: State, i: int, bands: Bands) -> Bands:
    """Bands of fleet ``i`` where those that are off can do nothing."""
    off = out(state, i)
    if off is None:
        return bands
    return Bands(*(np.where(off, 0.0, each) for each in bands))


def out(state: State, i: int) -> Bools | None:
    """Devices of fleet ``i`` that relays have switched off, (R, m); None where none is."""
    since = state.memory.get(f"out_from_s.{i}")
    if since is None or not np.isneginf(since).any():
        return None
    found: Bools = np.isneginf(since)
    return found


def trip(community: Community, state: State, curve: int, r: int, cell: int, when_s: float) -> None:
    """The devices of a cell that have these relays go off at ``when_s``, unless they are off."""
    for i in _with_relays(community):
        since = state.memory[f"out_from_s.{i}"][r]
        since[(community.curves[i] == curve) & (community.by_cell[i].group == cell) & (since > when_s)] = when_s


def pass_trips(community: Community, state: State, t_s: Floats) -> list[tuple[int, int, str]]:
    """Relays that are due at ``t_s`` (R,) act in what lives by itself, and rest elsewhere; who has waited comes back.

    Row, cell and cause of what is to be told.
    """
    told: list[tuple[int, int, str]] = []
    now, alone = t_s[:, None], lives(state.mode)
    for i in _with_relays(community):
        since, until = state.memory[f"out_from_s.{i}"], state.memory[f"out_to_s.{i}"]
        volt = state.memory.get(f"volt_s.{i}", np.full(since.shape, np.inf))
        cell, is_off = community.by_cell[i].group, np.isneginf(since)
        acts = ~is_off & (np.minimum(since, volt) <= now)
        off, back = acts & alone[:, cell], is_off & (until <= now)
        clear = back | (acts & ~off)
        waits = np.array([rules.wait_s for rules in community.island.inverters])[community.curves[i]]
        state.memory[f"out_from_s.{i}"] = np.where(off, -np.inf, np.where(clear, np.inf, since))
        state.memory[f"out_to_s.{i}"] = np.where(off, now + waits, np.where(clear, np.inf, until))
        if f"volt_s.{i}" in state.memory:
            state.memory[f"volt_s.{i}"] = np.where(acts, np.inf, volt)
            state.memory[f"wrong_s.{i}"] = np.where(acts[:, :, None], np.inf, state.memory[f"wrong_s.{i}"])
        for which, cause in ((off, "inverter_off"), (back & alone[:, cell], "inverter_on")):
            places = {(int(r), int(cell[j])) for r, j in zip(*np.nonzero(which), strict=True)}
            told += [(r, c, cause) for r, c in sorted(places)]
    return list(dict.fromkeys(told))


def next_trip_s(state: State) -> Floats:
    """When an inverter goes off or comes back next, (R,); inf: none does."""
    soonest = np.full(len(state.mode), np.inf)
    for name, since in state.memory.items():
        if name.startswith("out_from_s."):
            number = name.rpartition(".")[2]
            waits = np.where(np.isneginf(since), state.memory[f"out_to_s.{number}"], since)
            volt = state.memory.get(f"volt_s.{number}")
            waits = waits if volt is None else np.minimum(waits, np.where(np.isneginf(since), np.inf, volt))
            soonest = np.minimum(soonest, waits.min(axis=1))
    return soonest


def watch_inverters(
    community: Community, state: State, frame: Frame, rows: Ints, level_pu: tuple[Floats, Floats]
) -> None:
    """Lowest and highest voltages (k, n) at the buildings of islands in ``rows`` (k,) set relays going, or let them
    rest; NaN: the building is not in that island.
    """
    at = np.unique(rows)
    place = np.searchsorted(at, rows)
    low, high = (np.full((at.size, level_pu[0].shape[1]), np.nan) for _ in range(2))
    for k in range(rows.size):
        low[place[k]] = np.fmin(low[place[k]], level_pu[0][k])
        high[place[k]] = np.fmax(high[place[k]], level_pu[1][k])
    now = np.array(np.broadcast_to(frame.moment.t_s, (len(state.mode), 1)), dtype=np.float64)[at]
    for i in _with_relays(community):
        if f"volt_s.{i}" not in state.memory:
            continue
        building = community.by_building[i].group
        off = np.isneginf(state.memory[f"out_from_s.{i}"])[at]
        wrong, due = state.memory[f"wrong_s.{i}"], np.full(off.shape, np.inf)
        for curve in np.unique(community.curves[i][community.curves[i] >= 0]).tolist():
            mine = (community.curves[i] == curve) & ~off
            for k, (limit, above, after_s) in enumerate(voltage_relays(community, curve)):
                beyond = mine & ((high[:, building] > limit) if above else (low[:, building] < limit))
                since = np.where(beyond, np.minimum(wrong[at, :, k], now), np.inf)
                wrong[at, :, k] = np.where(mine, since, wrong[at, :, k])
                due = np.where(mine, np.minimum(due, since + after_s), due)
        state.memory[f"volt_s.{i}"][at] = due
