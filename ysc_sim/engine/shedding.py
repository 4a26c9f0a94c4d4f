"""Who is served of a tier for which there is not enough: whole buildings, by turns, by name or by size.

A building's demand of one tier is one switch. It that was switched on keeps its place for ``min_on_s``, one that was
switched off stays off for ``min_off_s``; what power there is for the tier goes down the queue, and whoever fits is
served. Under ``turns`` those who are on stay on until their turn is over; then who was off longest in the whole run
comes first.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import DeviceState
from ysc_sim.engine.groups import Groups, first_fit
from ysc_sim.engine.modes import lives, tied
from ysc_sim.scenario.island import Shedding
from ysc_sim.units import Bools, Floats, Ints

SHARE_EPS = 1e-9
"""A store within this share of a threshold stands on it."""


def start_shedding(rules: Shedding, rows: int, buildings: int, cells: int) -> DeviceState:
    """What the queue remembers: ``on`` 0/1, ``since_s`` of the last switching, ``off_s`` so far, (S, n, 4);
    ``turn_s`` when a turn is over and ``wake_s`` when somebody has rested, (S, c); ``latched`` 0/1, (S, c, 4): tiers
    that wait for their stores to recover. Only what the rules need.
    """
    memory: DeviceState = {}
    if rules.inside_tier != "alike":
        shape = (rows, buildings, 4)
        memory = {
            "on": np.ones(shape),
            "since_s": np.full(shape, -np.inf),
            "off_s": np.zeros(shape),
            "turn_s": np.full((rows, cells), np.inf),
            "wake_s": np.full((rows, cells), np.inf),
        }
    if rules.restore_above_soc is not None:
        memory["latched"] = np.zeros((rows, cells, 4))
    return memory


def in_units(state: State) -> bool:
    """Whether whole buildings are switched."""
    return "on" in state.memory


def by_building_kw(community: Community, state: State, wants: list[tuple[int, Floats]], tier: int) -> Floats:
    """Demand of a tier at each building, (R, n) ≥ 0; ``wants``: fleet and its demand (R, m, 4)."""
    total = np.zeros(state.net_kw.shape)
    for i, demand in wants:
        total += community.by_building[i].sum(np.ascontiguousarray(demand[:, :, tier]))
    return total


class Queue:
    """One act: who is served of each tier, in all living cells."""

    def __init__(self, community: Community, state: State, now_s: Floats, top: Ints | None) -> None:
        self._community, self._rules, self._memory = community, community.island.shedding, state.memory
        self._now_s = now_s
        group = community.cell_of.group
        cells = np.arange(len(community.cells))[None, :] if top is None else top
        self._label: Ints = np.broadcast_to(cells[:, group], state.net_kw.shape)
        self._turn: Bools = (self._memory["turn_s"] <= now_s)[:, group]
        self._waiting = np.zeros(state.net_kw.shape, dtype=np.bool_)
        self._wake_s = np.full(state.net_kw.shape, np.inf)
        self.served = np.ones((*state.net_kw.shape, 4))

    def serve(self, tier: int, demand_kw: Floats, power_kw: Floats, barred: Bools) -> Floats:
        """Choose who is served of a tier from ``power_kw`` (R, c); demand (R, n) of those who are.

        ``barred`` (R, c): the tier is shed there as a whole.
        """
        community, now_s = self._community, self._now_s
        on, since = self._memory["on"][:, :, tier] > 0, self._memory["since_s"][:, :, tier]
        # By the instant at which it has rested, which is told as its next event: a difference may be a last bit short.
        rested = on | (now_s >= since + self._rules.min_off_s)
        may = ~barred[:, community.cell_of.group] & (demand_kw > 0)
        order = np.lexsort((*self._keys(tier, demand_kw, on & (now_s < since + self._rules.min_on_s), on), self._label))

        def sorted_(values: Floats) -> Floats:
            found: Floats = np.take_along_axis(values, order, axis=1)
            return found

        groups = Groups.of(np.take_along_axis(self._label, order, axis=1))
        room = community.cell_of.spread(power_kw)
        taken = first_fit(sorted_(demand_kw), sorted_(np.broadcast_to(room, on.shape)), groups,
                          np.take_along_axis(may & rested, order, axis=1))  # fmt: skip
        chosen = np.zeros_like(on)
        np.put_along_axis(chosen, order, taken, axis=1)
        self._waiting |= may & ~chosen
        self._wake_s = np.where(may & ~rested, np.minimum(self._wake_s, since + self._rules.min_off_s), self._wake_s)
        # Who wants nothing is not switched, unless the whole tier is.
        keeps = (demand_kw <= 0) & ~barred[:, community.cell_of.group]
        self.served[:, :, tier] = np.where(keeps, on, chosen)
        return np.where(chosen, demand_kw, 0.0)

    def _keys(self, tier: int, demand_kw: Floats, locked: Bools, on: Bools) -> tuple[Floats, Floats]:
        """Within a class (locked, on, others) by the rule; ties by name."""
        rule = self._rules.inside_tier
        if rule == "turns":
            return -self._memory["off_s"][:, :, tier], np.where(locked, 0.0, np.where(on & ~self._turn, 1.0, 2.0))
        place = -demand_kw if rule == "largest_first" else np.zeros(demand_kw.shape)
        return place, np.where(locked, 0.0, 1.0)

    def close(self, state: State) -> None:
        """Write down who is on now, when the turn is over, and when the next one has rested."""
        community, memory = self._community, self._memory
        live, whole = lives(state.mode), tied(state.mode)
        spread = community.cell_of.group
        on = np.where(whole[:, spread, None], 1.0, self.served * live[:, spread, None])
        memory["since_s"] = np.where(on != memory["on"], self._now_s[:, :, None], memory["since_s"])
        memory["on"] = on
        waits = community.cell_of.sum(self._waiting.astype(np.float64)) > 0
        over = ~(memory["turn_s"] > self._now_s) | np.isinf(memory["turn_s"])
        next_s = np.where(over, self._now_s + self._rules.turn_s, memory["turn_s"])
        takes_turns = self._rules.inside_tier == "turns"
        memory["turn_s"] = np.where(waits & live & takes_turns, next_s, np.inf)
        wake = np.full(state.mode.shape, np.inf)
        for b, cell in enumerate(spread.tolist()):
            np.minimum(wake[:, cell], self._wake_s[:, b], out=wake[:, cell])
        memory["wake_s"] = np.where(live, wake, np.inf)


def latch(community: Community, state: State, soc: Floats) -> Bools:
    """Which tiers stores may serve, (R, c, 4): above their thresholds, and once shed not before they have recovered."""
    above: Bools = soc[:, :, None] > community.shed_below_soc + SHARE_EPS
    restore = community.island.shedding.restore_above_soc
    if restore is None:
        return above
    enough = soc[:, :, None] >= np.maximum(np.array(restore), community.shed_below_soc) - SHARE_EPS
    waits = ~tied(state.mode)[:, :, None] & (~above | ((state.memory["latched"] > 0) & ~enough))
    state.memory["latched"] = waits.astype(np.float64)
    allowed: Bools = above & ~waits
    return allowed


def next_turn_s(state: State) -> Floats:
    """When a turn is over or somebody has rested, (R,); inf where nobody waits."""
    if not in_units(state):
        return np.full(len(state.mode), np.inf)
    soonest = np.minimum(state.memory["turn_s"], state.memory["wake_s"])
    found: Floats = np.where(lives(state.mode), soonest, np.inf).min(axis=1)
    return found
