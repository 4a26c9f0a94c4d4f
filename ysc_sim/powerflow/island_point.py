"""The fixed point of an island: loads answer to voltages, inverters to their own powers, in turns.

One product gives port voltages and inverter currents at once; the currents' powers then move the phasors and
the frequency by a chord Newton step, whose matrix is taken at no load and inverted once. Rows freeze as they
come to a standstill.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ysc_sim.powerflow.blocks import flat, new_block, stacked
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.fixed_point import Currents, Workspace
from ysc_sim.powerflow.forming import Droop
from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.island_correction import (
    IslandCorrection,
    TurnResult,
    add_moved,
    by_nodes,
    stepped,
)
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.planes import Pool
from ysc_sim.powerflow.ports import DensePorts, Float, Reals
from ysc_sim.units import Bools, Floats

STANDSTILL_PU = 1e-12
START_ITERATIONS = 3
ITERATIONS = 16
ROUNDS = 4
"""Turns in float64 of the first attempt at constant power, with corrections in float32 between them."""
PATIENT_ITERATIONS = 80


@dataclass(frozen=True, kw_only=True)
class Forms:
    """Angle θ (G, c), magnitude v (G, c) and relative frequency φ (I, c)."""

    angle: Floats
    magnitude: Floats
    frequency: Floats

    def phasor(self) -> Complexes:
        """u (G, c)"""
        return self._phasor

    @cached_property
    def _phasor(self) -> Complexes:
        answer = np.empty(self.magnitude.shape, dtype=np.complex128)
        np.multiply(self.magnitude, np.cos(self.angle), out=answer.real)
        np.multiply(self.magnitude, np.sin(self.angle), out=answer.imag)
        return answer


def droop_error(boundary: Boundary, droop: Droop, forms: Forms, power: Complexes) -> Floats:
    """(2G, c) what the droop equations miss when the nodes feed in ``power`` (G, c)."""
    active = droop.slack_p * (power.real - droop.p_ref) + forms.frequency[boundary.island]
    reactive = droop.slack_q * (power.imag - droop.q_ref) + forms.magnitude - droop.v_ref
    return np.concatenate([active, reactive])


def droop_jacobian(
    boundary: Boundary, droop: Droop, u: Complexes, current: Complexes, answer_of_loads: Complexes | None = None
) -> Floats:
    """(c, 2G, 2G): derivative of :func:`droop_error` to (θ of turning nodes, v, φ) with the ports' currents
    held, or with ``answer_of_loads`` (G, G), what they add to conj(I) per change of u."""
    count, turning, width = boundary.count, boundary.turning, u.shape[1]
    magnitude = np.abs(u)
    feed = (u * current.conj()).T
    mutual = u.T[:, :, None] * (boundary.self_admittance * u.T[:, None, :]).conj()  # u_n·conj(B_nk·u_k)
    by_angle = -1j * mutual
    by_magnitude = mutual / magnitude.T[:, None, :]
    if answer_of_loads is not None:
        added = u.T[:, :, None] * (answer_of_loads * u.T[:, None, :])
        by_angle = by_angle + 1j * added
        by_magnitude = by_magnitude + added / magnitude.T[:, None, :]
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


def chord_of(boundary: Boundary, ports: DensePorts, droop: Droop, injection: Injection | None = None) -> Floats:
    """(1 or c, 2G, 2G) inverse of the Jacobian at 1 p.u. and at the mean load, if any, which draws more where the
    voltage falls. Any Jacobian leads to the same end, a nearer one sooner."""
    u = np.exp(1j * boundary.start_angle)[:, None]
    width = max(droop.slack_p.shape[1], droop.slack_q.shape[1])
    current = boundary.self_admittance @ u
    loads = None
    if injection is not None and not injection.depends_on_voltage:
        w, k = boundary.seen_by(ports)
        mean = injection.power.mean(axis=2)
        voltage = (w @ u)[:, 0]
        drawn = (mean[:, 0] - 1j * mean[:, 1]) / voltage.conj()
        current = current + k @ drawn[:, None]
        loads = -(k * (drawn / voltage.conj())).conj() @ w
    u, current = (np.broadcast_to(value, (len(u), width)) for value in (u, current))
    jacobian = droop_jacobian(boundary, droop, u, current, loads)
    try:
        return np.asarray(np.linalg.inv(jacobian))
    except np.linalg.LinAlgError:  # left to the rows' own judgement
        return np.asarray(np.linalg.pinv(jacobian))


class IslandPoint:
    """The iteration for one set of ports; matrices are made once."""

    def __init__(self, boundary: Boundary, ports: DensePorts) -> None:
        self.boundary, self.ports, self.space = boundary, ports, Workspace(ports)
        w, k = boundary.seen_by(ports)
        whole = stacked(np.block([[ports.z, w], [k, boundary.self_admittance]]))
        self._pool = Pool()
        self._corrections: dict[int, IslandCorrection] = {}
        self._matrix: dict[Float, Reals] = {np.float64: whole, np.float32: whole.astype(np.float32)}
        self.weights: dict[Float, Reals] = {
            kind: by_nodes(matrix, ports.count) for kind, matrix in self._matrix.items()
        }
        """Real W (2P, 2G)."""

    def start(self, droop: Droop, width: int) -> Forms:
        """Reference voltages at the angles of no load, nominal frequency."""
        shape = (self.boundary.count, width)
        return Forms(
            angle=np.broadcast_to(self.boundary.start_angle[:, None], shape).copy(),
            magnitude=np.broadcast_to(droop.v_ref, shape).copy(),
            frequency=np.zeros((self.boundary.island_count, width)),
        )

    def block(self, name: str, count: int, width: int, dtype: Float) -> Reals:
        """A buffer (count, 2, c); what it holds lasts until the next chunk asks for it."""
        buffer: Reals = self._pool.take(f"{name} {np.dtype(dtype).name}", (2, count, width), dtype)
        return buffer.transpose(1, 0, 2)

    def _correction(self, width: int) -> IslandCorrection:
        if width not in self._corrections:
            matrix = self._matrix[np.float32]
            self._corrections[width] = IslandCorrection(self.boundary, matrix, self.ports.count, width)
        return self._corrections[width]

    def run(self, injection: Injection, droop: Droop, *, patient: bool) -> IslandState:
        """Iterate until every row stands still, or the turns are used up."""
        width = injection.power.shape[2]
        forms, chord = self.start(droop, width), chord_of(self.boundary, self.ports, droop, injection)
        with np.errstate(all="ignore"):
            sweep = _Sweep(self, injection, droop, forms, chord, np.float64)
            if patient:
                sweep.first_voltage()
            else:
                rough = _Sweep(self, injection, droop, forms, chord, np.float32)
                rough.first_voltage()
                for _ in range(START_ITERATIONS):
                    rough.turn()
                sweep.voltage[:] = rough.voltage
                sweep.forms = rough.forms
            refined = not patient and not injection.depends_on_voltage
            correction = self._correction(width) if refined else None
            for _ in range(PATIENT_ITERATIONS if patient else ROUNDS if refined else ITERATIONS):
                sweep.turn()
                if sweep.freeze():
                    break
                if correction is not None:
                    sweep.correct(correction)
        return sweep.frozen


class _Sweep:
    """Buffers and one turn of the iteration."""

    def __init__(self, point: IslandPoint, injection: Injection, droop: Droop, forms: Forms, chord: Floats,
                 dtype: Float) -> None:  # fmt: skip
        ports, count = point.ports.count, point.boundary.count
        width = injection.power.shape[2]
        self.boundary, self.droop, self.forms, self._chord = point.boundary, droop, forms, chord
        self._matrix, self._ports = point._matrix[dtype], ports
        self._by_nodes = point.weights[dtype]
        self._wide = point.block("wide", ports + count, width, dtype)
        self._wide[:ports] = 0
        self._out = point.block("out", ports + count, width, dtype)
        self.voltage = point.block("voltage", ports, width, dtype)
        self._currents = Currents(point.space, injection, np.zeros((0, 1), dtype=np.complex128), dtype)
        self._residual = point.block("residual", ports, width, dtype)
        self._move: Floats = np.zeros((2 * count, width))
        self._used = forms
        self._width = width
        self._kept: IslandState | None = None

    def first_voltage(self) -> None:
        """Port voltages without port currents."""
        u = self.forms.phasor()
        if self.droop.v_ref.shape[1] == 1:  # the same in all rows
            u = u[:, :1]
        flat(self.voltage)[:] = self._by_nodes @ np.concatenate([u.real, u.imag]).astype(self._by_nodes.dtype)

    def _multiply(self) -> None:
        u = self._phasor = self.forms.phasor()
        self._wide[self._ports :, 0], self._wide[self._ports :, 1] = u.real, u.imag
        np.matmul(self._matrix, flat(self._wide), out=flat(self._out))

    def turn(self) -> None:
        """Currents at the voltages; voltages and inverter powers from both; one chord step, which the voltages follow
        at once."""
        self._currents.run(self.voltage, self._wide[: self._ports])
        self._multiply()
        used = self.forms
        out = self._out[self._ports :].astype(np.float64)
        power = self._phasor * (out[:, 0] - 1j * out[:, 1])
        move = np.asarray(stepped(self._chord, droop_error(self.boundary, self.droop, used, power)), dtype=np.float64)
        self.forms = self._stepped(used, move)
        self._used = used
        add_moved(self._by_nodes, self.forms.phasor() - self._phasor, self._out[: self._ports], self._residual)
        self._residual -= self.voltage
        self.voltage += self._residual
        self._move = move

    def _changed(self) -> Floats:
        """(c,) furthest move of the last turn."""
        return np.asarray(np.maximum(np.abs(self._move).max(axis=0, initial=0.0), _largest(self._residual)))

    def correct(self, correction: IslandCorrection) -> None:
        """Go on from the last turn by what it implies."""
        out = self._out[self._ports :]
        turn = TurnResult(
            voltage=np.asarray(self.voltage, dtype=np.float64),
            residual=np.asarray(self._residual, dtype=np.float64),
            current=np.asarray(self._wide[: self._ports], dtype=np.float64),
            phasor=self._phasor,
            feed=np.asarray(out[:, 0] + 1j * out[:, 1]),
            move=self._move,
        )
        voltage, forms = correction.run(turn, self.droop, self._chord)
        self.voltage += voltage
        self.forms = self._stepped(self.forms, -forms)

    def _stepped(self, forms: Forms, move: Reals) -> Forms:
        """Less a ``move`` (2G, c) of (θ of turning nodes, v, φ)."""
        turning, count = self.boundary.turning, self.boundary.count
        angle = forms.angle.copy()
        angle[turning] -= move[: len(turning)]
        return Forms(
            angle=angle,
            magnitude=forms.magnitude - move[len(turning) : len(turning) + count],
            frequency=forms.frequency - move[len(turning) + count :],
        )

    @property
    def frozen(self) -> IslandState:
        """The rows that stood still, as they were then; the arrays last until the next chunk."""
        if self._kept is None:
            ports, width = self._ports, self._width
            self._kept = IslandState(
                voltage=_zeros(ports, width),
                current=_zeros(ports, width),
                forms=_copy(self._used),
                still=np.zeros(width, dtype=bool),
            )
        return self._kept

    def freeze(self) -> bool:
        """Keep the rows that stand still for the first time; True when none is left."""
        fresh = self._changed() <= STANDSTILL_PU
        if self._kept is None and fresh.all():
            voltage, current = (
                np.asarray(block, dtype=np.float64) for block in (self._out[: self._ports], self._wide[: self._ports])
            )
            self._kept = IslandState(voltage=voltage, current=current, forms=self._used, still=fresh)
            return True
        if not fresh.any():
            return False
        kept = self.frozen
        fresh &= ~kept.still
        forms, used = kept.forms, self._used
        for before, now in (
            (kept.voltage, self._out[: self._ports]),
            (kept.current, self._wide[: self._ports]),
            (forms.angle, used.angle),
            (forms.magnitude, used.magnitude),
            (forms.frequency, used.frequency),
        ):
            np.copyto(before, now, where=fresh)
        kept.still[:] |= fresh
        return bool(kept.still.all())


def _zeros(count: int, width: int) -> Floats:
    block = new_block(count, width, np.float64)
    block[:] = 0
    return block


def _largest(block: Reals) -> Floats:
    return np.asarray(np.maximum(block.max(axis=(0, 1), initial=0.0), -block.min(axis=(0, 1), initial=0.0)))


def _copy(forms: Forms) -> Forms:
    return Forms(angle=forms.angle.copy(), magnitude=forms.magnitude.copy(), frequency=forms.frequency.copy())
