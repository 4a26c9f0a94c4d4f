"""Cold-load pickup: what demand draws beyond its profile after it was off, by building and tier.

While a share s of a tier is served its excess x (in units of the profile's power) obeys

    dx/dt = (1 − s)·(k − 1 − x)/τ_build − s·x/τ_decay,

so it grows towards k − 1 while demand is off and goes away exponentially once it is on: the delayed exponential model
of Lang, Anderson and Fouad (1982). The state is exact for any time; the power until the next tick is the exact mean
over it (an instant in between begins a mean of its own: the one part of the engine for which splitting a step changes
what follows by more than rounding, as the excess is then averaged over other stretches).
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.contracts import Bands, DeviceState, Moment
from ysc_sim.engine.trips import without_tripped
from ysc_sim.scenario.island import ColdLoad
from ysc_sim.units import Floats

GONE = 1e-6
"""An excess below this share of the profile is over."""


def start_cold(rules: ColdLoad | None, rows: int, buildings: int) -> DeviceState:
    """``excess`` now, ``excess_mean`` until the next tick, ``hold_s`` left of the plateau, (S, n, 4); {} without."""
    if rules is None:
        return {}
    return {name: np.zeros((rows, buildings, 4)) for name in ("excess", "excess_mean", "hold_s")}


def excess_after(
    rules: ColdLoad, excess: Floats, hold_s: Floats, served: Floats, dt_s: float | Floats
) -> tuple[Floats, Floats, Floats]:
    """Excess after ``dt_s`` at a constant ``served`` share, its mean over that time, and the rest of the plateau.

    >>> rules = ColdLoad(peak=3.0, decay_s=1000.0)
    >>> later, mean, _ = excess_after(rules, np.array([2.0]), np.array([0.0]), np.array([1.0]), 1000.0)
    >>> later.round(6).tolist(), mean.round(6).tolist()
    ([0.735759], [1.264241])
    """
    off = 1.0 - served
    dt = np.asarray(dt_s, dtype=np.float64)
    rate = off / rules.build_s + served / rules.decay_s
    goal = off * (rules.peak - 1.0) / rules.build_s / rate
    held = np.where(off > 0, 0.0, np.minimum(hold_s, dt))
    moving = dt - held
    after = goal + (excess - goal) * np.exp(-rate * moving)
    area = excess * held + goal * moving + (excess - after) / rate
    mean = np.divide(area, dt, out=np.array(np.broadcast_to(excess, area.shape)), where=dt > 0)
    left_s = np.where(off > 0, rules.hold_s, hold_s - held)
    return np.where((off == 0) & (after < GONE), 0.0, after), mean, left_s


def warm_up(community: Community, state: State, dt_s: float | Floats) -> None:
    """Let ``dt_s`` pass (scalar or (R, 1))."""
    rules, memory = community.island.cold_load, state.memory
    if rules is None or not (memory["excess"].any() or (state.served < 1.0).any()):
        return
    dt = np.asarray(dt_s, dtype=np.float64).reshape(-1, 1, 1)
    memory["excess"], _, memory["hold_s"] = excess_after(rules, memory["excess"], memory["hold_s"], state.served, dt)


def foresee(community: Community, state: State, moment: Moment) -> None:
    """Work out the mean excess of what is switched on until the next tick."""
    rules, memory = community.island.cold_load, state.memory
    if rules is None:
        return
    if not memory["excess"].any():
        memory["excess_mean"] = np.zeros_like(memory["excess"])
        return
    step_s = community.site.axis.step_s
    left_s = np.asarray(step_s - np.asarray(moment.t_s) % step_s, dtype=np.float64).reshape(-1, 1, 1)
    on = np.ones_like(memory["excess"])
    memory["excess_mean"] = excess_after(rules, memory["excess"], memory["hold_s"], on, left_s)[1]


def _picks_up(state: State) -> bool:
    return "excess_mean" in state.memory and bool(state.memory["excess_mean"].any())


def bands_of(community: Community, state: State, i: int, moment: Moment) -> Bands:
    """Bands of one fleet; demand with the excess of what is on."""
    fleet = community.fleets[i]
    bands = without_tripped(state, i, fleet.bands(state.fleets[i], moment))
    if fleet.flexible or fleet.tier_shares is None or not _picks_up(state):
        return bands
    mine = state.memory["excess_mean"][:, community.by_building[i].group]
    factor = 1.0 + np.add.reduce(mine * fleet.tier_shares, axis=2)
    return Bands(bands.lo_kw * factor, bands.hi_kw, bands.want_kw * factor)


def tier_parts(community: Community, state: State, i: int) -> tuple[Floats, Floats]:
    """Of a load fleet's power by tier, excess included: shares that sum to 1, and of these what the profile says.

    (m, 4) each where nothing picks up, else (R, m, 4).
    """
    shares = community.fleets[i].tier_shares
    assert shares is not None
    if not _picks_up(state):
        return shares, shares
    mine = state.memory["excess_mean"][:, community.by_building[i].group]
    plain = shares / (1.0 + np.add.reduce(mine * shares, axis=2, keepdims=True))
    return plain * (1.0 + mine), plain
