"""The one door: rows of injections in, certified rows of results out.

Rows are grouped by switch pattern, cut into chunks that fit the cache, and each chunk goes through the fixed
point (:mod:`.fixed_point`) on the form of ports that suits the network (:mod:`.ports`). Rows that it leaves
go to Newton (:mod:`.newton`). Whatever found the voltages, a row is ``ok`` only if its largest complex power
mismatch, computed in float64 from voltages and currents, is within the tolerance; everything else is NaN with
a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.certify import mismatch_pu
from ysc_sim.powerflow.fixed_point import Injection, State, iterate
from ysc_sim.powerflow.grid import Grid, compiled
from ysc_sim.powerflow.loads import shares_of
from ysc_sim.powerflow.network import EARTH, Complexes, Network
from ysc_sim.powerflow.newton import continue_rows, derivatives
from ysc_sim.powerflow.ports import AnyPorts, DensePorts, TreePorts, as_block
from ysc_sim.powerflow.recorder import PatternRecorder, Recorder, kept_shapes
from ysc_sim.powerflow.solution import RESULTS, Reason, Solution
from ysc_sim.units import Bools, Floats, Ints

TREE_FROM_PORTS = 70
"""Radial networks with at least this many loaded ports are swept; below, the dense product is faster
(measured)."""
_BLOCK_FLOATS = 24_000
"""Floats in one buffer of a chunk (ports × 2 × rows)."""


def solve(
    net: Network,
    p_kw: npt.ArrayLike,
    q_kvar: npt.ArrayLike,
    *,
    tolerance_pu: float = 1e-8,
    v_source_pu: npt.ArrayLike | None = None,
    closed: npt.ArrayLike | None = None,
    want: Iterable[str] | None = None,
    kernel: str | None = None,
) -> Solution:
    """AC power flow of T independent rows.

    Parameters
    ----------
    p_kw, q_kvar : (T, n_bus), (T, n_bus, 3) for three phases, or (T, ports) [kW, kvar], or one such row
        Injected nominal power (> 0 into the bus). One row of either is repeated for all rows of the other.
    tolerance_pu : largest complex power mismatch at any port, on ``net.base_kva``
    v_source_pu : (T, sources) or (sources,): magnitude held by each source instead of the network's own
    closed : (T, switches) or (switches,) bool: switch states instead of the network's own
    want : names of the results to keep, of ``RESULTS``; default all. ``ok``, ``reason``, ``mismatch_pu``
    always are kernel : ``"dense"`` or ``"tree"`` instead of the choice by shape

    Raises ``ValueError`` for wrong shapes or names. A row that cannot be solved never raises: it is not
    ``ok``.

    >>> import numpy as np
    >>> from ysc_sim.powerflow import Network, series_admittance, solve
    >>> y = series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0)
    >>> net = Network(v_nominal_kv=np.array([0.4, 0.4]), leg_bus=np.array([[0, 1]]), leg_y_pu=y,
    ...               source_bus=np.array([0]), source_v_pu=np.array([[1 + 0j]]))
    >>> solution = solve(net, [[0, -90.0], [0, -9000.0]], 0.0)
    >>> solution.v_pu[0].real.round(6), [Reason(code).name for code in solution.reason]
    (array([1.      , 0.990918]), ['OK', 'NO_SOLUTION'])
    """
    if not tolerance_pu > 0:
        raise ValueError(f"tolerance_pu(={tolerance_pu}) must be > 0.")
    names = tuple(RESULTS if want is None else want)
    unknown = sorted(set(names) - set(RESULTS))
    if unknown:
        raise ValueError(f"want names unknown results {unknown}; known are {list(RESULTS)}.")
    p, q = rows_of(net, p_kw, "p_kw"), rows_of(net, q_kvar, "q_kvar")
    held = _source_rows(net, v_source_pu)
    states = _switch_rows(net, closed)
    rows = _common_rows(p=len(p), q=len(q), v_source_pu=len(held), closed=len(states))
    recorder = Recorder(net, Solution(rows, kept_shapes(net, names)))
    p, q = np.broadcast_to(p, (rows, p.shape[1])), np.broadcast_to(q, (rows, q.shape[1]))
    held = np.broadcast_to(held, (rows, *held.shape[1:])) if len(held) > 1 else held
    for state, chosen in _patterns(states, rows):
        _Group(net, state, p, q, held, tolerance_pu, kernel).run(chosen, recorder)
    return recorder.finish()


def rows_of(net: Network, value: npt.ArrayLike, name: str) -> Floats:
    """``value`` as (T, ports)."""
    array = np.asarray(value, dtype=np.float64)
    count, m = len(net.ports), net.conductors
    if array.ndim == 0:
        return np.full((1, count), float(array))
    if m > 1 and array.shape[-2:] == (net.bus_count, m) and count == net.bus_count * m:
        array = array.reshape(*array.shape[:-2], count)
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] != count:
        raise ValueError(f"{name} has shape {np.shape(value)}; its last axis must hold {count} ports.")
    return array


def _source_rows(net: Network, v_source_pu: npt.ArrayLike | None) -> Complexes:
    """(1 or T, sources, m) voltages held by the sources."""
    own = net.source_v_pu[None]
    if v_source_pu is None:
        return own
    asked = np.asarray(v_source_pu, dtype=np.float64)
    asked = asked[None] if asked.ndim == 1 else asked
    if asked.ndim != 2 or asked.shape[1] != len(net.source_bus):
        count = len(net.source_bus)
        raise ValueError(f"v_source_pu has shape {asked.shape}; its last axis must hold {count} sources.")
    return np.asarray(own / np.nanmax(np.abs(own), axis=2, keepdims=True) * asked[:, :, None])


def _switch_rows(net: Network, closed: npt.ArrayLike | None) -> Bools:
    states = np.asarray(net.switch_closed if closed is None else closed)
    states = states[None] if states.ndim == 1 else states
    if states.ndim != 2 or states.shape[1] != len(net.switch_closed) or states.dtype != np.bool_:
        raise ValueError(f"closed must be bool with {len(net.switch_closed)} switches in its last axis.")
    return states


def _common_rows(**lengths: int) -> int:
    rows = max(lengths.values()) if min(lengths.values()) else 0
    for name, length in lengths.items():
        if length not in (1, rows):
            raise ValueError(f"{name} has {length} rows, but others have {rows}; give one row or as many.")
    return rows


def _patterns(states: Bools, rows: int) -> Iterator[tuple[Bools, slice | Ints]]:
    """Each switch pattern with the rows that have it."""
    if len(states) == 1 or not states.shape[1]:
        yield states[0], slice(0, rows)
        return
    patterns, which = np.unique(states, axis=0, return_inverse=True)
    for k, pattern in enumerate(patterns):
        yield pattern, np.flatnonzero(which.ravel() == k)


@dataclass
class _Group:
    """Rows that share a switch pattern."""

    net: Network
    state: Bools
    p_kw: Floats
    q_kvar: Floats
    held: Complexes
    tolerance_pu: float
    kernel: str | None

    def run(self, chosen: slice | Ints, recorder: Recorder) -> None:
        """Solve the ``chosen`` rows."""
        rows = np.arange(chosen.start, chosen.stop) if isinstance(chosen, slice) else chosen
        self.grid = compiled(self.net, self.state)
        loaded, good = self._look_through(rows, recorder)
        self.active, self.dead = self._split(loaded)
        self.ports = choose_form(self.grid, self._slots(self.active), self.kernel)
        self.shares = shares_of(self.net, self.active)
        rows = self._refuse_unsupplied(rows if good.all() else rows[good], recorder)
        width = max(32, _BLOCK_FLOATS // max(1, 2 * self.ports.count) // 32 * 32)
        view = PatternRecorder(recorder, self.ports, self.active)
        for patient in (False, True):
            left = [self._chunk(rows[low : low + width], view, patient) for low in range(0, len(rows), width)]
            rows = np.concatenate([rows[:0], *left])
        if len(rows):
            self._newton(rows, recorder)

    def _look_through(self, rows: Ints, recorder: Recorder) -> tuple[Bools, Bools]:
        """Which ports carry anything in any row, and which rows hold numbers only."""
        loaded = np.zeros(len(self.net.ports), dtype=bool)
        good = np.ones(len(rows), dtype=bool)
        for low in range(0, len(rows), 4096):
            part = rows[low : low + 4096]
            for values in (self.p_kw, self.q_kvar):
                block = values[part[0] : part[-1] + 1] if part[-1] - part[0] == len(part) - 1 else values[part]
                loaded |= (block != 0).any(axis=0)
                good[low : low + 4096] &= np.isfinite(block.sum(axis=1))
        good &= self._held_agree(rows)
        recorder.refuse(rows[~good], Reason.BAD_INPUT)
        return loaded, good

    def _held_agree(self, rows: Ints) -> Bools:
        held = self.held if len(self.held) == 1 else self.held[rows]
        slots = self.grid.topology.source_slots
        agree = (np.isfinite(held) | (slots < 0)).all(axis=(1, 2))
        flat, voltages = slots.ravel(), held.reshape(len(held), -1)
        for slot in np.unique(flat[flat >= 0]):
            same = voltages[:, flat == slot]
            agree &= (np.abs(same - same[:, :1]) <= 1e-12).all(axis=1)
        return np.broadcast_to(agree, (len(rows),))

    def _split(self, loaded: Bools) -> tuple[Ints, Ints]:
        """Loaded ports that live, and those at dead nodes."""
        nodes = self.net.ports
        slot = self.grid.topology.slot
        alive = (slot[nodes[:, 0]] >= 0) & ((nodes[:, 1] == EARTH) | (slot[nodes[:, 1]] >= 0))
        return np.flatnonzero(loaded & alive), np.flatnonzero(loaded & ~alive)

    def _slots(self, ports: Ints) -> Ints:
        nodes = self.net.ports[ports]
        return np.where(nodes == EARTH, EARTH, self.grid.topology.slot[nodes])

    def _refuse_unsupplied(self, rows: Ints, recorder: Recorder) -> Ints:
        if not len(self.dead):
            return rows
        lost = np.zeros(len(rows), dtype=bool)
        for values in (self.p_kw, self.q_kvar):
            lost |= (values[np.ix_(rows, self.dead)] != 0).any(axis=1)
        recorder.refuse(rows[lost], Reason.UNSUPPLIED_BUS)
        return rows[~lost]

    def _held(self, rows: Ints) -> Complexes:
        """(held, 1 or c) voltages of the held slots."""
        top = self.grid.topology
        values = self.held if len(self.held) == 1 else self.held[rows]
        answer = np.zeros((self.grid.held_count, len(values)), dtype=np.complex128)
        used = top.source_slots >= 0
        answer[top.source_slots[used] - top.free_count] = values[:, used].T
        return answer

    def _injection(self, rows: Ints) -> Injection:
        power = np.empty((len(self.active), 2, len(rows)))
        for axis, values in enumerate((self.p_kw, self.q_kvar)):
            block = values[rows[0] : rows[-1] + 1] if rows[-1] - rows[0] == len(rows) - 1 else values[rows]
            np.multiply(block[:, self.active].T, 1 / self.net.base_kva, out=power[:, axis])
        return Injection(power=power, shares=self.shares)

    def _chunk(self, rows: Ints, view: PatternRecorder, patient: bool) -> Ints:
        """Fixed point on some rows; records what is certified and returns the rest."""
        held, injection = self._held(rows), self._injection(rows)
        state = iterate(self.ports, injection, held, patient=patient)
        return self._judge(rows, view, injection, held, state)

    def _judge(self, rows: Ints, view: PatternRecorder, injection: Injection, held: Complexes, state: State) -> Ints:
        mismatch = mismatch_pu(view.ports, injection, held, state)
        good = state.still & (mismatch <= self.tolerance_pu)
        if good.all():
            view.record(rows, mismatch, injection, held, state)
        elif good.any():
            part = Injection(power=injection.power[:, :, good], shares=injection.shares)
            kept = State(voltage=state.voltage[:, :, good], current=state.current[:, :, good], still=state.still[good])
            view.record(rows[good], mismatch[good], part, held if held.shape[1] == 1 else held[:, good], kept)
        return rows[~good]

    def _newton(self, rows: Ints, recorder: Recorder) -> None:
        """Continuation for the rows that are still open; what is not certified stays open."""
        dense = DensePorts(self.grid, self.ports.pairs)
        held, injection = self._held(rows), self._injection(rows)
        no_load = np.broadcast_to(dense.no_load @ held, (dense.count, len(rows)))
        voltage, solved, collapsed = continue_rows(dense.z, no_load, injection)
        recorder.refuse(rows[collapsed], Reason.NO_SOLUTION)
        with np.errstate(all="ignore"):
            current = derivatives(voltage, injection.power, self.shares)[0]
        state = State(voltage=as_block(no_load + dense.z @ current), current=as_block(current), still=solved)
        self._judge(rows, PatternRecorder(recorder, dense, self.active), injection, held, state)


def choose_form(grid: Grid, pairs: Ints, kernel: str | None) -> AnyPorts:
    """Tree sweeps for radial networks with many loaded ports, else the dense product; ``kernel``
    overrides."""
    if kernel not in (None, "dense", "tree"):
        raise ValueError(f"kernel(={kernel!r}) must be 'dense', 'tree' or None.")
    if kernel != "dense" and (kernel == "tree" or len(pairs) >= TREE_FROM_PORTS):
        if np.all(pairs[:, 1] == EARTH) and grid.tree is not None:
            return TreePorts(grid, pairs)
        if kernel == "tree":
            raise ValueError("kernel='tree' needs a radial network with one source per island.")
    return DensePorts(grid, pairs)
