"""Newton equations of an island: ports and droop together, for rows that the fixed point leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ysc_sim.powerflow.boundary import Boundary
from ysc_sim.powerflow.forming import Droop
from ysc_sim.powerflow.island_point import Forms, droop_error, droop_jacobian
from ysc_sim.powerflow.network import Complexes
from ysc_sim.powerflow.port_system import PortEquations, PortSystem
from ysc_sim.units import Floats, Ints


@dataclass(frozen=True, kw_only=True)
class IslandSystem:
    """A :class:`~ysc_sim.powerflow.newton.System`: first the unknowns of the ports, then (θ, v, φ)."""

    ports: PortSystem
    boundary: Boundary
    droop: Droop
    w: Complexes
    """(P, G) port voltages from phasors."""
    k: Complexes
    """(G, P) inverter currents from port currents."""
    first: Forms
    """(·, c) where to start."""

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.ports.size + 2 * self.boundary.count

    @property
    def voltage_count(self) -> int:
        """Ports."""
        return self.ports.voltage_count

    @property
    def starts_solved(self) -> bool:
        """Circulating power between references is to be found first."""
        return False

    def start(self, rows: Ints) -> Floats:
        """References at no load."""
        forms = self.first
        u = forms.phasor()[:, rows]
        turning = forms.angle[self.boundary.turning][:, rows]
        return np.concatenate(
            [self.ports.start_at(self.w @ u), turning, forms.magnitude[:, rows], forms.frequency[:, rows]]
        )

    def forms(self, x: Floats) -> Forms:
        """(θ, v, φ) among the unknowns (n, r)."""
        turning, count = self.boundary.turning, self.boundary.count
        rest = x[self.ports.size :]
        angle = np.broadcast_to(self.boundary.start_angle[:, None], (count, x.shape[1])).copy()
        angle[turning] = rest[: len(turning)]
        at = len(turning)
        return Forms(angle=angle, magnitude=rest[at : at + count], frequency=rest[at + count :])

    def equations(self, x: Floats, rows: Ints, aim: Floats) -> tuple[Floats, Floats]:
        """Error and Jacobian, see :class:`~ysc_sim.powerflow.newton.System`."""
        forms, size = self.forms(x), self.ports.size
        u = forms.phasor()
        inner = self.ports.at(x[:size], rows, aim, self.w @ u)
        current = self.boundary.self_admittance @ u + self.k @ inner.current
        droop = self.droop.take(rows)
        error = np.concatenate([inner.error, droop_error(self.boundary, droop, forms, u * current.conj())])
        jacobian = np.zeros((x.shape[1], self.size, self.size))
        jacobian[:, :size, :size] = inner.jacobian
        jacobian[:, size:, size:] = droop_jacobian(self.boundary, droop, u, current)
        self._couple(jacobian, inner, droop, u)
        return error, jacobian

    def _couple(self, jacobian: Floats, inner: PortEquations, droop: Droop, u: Complexes) -> None:
        """How ports feel the phasors, and the phasors the ports."""
        size, count, ports = self.ports.size, self.boundary.count, self.voltage_count
        turning = self.boundary.turning
        turned = self.w[:, turning] * (1j * u[turning]).T[:, None, :]
        grown = self.w * (u / np.abs(u)).T[:, None, :]
        felt = np.concatenate([turned, grown], axis=2)
        columns = slice(size, size + len(turning) + count)
        jacobian[:, :ports, columns] = -felt.real
        jacobian[:, ports : 2 * ports, columns] = -felt.imag
        fed = u.T[:, :, None] * inner.driven(self.k, self.ports.held_at).conj()
        jacobian[:, size : size + count, :size] = droop.slack_p.T[:, :, None] * fed.real
        jacobian[:, size + count :, :size] = droop.slack_q.T[:, :, None] * fed.imag
