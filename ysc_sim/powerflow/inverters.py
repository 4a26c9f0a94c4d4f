"""The controls of all inverters of a chunk of rows as arrays: what they add to their ports at a voltage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.controls import ConstantPowerFactor, Control, Curves, VoltVar, VoltWatt, curves
from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Inverters:
    """k inverters × c rows, powers in p.u."""

    at: Ints
    """(k,) row of the port in the injection."""
    v_nominal: Floats
    """(k, 1) p.u. voltage that the curves call 1."""
    available: Floats
    """(k, c) active power if nothing limits it."""
    tangent: Floats
    """(k, 1) reactive per active power."""
    var: Curves
    """Reactive power."""
    room: Floats
    """(k, c) largest reactive power that the rating leaves to the volt-var curve."""
    watt: Curves
    """Upper limit of the active power."""
    factor: Floats | float = 1.0
    """(c,) share of all that is in force while the load is raised step by step."""

    def _active(self, v: Floats) -> tuple[Floats, Floats]:
        """Active power and its slope (k, c) at v (k, c) in p.u. of the nominal voltage."""
        limit = self.watt.value(v)
        free = self.available <= np.maximum(limit, 0.0)
        return np.where(free, self.available, limit), np.where(free, 0.0, self.watt.slope(v))

    def added(self, power: Floats, v_magnitude: Floats) -> Floats:
        """``power`` (P, 2, c) with that of the inverters at ``v_magnitude`` (P, c)."""
        v = v_magnitude[self.at] / self.v_nominal
        p, _ = self._active(v)
        q = np.clip(self.var.value(v), -self.room, self.room)
        answer = power.copy()
        answer[self.at, 0] += self.factor * p
        answer[self.at, 1] += self.factor * (q + self.tangent * p)
        return answer

    def added_slope(self, slope: Floats, v_magnitude: Floats) -> Floats:
        """The same for the derivative to the voltage."""
        v = v_magnitude[self.at] / self.v_nominal
        _, dp = self._active(v)
        dq = np.where(np.abs(self.var.value(v)) <= self.room, self.var.slope(v), 0.0)
        answer = slope.copy()
        answer[self.at, 0] += self.factor * dp / self.v_nominal
        answer[self.at, 1] += self.factor * (dq + self.tangent * dp) / self.v_nominal
        return answer

    def take(self, rows: slice | npt.NDArray[Any]) -> Inverters:
        """The chosen rows."""
        factor = self.factor if isinstance(self.factor, float) else self.factor[rows]
        return replace(self, available=self.available[:, rows], room=self.room[:, rows], factor=factor)

    def scaled(self, factor: Floats) -> Inverters:
        """Every row times its ``factor`` (c,)."""
        return replace(self, factor=self.factor * factor)


@dataclass(frozen=True, kw_only=True)
class InverterPlan:
    """Controls of a batch of rows, ready to be cut into chunks. Order of the inverters: of ``ports``."""

    ports: Ints
    """(k,) ports of the network."""
    own_p: Bools
    """(k,) True: the port's given power is the inverter's."""
    p_kw: Floats
    """(k, 1 or T) power of the others."""
    tangent: Floats
    var: Curves
    watt: Curves
    rated_kva: Floats
    """(k, 1) rating that limits volt-var."""

    def among(self, active: Ints) -> InverterPlan | None:
        """Those at the ``active`` ports."""
        chosen = np.isin(self.ports, active)
        if not chosen.any():
            return None
        return replace(
            self,
            ports=self.ports[chosen],
            own_p=self.own_p[chosen],
            p_kw=self.p_kw[chosen],
            tangent=self.tangent[chosen],
            var=self.var.take(chosen),
            watt=self.watt.take(chosen),
            rated_kva=self.rated_kva[chosen],
        )

    def finite(self, rows: Ints) -> Bools:
        """Which rows state numbers only."""
        good: Bools = np.all(np.isfinite(self.p_kw), axis=0)
        return np.broadcast_to(good, (len(rows),)) if len(good) == 1 else good[rows]

    def stated_at(self, ports: Ints, rows: Ints) -> Bools:
        """Which rows state power at one of the ``ports``."""
        there = np.isin(self.ports, ports) & ~self.own_p
        some: Bools = np.any(self.p_kw[there] != 0, axis=0)
        return np.broadcast_to(some, (len(rows),)) if len(some) == 1 else some[rows]

    def rows(self, power: Floats, base_kva: float, v_nominal: Floats, active: Ints, rows: Ints) -> Inverters:
        """Inverters of some ``rows``; takes the active power that is theirs out of ``power`` (P, 2, c)."""
        at = np.searchsorted(active, self.ports)
        given = self.p_kw if self.p_kw.shape[1] == 1 else self.p_kw[:, rows]
        available = np.where(self.own_p[:, None], power[at, 0], given / base_kva)
        power[at[self.own_p], 0] = 0.0
        rated = self.rated_kva / base_kva
        with np.errstate(invalid="ignore"):  # inf − inf where nothing is rated
            room = np.sqrt(np.maximum(np.where(np.isinf(rated), np.inf, rated**2 - available**2), 0.0))
        return Inverters(
            at=at,
            v_nominal=v_nominal[self.ports][:, None],
            available=available,
            tangent=self.tangent,
            var=_per_unit(self.var, base_kva),
            room=room,
            watt=_per_unit(self.watt, base_kva),
        )


def _per_unit(curve: Curves, base_kva: float) -> Curves:
    return replace(curve, first=curve.first / base_kva, bend=curve.bend / base_kva)


def plan_inverters(controls: Mapping[int, Sequence[Control]]) -> InverterPlan | None:
    """Arrays of the inverter controls by port, or ``None`` where there are none."""
    chosen = {
        port: {type(one): one for one in given if isinstance(one, ConstantPowerFactor | VoltVar | VoltWatt)}
        for port, given in sorted(controls.items())
    }
    chosen = {port: given for port, given in chosen.items() if given}
    if not chosen:
        return None
    var, watt, tangent, rated, own = [], [], [], [], []
    powers: list[Floats] = []
    for given in chosen.values():
        factor, v, w = given.get(ConstantPowerFactor), given.get(VoltVar), given.get(VoltWatt)
        tangent.append(factor.kvar_per_kw if isinstance(factor, ConstantPowerFactor) else 0.0)
        rated.append(v.rated_kva if isinstance(v, VoltVar) else np.inf)
        var.append((v.v_pu, [q * v.rated_kva for q in v.q_pu]) if isinstance(v, VoltVar) else ((1.0,), (0.0,)))
        watt.append((w.v_pu, [p * w.rated_kw for p in w.p_pu]) if isinstance(w, VoltWatt) else ((1.0,), (np.inf,)))
        p = _own_power(list(given.values()))
        own.append(p is None)
        powers.append(np.zeros(1) if p is None else p)
    length = max(len(p) for p in powers)
    return InverterPlan(
        ports=np.array(list(chosen), dtype=np.int64),
        own_p=np.array(own, dtype=bool),
        p_kw=np.stack([np.broadcast_to(p, length) for p in powers]),
        tangent=np.array(tangent)[:, None],
        var=curves(var),
        watt=curves(watt),
        rated_kva=np.array(rated)[:, None],
    )


def _own_power(given: Sequence[Any]) -> Floats | None:
    """The one ``p_kw`` of the controls at a port."""
    stated = [np.atleast_1d(np.asarray(one.p_kw, dtype=float)) for one in given if one.p_kw is not None]
    if not stated:
        return None
    if any(one.ndim != 1 or not np.array_equal(one, stated[0], equal_nan=True) for one in stated):
        raise ValueError("controls at one port must state the same p_kw, a number or (T,).")
    return stated[0]
