"""What is left to go near the solution of an island, from a turn's residual: the linearised turn in float32.

Near the solution a turn maps a change (dV, dθ, dv, dφ) of voltages and forms to

    A·change = (Z·δj + W·δu⁺, forms − C·δe),   δj = −(j/conj(V))·conj(dV),   δu = u·(dv/v + i·dθ),

δe the answer of the droop equations, C the chord and δu⁺ that of the new forms. The way from the turn's result is
A·r + A²·r + …, r its residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.blocks import flat, new_block
from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.forming import Droop
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.ports import Reals
from ysc_sim.units import Floats

Lights = npt.NDArray[np.float32]
Phasors = npt.NDArray[np.complex64]
CORRECTIONS = 10
SMALL_PU = 2e-12
"""A change that does not matter any more: the turn that follows reduces it further."""


@dataclass(frozen=True, kw_only=True)
class TurnResult:
    """A turn in float64, and what it moved."""

    voltage: Floats
    """(P, 2, c)"""
    residual: Floats
    current: Floats
    """(P, 2, c) of the ports."""
    phasor: Complexes
    """(G, c)"""
    feed: Complexes
    """(G, c) currents of the nodes."""
    move: Floats
    """(2G, c) taken from (θ of turning nodes, v, φ)."""


class IslandCorrection:
    """Buffers for chunks of one width."""

    def __init__(self, boundary: Boundary, matrix: Reals, ports: int, width: int) -> None:
        self._boundary, self._matrix, self._ports = boundary, matrix, ports
        self._by_nodes = by_nodes(matrix, ports)
        self._wide, self._out = (new_block(ports + boundary.count, width, np.float32) for _ in range(2))
        self._slope, self._change, self._total, self._spare = (new_block(ports, width, np.float32) for _ in range(4))

    def run(self, turn: TurnResult, droop: Droop, chord: Floats) -> tuple[Lights, Lights]:
        """Changes of the voltages (P, 2, c) and of (θ of turning nodes, v, φ) that remain after the ``turn``."""
        light = chord.astype(np.float32)
        u, feed = turn.phasor.astype(np.complex64), turn.feed.astype(np.complex64)
        per_v = np.asarray(u / np.abs(u), dtype=np.complex64)
        slack = np.concatenate([droop.slack_p, droop.slack_q]).astype(np.float32)
        self._take_slope(turn)
        self._change[:] = turn.residual
        self._total[:] = 0
        forms = -turn.move.astype(np.float32)
        rest = np.zeros_like(forms)
        for _ in range(CORRECTIONS):
            self._ports_answer()
            before = self._moved(forms, u, per_v)
            forms = self._forms_answer(forms, before, u, feed, slack, light)
            add_moved(self._by_nodes, self._moved(forms, u, per_v) - before, self._out[: self._ports], self._change)
            self._total += self._change
            rest += forms
            if _within(self._change, SMALL_PU) and _within(forms, SMALL_PU):
                break
        return self._total, rest

    def _take_slope(self, turn: TurnResult) -> None:
        """−j/conj(V)"""
        v, j, out, spare = self._change, self._total, self._slope, self._spare
        v[:], j[:] = turn.voltage, turn.current
        np.multiply(v, v, spare)
        square = np.add(spare[:, 0], spare[:, 1], out=spare[:, 0])
        np.divide(-1, square, square)
        np.multiply(v, square[:, None], v)
        np.multiply(j, v, spare)
        np.subtract(spare[:, 0], spare[:, 1], out[:, 0])
        np.multiply(j, v[:, ::-1], spare)
        np.add(spare[:, 0], spare[:, 1], out[:, 1])

    def _ports_answer(self) -> None:
        """slope·conj(change), to the product's operand."""
        j, spare = self._wide[: self._ports], self._spare
        np.multiply(self._slope, self._change, spare)
        np.add(spare[:, 0], spare[:, 1], j[:, 0])
        np.multiply(self._slope[:, ::-1], self._change, spare)
        np.subtract(spare[:, 0], spare[:, 1], j[:, 1])

    def _moved(self, forms: Lights, u: Phasors, per_v: Phasors) -> Phasors:
        """(G, c) change of the phasors for one of (θ of turning nodes, v, φ)."""
        count, turning = self._boundary.count, self._boundary.turning
        angle = np.zeros((count, forms.shape[1]), dtype=np.float32)
        angle[turning] = forms[: len(turning)]
        moved = u * (np.complex64(1j) * angle) + per_v * forms[len(turning) :][:count]
        return np.asarray(moved, dtype=np.complex64)

    def _forms_answer(
        self, forms: Lights, moved: Phasors, u: Phasors, feed: Phasors, slack: Lights, chord: Lights
    ) -> Lights:
        """The product, and what it makes of (θ of turning nodes, v, φ)."""
        boundary, count = self._boundary, self._boundary.count
        magnitude, frequency = np.split(forms[len(boundary.turning) :], [count])
        self._wide[self._ports :, 0], self._wide[self._ports :, 1] = moved.real, moved.imag
        np.matmul(self._matrix, flat(self._wide), out=flat(self._out))
        out = self._out[self._ports :]
        power = moved * feed.conj() + u * (out[:, 0] - np.complex64(1j) * out[:, 1])
        error = slack * np.concatenate([power.real, power.imag])
        error[:count] += frequency[boundary.island]
        error[count:] += magnitude
        return np.asarray(forms - stepped(chord, error), dtype=np.float32)


def by_nodes(matrix: Reals, ports: int) -> Reals:
    """Real W (2P, 2G) of the whole matrix for ports and nodes."""
    count = matrix.shape[1] // 2
    nodes = np.r_[ports:count, count + ports : 2 * count]
    return np.ascontiguousarray(matrix[np.r_[:ports, count : count + ports]][:, nodes])


def add_moved(weights: Reals, moved: npt.NDArray[Any], block: Reals, out: Reals) -> None:
    """Write ``block`` + W·``moved`` (G, c) to ``out``, both (P, 2, c)."""
    np.matmul(weights, np.concatenate([moved.real, moved.imag]).astype(weights.dtype, copy=False), out=flat(out))
    np.add(out, block, out)


def stepped(chord: Reals, error: Reals) -> Reals:
    """(2G, c) of a chord (1 or c, 2G, 2G) that acts on an ``error`` (2G, c)."""
    if len(chord) == 1:
        return np.asarray(chord[0] @ error)
    return np.asarray((chord @ error.T[..., None])[..., 0]).T


def _within(values: Reals, limit: float) -> bool:
    """True when no entry is larger; False with a NaN."""
    return bool(values.max(initial=0.0) <= limit and -values.min(initial=0.0) <= limit)
