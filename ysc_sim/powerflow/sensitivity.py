"""How voltages and losses answer to a little more power: the power-flow equations differentiated at a solution.

With the port equations F(v) = v − w − Z·i(v) = 0 and one more current δi = conj(δS/v_k) at port k,

    δv = (I − Z·∂i/∂v)⁻¹ · Z_k·δi,      δ(node voltages) = transfer impedances · (all current changes),

the Jacobian being the one of the Newton step and the transfer impedances those of the solve, so nothing is
factorised twice per switch pattern. Voltage-dependent loads and controls answer as they do in the solve.
Sensitivities by the Jacobian: [1]_.

.. [1] K. Christakou et al., "Efficient computation of sensitivity coefficients of node voltages and line
   currents in unbalanced radial electrical distribution networks", IEEE Trans. Smart Grid 4 (2013) 741–750.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.arguments import (
    Asked,
    patterns,
    source_rows,
    switch_rows,
)
from ysc_sim.powerflow.batch import Loading, Task
from ysc_sim.powerflow.grid import compiled
from ysc_sim.powerflow.network import EARTH, Complexes, Network
from ysc_sim.powerflow.port_system import PortSystem
from ysc_sim.powerflow.ports import DensePorts
from ysc_sim.powerflow.solution import Solution
from ysc_sim.powerflow.solve import solve
from ysc_sim.units import Floats, Ints

_MEMORY_BYTES = 64_000_000


@dataclass(frozen=True, kw_only=True)
class Sensitivities:
    """Derivatives at T solved rows, for K ports; NaN in a row that is not ok. Dead nodes have 0."""

    solution: Solution
    ports: Ints
    """(K,) ports of the network."""
    v_per_kw: Floats
    """(T, n_bus[, m], K) change of the voltage magnitude, p.u. per kW more at a port."""
    v_per_kvar: Floats
    loss_per_kw: Floats
    """(T, K) kW of loss per kW more."""
    loss_per_kvar: Floats


def sensitivities(
    net: Network,
    p_kw: npt.ArrayLike,
    q_kvar: npt.ArrayLike,
    *,
    ports: npt.ArrayLike | None = None,
    tolerance_pu: float = 1e-8,
    v_source_pu: npt.ArrayLike | None = None,
    closed: npt.ArrayLike | None = None,
    controls: Asked | None = None,
) -> Sensitivities:
    """Solve as :func:`~ysc_sim.powerflow.solve` does and differentiate at each solution.

    ``ports``: numbers (K,) of the ports at which power is added; default all. What is added is constant
    power, on top of what the port does otherwise. Raises ``ValueError`` for ports that are not there.

    >>> import numpy as np
    >>> from ysc_sim.powerflow import Network, sensitivities, series_admittance
    >>> y = series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0)
    >>> net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), leg_y_pu=y,
    ...               source_bus=np.array([0]), source_v_pu=np.array([[1 + 0j]]))
    >>> answer = sensitivities(net, [0, -90.0], 0.0, ports=[1])
    >>> (1e6 * answer.v_per_kw[0, 1]).round(2)  # r/(2v − 1) = 0.1/0.981836 per 1,000 kW
    array([101.85])
    """
    solution = solve(
        net,
        p_kw,
        q_kvar,
        tolerance_pu=tolerance_pu,
        v_source_pu=v_source_pu,
        closed=closed,
        controls=controls,
        want=("v_pu", "p_kw", "q_kvar"),
    )
    rows = len(solution.codes)
    chosen = np.arange(len(net.ports)) if ports is None else np.atleast_1d(np.asarray(ports))
    if not np.issubdtype(chosen.dtype, np.integer) or np.any((chosen < 0) | (chosen >= len(net.ports))):
        raise ValueError(f"ports(={chosen.tolist()}) must be numbers of ports, 0 … {len(net.ports) - 1}.")
    base = source_rows(net, v_source_pu)
    task = Task.of(net, p_kw, q_kvar, controls, tolerance_pu=tolerance_pu, solution=rows)
    shape = solution.v_pu.shape
    by_p, by_q = np.full((2, rows, int(np.prod(shape[1:])), len(chosen)), np.nan)
    loss = np.full((2, rows, len(chosen)), np.nan)
    for state, part in patterns(switch_rows(net, closed), rows):
        which = np.arange(rows)[part]
        which = which[solution.ok[which]]
        if len(which):
            _Differential(task, state, chosen, which).fill(solution, base, by_p, by_q, loss)
    return Sensitivities(
        solution=solution,
        ports=chosen,
        v_per_kw=by_p.reshape(*shape, len(chosen)),
        v_per_kvar=by_q.reshape(*shape, len(chosen)),
        loss_per_kw=loss[0],
        loss_per_kvar=loss[1],
    )


class _Differential:
    """Rows under one switch pattern."""

    def __init__(self, task: Task, state: npt.NDArray[np.bool_], chosen: Ints, rows: Ints) -> None:
        self.task, self.rows, net = task, rows, task.net
        self.grid = compiled(net, state)
        self.loading = Loading(task, self.grid, rows)
        self.dense = DensePorts(self.grid, self.loading.slots)
        slot = self.grid.topology.slot
        nodes = net.ports[chosen]
        self.living = np.flatnonzero((slot[nodes[:, 0]] >= 0) & ((nodes[:, 1] == EARTH) | (slot[nodes[:, 1]] >= 0)))
        nodes = nodes[self.living]
        self.added = DensePorts(self.grid, np.where(nodes == EARTH, EARTH, slot[nodes]))
        self.added_port = chosen[self.living]
        self.mutual = self.dense.across(self.added.transfer)
        self.node_slot = slot[: net.bus_count * net.conductors]

    def fill(self, solution: Solution, source_v: Complexes, by_p: Floats, by_q: Floats, loss: Floats) -> None:
        """Write the derivatives of the rows."""
        size = max(1, 2 * self.dense.count + 2 * len(self.added_port), len(self.node_slot))
        block = max(1, _MEMORY_BYTES // (32 * size * size))
        for low in range(0, len(self.rows), block):
            rows = self.rows[low : low + block]
            self._part(rows, solution, source_v, by_p, by_q, loss)

    def _part(self, rows: Ints, solution: Solution, source_v: Complexes, by_p: Floats, by_q: Floats,
              loss: Floats) -> None:  # fmt: skip
        net = self.task.net
        v_node = solution.v_pu[rows].reshape(len(rows), -1)
        across = net.across_ports(v_node)
        v, at = across[:, self.loading.active].T, across[:, self.added_port]
        injection, holding = self.loading.injection(rows), self.loading.held(rows)
        nothing = np.zeros((self.dense.count, 1), dtype=np.complex128)
        system = PortSystem(z=self.dense.z, no_load=nothing, injection=injection,
                            held=holding)  # fmt: skip
        q = solution.q_kvar[rows].reshape(len(rows), -1)[:, self.loading.active].T[system.held_at] / net.base_kva
        x = np.concatenate([v.real, v.imag, q - injection.actual(np.abs(v))[system.held_at, 1]])
        inner = system.at(x, np.arange(len(rows)), np.ones(len(rows)), nothing)
        factors = np.array([1.0, -1j])[:, None, None] / at.conj() / net.base_kva  # (2, c, K) δi of P, of Q
        drive = self.mutual * factors[:, :, None, :]  # (2, c, P, K)
        right = np.zeros((2, len(rows), system.size, len(self.added_port)))
        right[:, :, : self.dense.count] = drive.real
        right[:, :, self.dense.count : 2 * self.dense.count] = drive.imag
        change = np.asarray(np.linalg.solve(inner.jacobian[None], right), dtype=np.float64)
        own = inner.driven(np.eye(self.dense.count, dtype=np.complex128), system.held_at)  # (c, P, n)
        current = own @ change  # (2, c, P, K) δi of the loaded ports
        here = np.flatnonzero(self.node_slot >= 0)
        slots = self.node_slot[here]
        moved = self.dense.transfer[slots] @ current + self.added.transfer[slots] * factors[:, :, None, :]
        v_here = v_node[:, here]
        grown = (moved * v_here.conj()[:, :, None]).real / np.abs(v_here)[:, :, None]
        for out, value in zip((by_p, by_q), grown, strict=True):
            out[rows] = 0.0
            out[np.ix_(rows, here, self.living)] = value
        loss[:, rows] = 0.0
        loss[np.ix_(np.arange(2), rows, self.living)] = self._loss(
            rows, source_v, v, inner.current, change[:, :, : 2 * self.dense.count], current, factors
        )

    def _loss(self, rows: Ints, source_v: Complexes, v: Complexes, current: Complexes, change: Floats,
              current_change: Complexes, factors: Complexes) -> Floats:  # fmt: skip
        """(2, c, K) change of what sources and ports feed in together."""
        count, base = self.dense.count, self.task.net.base_kva
        held = self._held(rows, source_v)  # (held, c)
        fed = self.dense.held_current @ current_change + self.added.held_current * factors[:, :, None, :]
        answer = np.einsum("hc,xchk->xck", held, fed.conj()).real * base
        moved = change[:, :, :count] + 1j * change[:, :, count:]
        drawn = moved * current.T.conj()[:, :, None] + v.T[:, :, None] * current_change.conj()
        answer += drawn.real.sum(axis=2) * base
        answer[0] += 1.0
        return np.asarray(answer - self._inner_loss(held, current, fed, current_change, factors))

    def _held(self, rows: Ints, source_v: Complexes) -> Complexes:
        top = self.grid.topology
        values = source_v if len(source_v) == 1 else source_v[rows]
        answer = np.zeros((self.grid.held_count, len(rows)), dtype=np.complex128)
        used = top.source_slots >= 0
        answer[top.source_slots[used] - top.free_count] = np.broadcast_to(
            values[:, used].T, (int(used.sum()), len(rows))
        )
        return answer

    def _inner_loss(self, held: Complexes, current: Complexes, fed: Complexes, current_change: Complexes,
                    factors: Complexes) -> Floats:  # fmt: skip
        """(2, c, K) change of what is lost between sources and their terminals; not part of the network."""
        net, top, grid = self.task.net, self.grid.topology, self.grid
        nodes = net.source_terminal[:, None] * net.conductors + np.arange(net.conductors)
        inside = (top.source_slots >= 0) & (net.source_terminal != net.source_bus)[:, None]
        if not inside.any():
            return np.zeros(fed.shape[:2] + fed.shape[3:])
        place, terminal = top.source_slots[inside] - top.free_count, top.slot[nodes][inside]
        v = self.dense.transfer[terminal] @ current + grid.no_load[terminal] @ held
        moved = self.dense.transfer[terminal] @ current_change
        moved = moved + self.added.transfer[terminal] * factors[:, :, None, :]
        total = (grid.held_self @ held + self.dense.held_current @ current)[place]
        answer = np.einsum("hc,xchk->xck", held[place] - v, fed[:, :, place].conj())
        answer -= np.einsum("xchk,hc->xck", moved, total.conj())
        return np.asarray(answer.real * net.base_kva)
