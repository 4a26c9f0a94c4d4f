"""Rows with PV buses, all at once: the fixed point of the loads, and in each turn a chord step of the reactive powers
that hold the voltages.

How the held voltages answer to the reactive powers there is taken at no load once and for all rows (a chord instead of
Newton's tangent: J. M. Ortega, W. C. Rheinboldt, Iterative Solution of Nonlinear Equations in Several Variables, 1970,
§7.1). Rows in which a limit of reactive power binds are left to :mod:`.newton`, as are those that do not come to rest.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.powerflow.fixed_point import STANDSTILL_PU, State
from ysc_sim.powerflow.injection import Injection, currents
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.port_system import HeldPorts
from ysc_sim.powerflow.ports import DensePorts, as_block
from ysc_sim.units import Floats

TURNS = 40


def can_hold(holding: HeldPorts) -> bool:
    """Not where ports share a place: one voltage does not say how they share the work."""
    return bool(np.array_equal(holding.leader, np.arange(len(holding.leader))))


def iterate_held(
    ports: DensePorts, injection: Injection, held: Complexes, holding: HeldPorts
) -> tuple[State, Injection, Floats]:
    """The state of c rows, what is injected with the reactive powers found, and by how much (c,) p.u. held voltages
    or limits are missed."""
    no_load: Complexes = np.broadcast_to(ports.no_load @ held, (ports.count, injection.power.shape[2]))
    at = holding.at
    q = np.zeros((len(at), injection.power.shape[2]))
    change = np.full(q.shape[1], np.inf)
    apart = change.copy()
    v = no_load
    with np.errstate(all="ignore"):
        beyond = np.ascontiguousarray(ports.z[:, at])
        step = _chord(ports.z[np.ix_(at, at)], no_load[at, 0])
        for _ in range(TURNS):
            found = no_load + ports.z @ currents(v, holding.with_q(injection, q))
            gap = holding.v - np.abs(found[at])
            change = np.maximum(np.abs(found - v).max(axis=0), np.abs(gap).max(axis=0))
            v = found
            if np.all(change <= STANDSTILL_PU):
                break
            more = step @ gap
            q = q + more
            v = found + beyond @ (-1j * more / found[at].conj())  # what the change of q does at once
        whole = holding.with_q(injection, q)
        current = currents(v, whole)
        v = no_load + ports.z @ current
        apart = np.abs(holding.error(np.abs(v[at]), q)[0]).max(axis=0)
    still = change <= 10 * STANDSTILL_PU
    inside = np.all((q >= holding.q_min) & (q <= holding.q_max), axis=0)
    return State(voltage=as_block(v), current=as_block(current), still=still & inside), whole, apart


def _chord(z: Complexes, v: Complexes) -> Floats:
    """(k, k) reactive power per voltage missed, at the voltages ``v`` (k,); NaN where they cannot be held."""
    by_q = (v.conj() / np.abs(v))[:, None] * z * (-1j / v.conj())
    try:
        return np.asarray(np.linalg.inv(by_q.real), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full(z.shape, np.nan)
