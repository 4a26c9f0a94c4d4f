"""The fixed point of an island: loads answer to voltages, inverters to their own powers, in turns.

One product gives port voltages and inverter currents at once; the currents' powers then move the phasors and
the frequency by a chord Newton step, whose matrix is taken at no load and inverted once. Rows freeze as they
come to a standstill.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.blocks import flat, new_block, stacked
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.fixed_point import Currents, Workspace
from ysc_sim.powerflow.forming import Droop
from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import DensePorts, Float, Reals
from ysc_sim.units import Bools, Floats

STANDSTILL_PU = 1e-12
START_ITERATIONS = 7
ITERATIONS = 16
PATIENT_ITERATIONS = 80


@dataclass(frozen=True, kw_only=True)
class Forms:
    """Angle θ (G, c), magnitude v (G, c) and relative frequency φ (I, c)."""

    angle: Floats
    magnitude: Floats
    frequency: Floats

    def phasor(self) -> Complexes:
        """u (G, c)"""
        return np.asarray(self.magnitude * np.exp(1j * self.angle))


def droop_error(boundary: Boundary, droop: Droop, forms: Forms, power: Complexes) -> Floats:
    """(2G, c) what the droop equations miss when the nodes feed in ``power`` (G, c)."""
    active = droop.slack_p * (power.real - droop.p_ref) + forms.frequency[boundary.island]
    reactive = droop.slack_q * (power.imag - droop.q_ref) + forms.magnitude - droop.v_ref
    return np.concatenate([active, reactive])


def droop_jacobian(boundary: Boundary, droop: Droop, u: Complexes, current: Complexes) -> Floats:
    """(c, 2G, 2G): derivative of :func:`droop_error` to (θ of turning nodes, v, φ) with the ports' currents
    held."""
    count, turning, width = boundary.count, boundary.turning, u.shape[1]
    magnitude = np.abs(u)
    feed = (u * current.conj()).T
    mutual = u.T[:, :, None] * (boundary.self_admittance * u.T[:, None, :]).conj()  # u_n·conj(B_nk·u_k)
    by_angle = -1j * mutual
    by_magnitude = mutual / magnitude.T[:, None, :]
    k = np.arange(count)
    by_angle[:, k, k] += 1j * feed
    by_magnitude[:, k, k] += feed / magnitude.T
    answer = np.zeros((width, 2 * count, 2 * count))
    slack_p, slack_q = droop.slack_p.T[:, :, None], droop.slack_q.T[:, :, None]
    at = len(turning)
    answer[:, :count, :at] = slack_p * by_angle[:, :, turning].real
    answer[:, count:, :at] = slack_q * by_angle[:, :, turning].imag
    answer[:, :count, at : at + count] = slack_p * by_magnitude.real
    answer[:, count:, at : at + count] = slack_q * by_magnitude.imag
    answer[:, count + k, at + k] += 1.0
    answer[:, k, at + count + boundary.island] += 1.0
    return answer


@dataclass(frozen=True, kw_only=True)
class IslandState:
    """What the iteration left."""

    voltage: Floats
    """(P, 2, c)"""
    current: Floats
    forms: Forms
    still: Bools


class IslandPoint:
    """The iteration for one set of ports; matrices are made once."""

    def __init__(self, boundary: Boundary, ports: DensePorts) -> None:
        self.boundary, self.ports, self.space = boundary, ports, Workspace(ports)
        w, k = boundary.seen_by(ports)
        whole = stacked(np.block([[ports.z, w], [k, boundary.self_admittance]]))
        self._matrix: dict[Float, Reals] = {np.float64: whole, np.float32: whole.astype(np.float32)}

    def start(self, droop: Droop, width: int) -> Forms:
        """Reference voltages at the angles of no load, nominal frequency."""
        shape = (self.boundary.count, width)
        return Forms(
            angle=np.broadcast_to(self.boundary.start_angle[:, None], shape).copy(),
            magnitude=np.broadcast_to(droop.v_ref, shape).copy(),
            frequency=np.zeros((self.boundary.island_count, width)),
        )

    def _chord(self, droop: Droop) -> Floats:
        """(1 or c, 2G, 2G) inverse of the Jacobian at no load and 1 p.u."""
        u = np.exp(1j * self.boundary.start_angle)[:, None]
        width = max(droop.slack_p.shape[1], droop.slack_q.shape[1])
        u = np.broadcast_to(u, (len(u), width))
        jacobian = droop_jacobian(self.boundary, droop, u, self.boundary.self_admittance @ u)
        try:
            return np.asarray(np.linalg.inv(jacobian))
        except np.linalg.LinAlgError:  # left to the rows' own judgement
            return np.asarray(np.linalg.pinv(jacobian))

    def run(self, injection: Injection, droop: Droop, *, patient: bool) -> IslandState:
        """Iterate until every row stands still, or the turns are used up."""
        width = injection.power.shape[2]
        forms, chord = self.start(droop, width), self._chord(droop)
        with np.errstate(all="ignore"):
            sweep = _Sweep(self, injection, droop, forms, chord, np.float64)
            sweep.first_voltage()
            if not patient:
                rough = _Sweep(self, injection, droop, forms, chord, np.float32)
                rough.voltage[:] = sweep.voltage
                for _ in range(START_ITERATIONS):
                    rough.turn()
                sweep.voltage[:] = rough.voltage
                sweep.forms = rough.forms
            for _ in range(PATIENT_ITERATIONS if patient else ITERATIONS):
                sweep.turn()
                if sweep.freeze():
                    break
        return sweep.frozen


class _Sweep:
    """Buffers and one turn of the iteration."""

    def __init__(self, point: IslandPoint, injection: Injection, droop: Droop, forms: Forms, chord: Floats,
                 dtype: Float) -> None:  # fmt: skip
        ports, count = point.ports.count, point.boundary.count
        width = injection.power.shape[2]
        self.boundary, self.droop, self.forms, self._chord = point.boundary, droop, forms, chord
        self._matrix, self._ports = point._matrix[dtype], ports
        self._wide = new_block(ports + count, width, dtype)
        self._wide[:ports] = 0
        self._out = new_block(ports + count, width, dtype)
        self.voltage = new_block(ports, width, dtype)
        self._currents = Currents(point.space, injection, np.zeros((0, 1), dtype=np.complex128), dtype)
        self._change = np.full(width, np.inf)
        self._used = forms
        still = np.zeros(width, dtype=bool)
        self.frozen = IslandState(
            voltage=_zeros(ports, width), current=_zeros(ports, width), forms=_copy(forms), still=still
        )

    def first_voltage(self) -> None:
        """Port voltages without port currents."""
        self._multiply()
        self.voltage[:] = self._out[: self._ports]

    def _multiply(self) -> None:
        u = self.forms.phasor()
        self._wide[self._ports :, 0], self._wide[self._ports :, 1] = u.real, u.imag
        np.matmul(self._matrix, flat(self._wide), out=flat(self._out))

    def turn(self) -> None:
        """Currents at the voltages; voltages and inverter powers from both; one chord step."""
        self._currents.run(self.voltage, self._wide[: self._ports])
        self._multiply()
        used = self.forms
        out = self._out[self._ports :].astype(np.float64)
        power = used.phasor() * (out[:, 0] - 1j * out[:, 1])
        move = self._move(droop_error(self.boundary, self.droop, used, power))
        turning, count = self.boundary.turning, self.boundary.count
        angle = used.angle.copy()
        angle[turning] -= move[: len(turning)]
        self.forms = Forms(
            angle=angle,
            magnitude=used.magnitude - move[len(turning) : len(turning) + count],
            frequency=used.frequency - move[len(turning) + count :],
        )
        self._used = used
        np.subtract(self._out[: self._ports], self.voltage, out=self.voltage)
        self._change = np.maximum(np.abs(move).max(axis=0, initial=0.0), _largest(self.voltage))
        self.voltage[:] = self._out[: self._ports]

    def _move(self, error: Floats) -> Floats:
        if len(self._chord) == 1:
            return np.asarray(self._chord[0] @ error)
        return np.asarray((self._chord @ error.T[..., None])[..., 0]).T

    def freeze(self) -> bool:
        """Keep the rows that stand still for the first time; True when none is left."""
        still = self.frozen.still
        fresh = (self._change <= STANDSTILL_PU) & ~still
        if fresh.any():
            forms, used = self.frozen.forms, self._used
            for kept, now in (
                (self.frozen.voltage, self.voltage),
                (self.frozen.current, self._wide[: self._ports]),
                (forms.angle, used.angle),
                (forms.magnitude, used.magnitude),
                (forms.frequency, used.frequency),
            ):
                np.copyto(kept, now, where=fresh)
            still |= fresh
        return bool(still.all())


def _zeros(count: int, width: int) -> Floats:
    block = new_block(count, width, np.float64)
    block[:] = 0
    return block


def _largest(block: Reals) -> Floats:
    return np.asarray(np.maximum(block.max(axis=(0, 1), initial=0.0), -block.min(axis=(0, 1), initial=0.0)))


def _copy(forms: Forms) -> Forms:
    return Forms(angle=forms.angle.copy(), magnitude=forms.magnitude.copy(), frequency=forms.frequency.copy())
