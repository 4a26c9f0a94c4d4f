"""PV buses of a batch of rows: which ports hold which voltage, and within which reactive power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.arguments import ControlsOfPorts
from ysc_sim.powerflow.controls import PVBus
from ysc_sim.powerflow.network import EARTH
from ysc_sim.powerflow.port_system import HeldPorts
from ysc_sim.units import Bools, Floats, Ints

_SAME_PU = 1e-9


@dataclass(frozen=True, kw_only=True)
class HeldPlan:
    """k ports that hold their voltage, for all rows."""

    ports: Ints
    v_pu: Floats
    """(k, 1 or T) of the port's nominal voltage."""
    q_min_kvar: Floats
    """(k,)"""
    q_max_kvar: Floats

    def placed(self, active: Ints, slots: Ints, free_count: int, base_kva: float, v_nominal: Floats) -> PlacedPorts:
        """Those of the ports that live and are held by no source; ``slots`` (P, 2) of the ``active`` ports."""
        place = np.searchsorted(active, self.ports)
        inside = np.isin(self.ports, active)
        chosen = np.flatnonzero(inside)
        chosen = chosen[slots[place[chosen], 0] < free_count]
        _, first, group = np.unique(slots[place[chosen]], axis=0, return_index=True, return_inverse=True)
        group = group.ravel()
        size = np.bincount(group, minlength=len(first))
        # ports at one place share the work equally, hence also the limits
        low = np.bincount(group, weights=self.q_min_kvar[chosen], minlength=len(first)) / size
        high = np.bincount(group, weights=self.q_max_kvar[chosen], minlength=len(first)) / size
        return PlacedPorts(
            place=place[chosen],
            leader=first[group],
            v=self.v_pu[chosen] * v_nominal[self.ports[chosen], None],
            q_min=low[group, None] / base_kva,
            q_max=high[group, None] / base_kva,
        )

    def contradicts(
        self, active: Ints, slots: Ints, free_count: int, v_nominal: Floats, v_source: Floats, rows: Ints
    ) -> Bools:
        """Rows (c,) in which ports at one place, or a port and the source there, hold different voltages.

        ``v_source`` (held, 1 or c): magnitudes of the held slots, which follow the free ones.
        """
        chosen = np.flatnonzero(np.isin(self.ports, active))
        volts = (self.v_pu if self.v_pu.shape[1] == 1 else self.v_pu[:, rows]) * v_nominal[self.ports, None]
        wrong = np.zeros(len(rows), dtype=bool)
        seen: dict[tuple[int, int], Floats] = {}
        for port, (one, other) in zip(chosen, slots[np.searchsorted(active, self.ports[chosen])].tolist(), strict=True):
            at_source = one >= free_count and other == EARTH
            aim = seen.setdefault((one, other), v_source[one - free_count] if at_source else volts[port])
            wrong |= np.abs(volts[port] - aim) > _SAME_PU
        return wrong


@dataclass(frozen=True, kw_only=True)
class PlacedPorts:
    """Held ports under one switch pattern, in p.u.; see :class:`HeldPorts`."""

    place: Ints
    leader: Ints
    v: Floats
    q_min: Floats
    q_max: Floats

    def rows(self, rows: Ints) -> HeldPorts | None:
        """Held ports of some rows; ``None`` where there are none."""
        if not len(self.place):
            return None
        v = self.v if self.v.shape[1] == 1 else self.v[:, rows]
        return HeldPorts(at=self.place, leader=self.leader, v=v, q_min=self.q_min, q_max=self.q_max)


def plan_held(controls: ControlsOfPorts) -> HeldPlan | None:
    """Arrays of the PV buses by port, or ``None`` where there are none."""
    held = {port: one for port, given in controls.items() for one in given if isinstance(one, PVBus)}
    if not held:
        return None
    volts = [np.atleast_1d(np.asarray(one.v_pu, dtype=float)) for one in held.values()]
    length = max(len(v) for v in volts)
    return HeldPlan(
        ports=np.array(list(held), dtype=np.int64),
        v_pu=np.stack([np.broadcast_to(v, length) for v in volts]),
        q_min_kvar=np.array([one.q_min_kvar for one in held.values()]),
        q_max_kvar=np.array([one.q_max_kvar for one in held.values()]),
    )
