"""The wires as a market sees them: voltages and loadings under what is sold, by the power flow itself.

*Before anybody trades* every buyer draws what it asks for, which it does in any case, and no seller sends anything.
What is sold comes on top. Sensitivities are differences of two power flows per seller, solved as one batch; limits are
those of the network (voltage at the service entrance, rated currents). A limit that is broken before anybody trades may
not be broken further.
"""

from __future__ import annotations

import numpy as np

from ysc_sim.community.wires import Section, Wires
from ysc_sim.contracts import Bids, Tangent
from ysc_sim.powerflow import EARTH, solve
from ysc_sim.units import MWH_PER_KWH, Floats, Ints

PROBE_KW = 1.0
TOLERANCE_PU = 1e-10
SLACK = 1e-8
"""Of a voltage in p.u. and of a rated current: what the power flow may be off by."""
FULL_PERCENT = 100.0


class Envelope:
    """Limits of one slot and row."""

    def __init__(self, wires: Wires, bids: Bids, slot_h: float) -> None:
        self.wires, self.slot_h = wires, slot_h
        energy = bids.quantity_mwh / MWH_PER_KWH
        self._need_kwh = np.where(bids.is_buyer, energy, 0.0)
        self._sellers = np.flatnonzero(~bids.is_buyer & (bids.quantity_mwh > 0))
        value, self._loss_kwh, solved = self._solve(np.zeros((1, len(energy))))
        low, high = self._limits()
        known = value[0] if solved[0] else np.full(len(low), np.nan)
        self._lower, self._upper = np.fmin(low, known), np.fmax(high, known)
        self._solvable = bool(solved[0])

    def around(self, sold_kwh: Floats) -> Tangent:
        """See :class:`ysc_sim.contracts.Wiring`."""
        step = PROBE_KW * self.slot_h
        trial = np.repeat(sold_kwh[None], 1 + len(self._sellers), axis=0)
        trial[1 + np.arange(len(self._sellers)), self._sellers] += step
        value, loss, solved = self._solve(trial)
        change, lost = np.zeros((value.shape[1], len(sold_kwh))), np.zeros(len(sold_kwh))
        good = solved[1:] & solved[0]
        some = self._sellers[good]
        change[:, some] = ((value[1:] - value[0]) / step)[good].T
        lost[some] = ((loss[1:] - loss[0]) / step)[good]
        return Tangent(value[0], change, self._lower, self._upper, lost)

    def holds(self, sold_kwh: Floats) -> bool:
        """See :class:`ysc_sim.contracts.Wiring`."""
        if not sold_kwh.any():
            return True
        value, _, solved = self._solve(sold_kwh[None])
        inside = (value[0] <= self._upper + SLACK) & (value[0] >= self._lower - SLACK)
        return bool(self._solvable and solved[0] and inside.all())

    def _solve(self, sold_kwh: Floats) -> tuple[Floats, Floats, np.ndarray]:
        """Watched quantities (R, m), losses (R,) kWh, and whether there is a solution, for sales (R, n)."""
        found, solved = [], np.ones(len(sold_kwh), dtype=np.bool_)
        loss = np.zeros(len(sold_kwh))
        for section in self.wires.sections:
            solution = solve(
                section.net,
                *self._at_ports(section, sold_kwh),
                tolerance_pu=TOLERANCE_PU,
                want=("v_pu", "loss_kw", "branch_loading_percent"),
            )
            solved &= solution.ok
            loss += np.where(solution.ok, solution.loss_kw, 0.0) * self.slot_h
            found += [watched(section, solution.v_pu), _loading(solution.branch_loading_percent)]
        return np.concatenate(found, axis=1), loss, solved

    def _at_ports(self, section: Section, sold_kwh: Floats) -> tuple[Floats, Floats]:
        mine, wires = section.buildings, self.wires
        load = np.repeat(-self._need_kwh[None, mine] / self.slot_h, len(sold_kwh), axis=0)
        sent = sold_kwh[:, mine] / self.slot_h
        taken = -sent * wires.generation_tan_phi[mine]
        p = load @ section.load_to_port + sent @ section.other_to_port + section.fixed_p_kw
        q = load * wires.load_tan_phi @ section.load_to_port + taken @ section.other_to_port + section.fixed_q_kvar
        return p, q

    def _limits(self) -> tuple[Floats, Floats]:
        low, high = [], []
        for section in self.wires.sections:
            branches = _branches(section)
            low += [section.low_pu, np.full(branches, -np.inf)]
            high += [section.high_pu, np.full(branches, 1.0)]
        return np.concatenate(low), np.concatenate(high)


def watched(section: Section, v_pu: np.ndarray) -> Floats:
    """Watched voltages of a section, (R, w), on the base of their limits."""
    nodes = v_pu.reshape(len(v_pu), -1)
    first, second = section.watched.T
    across = nodes[:, first] - np.where(second == EARTH, 0.0, nodes[:, second])
    return np.asarray(np.abs(across) / section.watched_nominal)


def _loading(percent: Floats) -> Floats:
    """Loading of each branch, its fullest conductor, as a share of what it may carry, (R, b)."""
    by_branch: Floats = percent.reshape(len(percent), percent.shape[1], -1) / FULL_PERCENT
    return np.asarray(np.maximum.reduce(by_branch, axis=2))


def _branches(section: Section) -> int:
    """Branches whose loading is watched."""
    zero = np.zeros((1, len(section.net.ports)))
    return int(solve(section.net, zero, zero, want=("branch_loading_percent",)).branch_loading_percent.shape[1])


def envelope_of(wires: Wires | None, bids: Bids, slot_h: float) -> Envelope | None:
    """Limits of one row of orders; None where no network is solved."""
    return None if wires is None else Envelope(wires, bids, slot_h)


def rows_with_both_sides(bids: Bids) -> list[tuple[int, int]]:
    """Slots and rows of orders (K, S, n) in which somebody sells and somebody buys."""
    both = (bids.quantity_mwh * bids.is_buyer).any(axis=2) & (bids.quantity_mwh * ~bids.is_buyer).any(axis=2)
    slot, row = np.nonzero(both)
    pairs: tuple[Ints, Ints] = (slot, row)
    return list(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))
