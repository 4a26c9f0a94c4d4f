"""Newton equations of loads behind a linear network: v = w + Z·conj(S(|v|)/v), with ports that hold their
voltage.

A port that holds its voltage brings its reactive power as a further unknown and |v| = v_set as a further
equation, until the reactive power meets a limit; then the limit is the equation. Which of the two holds is
asked anew in each step (primal-dual active set, a semismooth Newton method [1]_).

.. [1] M. Hintermüller, K. Ito, K. Kunisch, "The primal-dual active set strategy as a semismooth Newton
method",
   SIAM J. Optimization 13 (2002) 865–888.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ysc_sim.powerflow.injection import Injection, derivatives
from ysc_sim.powerflow.network import Complexes
from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class HeldPorts:
    """k ports that hold their voltage, in p.u."""

    at: Ints
    """(k,) row of the port in the injection."""
    leader: Ints
    """(k,) first held port at the same place: the others copy its reactive power."""
    v: Floats
    """(k, 1 or c)"""
    q_min: Floats
    """(k, 1)"""
    q_max: Floats

    def take(self, rows: slice | Ints | Bools) -> HeldPorts:
        """The chosen rows."""
        return self if self.v.shape[1] == 1 else replace(self, v=self.v[:, rows])

    def with_q(self, injection: Injection, q: Floats) -> Injection:
        """The injection with the reactive power q (k, c) of the held ports added."""
        power = injection.power.copy() if injection.shares is None else np.zeros_like(injection.power)
        np.add.at(power[:, 1], self.at, q)
        return replace(injection, power=power) if injection.shares is None else replace(injection, steady=power)

    def error(self, magnitude: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
        """Error (k, c) of the equations and its derivatives to |v| and to q, apart from the copying ports."""
        aim = np.broadcast_to(self.v, q.shape)
        gap = aim - magnitude
        high, low = q + gap > self.q_max, q + gap < self.q_min
        limit = np.where(high, self.q_max, self.q_min)
        bound = high | low
        return (
            np.where(bound, q - np.where(bound, limit, 0.0), magnitude - aim),
            np.where(bound, 0.0, 1.0),
            np.where(bound, 1.0, 0.0),
        )


@dataclass(frozen=True, kw_only=True)
class PortEquations:
    """Error and Jacobian of the ports alone, and what a bordering system needs of them."""

    error: Floats
    """(n, r)"""
    jacobian: Floats
    """(r, n, n)"""
    current: Complexes
    """(P, r)"""
    direct: Complexes
    conjugate: Complexes
    by_q: Complexes
    """(k, r) derivative of the currents of held ports to their reactive power."""

    def driven(self, matrix: Complexes, at: Ints) -> Complexes:
        """Derivatives (r, q, n) of ``matrix`` (q, P) · currents to the unknowns; ``at``: the held ports."""
        parts = [
            matrix * (self.direct + self.conjugate).T[:, None, :],
            1j * matrix * (self.direct - self.conjugate).T[:, None, :],
            matrix[:, at] * self.by_q.T[:, None, :],
        ]
        return np.concatenate(parts, axis=2)


@dataclass(frozen=True, kw_only=True)
class PortSystem:
    """A :class:`~ysc_sim.powerflow.newton.System` for ports with impedance ``z`` (P, P)."""

    z: Complexes
    no_load: Complexes
    """(P, c) voltages without injections."""
    injection: Injection
    held: HeldPorts | None = None

    @property
    def voltage_count(self) -> int:
        """Ports P."""
        return len(self.z)

    @property
    def held_at(self) -> Ints:
        """Rows of the ports that hold their voltage."""
        return np.zeros(0, dtype=np.int64) if self.held is None else self.held.at

    @property
    def size(self) -> int:
        """Unknowns: voltages, and the reactive power of held ports."""
        return 2 * len(self.z) + len(self.held_at)

    @property
    def starts_solved(self) -> bool:
        """Not where voltages are held."""
        return self.held is None

    def start(self, rows: Ints) -> Floats:
        """No-load voltages, no reactive power."""
        return self.start_at(self.no_load[:, rows])

    def start_at(self, no_load: Complexes) -> Floats:
        """Unknowns at given voltages (P, r)."""
        rest = np.zeros((len(self.held_at), no_load.shape[1]))
        return np.concatenate([no_load.real, no_load.imag, rest])

    def voltages(self, x: Floats) -> Complexes:
        """(P, c)"""
        count = len(self.z)
        return np.asarray(x[:count] + 1j * x[count : 2 * count])

    def reactive(self, x: Floats) -> Floats:
        """(k, c) of the held ports."""
        return x[2 * len(self.z) : self.size]

    def equations(self, x: Floats, rows: Ints, aim: Floats) -> tuple[Floats, Floats]:
        """Error and Jacobian, see :class:`~ysc_sim.powerflow.newton.System`."""
        answer = self.at(x, rows, aim, self.no_load[:, rows])
        return answer.error, answer.jacobian

    def at(self, x: Floats, rows: Ints, aim: Floats, no_load: Complexes) -> PortEquations:
        """The equations with the voltages ``no_load`` (P, r) that others leave at the ports."""
        count, at = len(self.z), self.held_at
        v = self.voltages(x)
        injection = self.injection.take(rows).scaled(aim)
        if self.held is not None:
            injection = self.held.with_q(injection, self.reactive(x))
        current, direct, conjugate = derivatives(v, injection)
        wrong = v - no_load - self.z @ current
        answer = PortEquations(
            error=np.zeros((self.size, len(rows))),
            jacobian=np.zeros((len(rows), self.size, self.size)),
            current=current,
            direct=direct,
            conjugate=conjugate,
            by_q=-1j / v[at].conj(),
        )
        driven = answer.driven(self.z, at)
        jacobian = answer.jacobian
        jacobian[:, :count], jacobian[:, count : 2 * count] = -driven.real, -driven.imag
        diagonal = np.arange(2 * count)
        jacobian[:, diagonal, diagonal] += 1
        answer.error[:count], answer.error[count : 2 * count] = wrong.real, wrong.imag
        if self.held is not None:
            answer.error[2 * count :] = self._held_rows(self.held.take(rows), v, self.reactive(x), jacobian)
        return answer

    def _held_rows(self, held: HeldPorts, v: Complexes, q: Floats, jacobian: Floats) -> Floats:
        """Error of the held ports' equations; their derivatives go into ``jacobian``."""
        count = len(self.z)
        at_v = v[held.at]
        magnitude = np.abs(at_v)
        error, by_v, by_q = held.error(magnitude, q)
        k = np.arange(len(held.at))
        copies = held.leader != k
        error[copies] = (q - q[held.leader])[copies]
        by_v[copies], by_q[copies] = 0.0, 1.0
        row = 2 * count + k
        jacobian[:, row, held.at] += (by_v * at_v.real / magnitude).T
        jacobian[:, row, count + held.at] += (by_v * at_v.imag / magnitude).T
        jacobian[:, row, row] += by_q.T
        jacobian[:, row[copies], row[held.leader[copies]]] -= 1.0
        return error
