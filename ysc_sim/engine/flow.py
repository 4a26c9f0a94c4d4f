"""The network inside an act (``power_flow: control``): losses become part of the dispatch, inverters see their voltage.

*Tied to the grid* the point of connection takes the losses on top of what the buildings take. Solar inverters reduce
their power by the volt-watt curve of the network (107 V at the service entrance); the power flow solves the curve and
the voltages together.

*In an island* the losses are demand that comes before all other: dispatch and flow are repeated until the losses that
the stores were asked for are those that the network has, to ``TOLERANCE_KW``. An island that cannot even serve its
losses dies. Volt-watt rests there: the forming inverter holds the voltage.

Where cells lie within cells, each island is solved by itself: the buildings of the others inject nothing, as their
switches are open. What belongs to no building (constant powers of a file, losses without load) is carried by the
uppermost island in a section of the network.

Losses stay what they are until the next act. A row that has no solution has no losses; it is counted and told.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community, State
from ysc_sim.community.wires import Section, Wires
from ysc_sim.engine.frame import Frame
from ysc_sim.engine.island import doom, share_islands
from ysc_sim.engine.islands import islands_of
from ysc_sim.engine.modes import lives, tied
from ysc_sim.engine.trips import watch_inverters
from ysc_sim.errors import InvariantError
from ysc_sim.powerflow import ConstantPowerFactor, VoltWatt, solve
from ysc_sim.units import Bools, Floats, Ints

TOLERANCE_KW = 1e-9
"""By how much the losses that an island serves may differ from those that it has (relative above 1 kW)."""
MOST_ROUNDS = 60
GENERATION = ("pv", "wind", "genset")


class Injected:
    """Powers of some rows at every building, (R, n) kW, > 0 injects."""

    def __init__(self, community: Community, state: State) -> None:
        shape = state.net_kw.shape
        self.load, self.solar, self.generated = (np.zeros(shape) for _ in range(3))
        for i, fleet in enumerate(community.fleets):
            total = community.by_building[i].sum(state.p_kw[i])
            if fleet.energy_class == "load":
                self.load = self.load + total
            elif fleet.energy_class in GENERATION:
                self.generated = self.generated + total
                self.solar = self.solar + (total if fleet.energy_class == "pv" else 0.0)
        self.other = state.net_kw - self.load

    def of(self, rows: Ints, mine: Floats) -> Injected:
        """Some rows, one for each island: the powers of its own buildings ``mine`` (k, n), 0 or 1."""
        part = object.__new__(Injected)
        for name, power in vars(self).items():
            setattr(part, name, power[rows] * mine)
        return part


class Lots(NamedTuple):
    """Islands to be solved: the row of each, the cells in it (k, c), its buildings (k, n)."""

    rows: Ints
    cells: Bools
    buildings: Bools

    @property
    def top(self) -> Ints:
        """The uppermost cell of each, (k,)."""
        found: Ints = np.argmax(self.cells, axis=1)
        return found


def lots_of(community: Community, state: State, which: Bools) -> Lots:
    """Islands of which the uppermost cell is one of ``which`` (R, c), row by row."""
    top = islands_of(community, state)
    labels = np.broadcast_to(np.arange(which.shape[1]), which.shape) if top is None else top
    rows, cell = np.nonzero(which & (labels == np.arange(which.shape[1])))
    cells = labels[rows] == cell[:, None]
    return Lots(rows, cells, cells[:, community.cell_of.group])


def flow(community: Community, state: State, frame: Frame) -> None:
    """Solve the network of every row that lives; set its losses, and take from solar power what volt-watt takes."""
    wires = community.wires
    if wires is None or not wires.control:
        return
    state.loss_kw = np.zeros_like(state.loss_kw)
    whole = np.flatnonzero(tied(state.mode)[:, 0] if community.nested else tied(state.mode).all(axis=1))
    if whole.size:
        _solve_tied(community, state, wires, whole)
    if frame.dark and (len(community.cells) == 1 or community.nested):
        _balance_islands(community, state, wires, frame)


def _solve_tied(community: Community, state: State, wires: Wires, rows: Ints) -> None:
    """Losses of rows on the grid; where a voltage is on the volt-watt curve, solar power follows it."""
    powers = Injected(community, state)
    joined = np.ones(state.net_kw.shape, dtype=np.bool_)
    top = islands_of(community, state)
    if top is not None and top.any():
        joined = (top == 0)[:, community.cell_of.group]
        powers = powers.of(np.arange(len(joined)), joined.astype(np.float64))
    share = np.ones_like(state.net_kw)
    for section in wires.in_run:
        loss, limited = _solve_section(section, wires, powers, rows)
        place = np.ix_(rows, section.buildings)
        state.loss_kw[rows, 0] += np.where(joined[place].any(axis=1), loss, 0.0)
        if limited is not None:
            solar = powers.solar[place]
            share[place] = np.divide(limited, solar, out=np.ones_like(solar), where=solar > 0)
    if (share < 1.0).any():
        _limit_solar(community, state, share)


def _limit_solar(community: Community, state: State, share: Floats) -> None:
    """Cut the solar power of every building to its share."""
    for i, fleet in enumerate(community.fleets):
        if fleet.energy_class == "pv":
            to_building = community.by_building[i]
            kept = state.p_kw[i] * to_building.spread(share)
            cut = to_building.sum(np.ascontiguousarray(state.p_kw[i] - kept))
            state.p_kw[i] = kept
            state.net_kw = state.net_kw - cut


def _solve_section(section: Section, wires: Wires, powers: Injected, rows: Ints) -> tuple[Floats, Floats | None]:
    """Losses (R,) and, where volt-watt acts anywhere, the solar power that is left at its buildings (R, k)."""
    p, q = at_ports(section, wires, powers, rows)
    solution = solve(section.net, p, q, want=("loss_kw", "v_pu"))
    loss = np.where(solution.ok, solution.loss_kw, 0.0)
    at_limit = _on_curve(section, wires, solution.v_pu, powers, rows) & solution.ok
    if not at_limit.any():
        return loss, None
    some = np.flatnonzero(at_limit)
    solar = powers.solar[np.ix_(rows, section.buildings)]
    controls, taken = _controls(section, wires, solar[some])
    tangent = np.zeros_like(p[some])
    np.add.at(tangent.T, section.generation_port, (solar[some] * wires.generation_tan_phi[section.buildings]).T)
    solution = solve(
        section.net, p[some] - taken, q[some] + tangent, controls=controls, want=("loss_kw", "p_kw"),
    )  # fmt: skip
    good = solution.ok
    loss[some[good]] = solution.loss_kw[good]
    left = np.ones_like(p[some])
    np.divide(solution.p_kw.reshape(p[some].shape) - (p[some] - taken), taken, out=left, where=taken > 0)
    kept = solar.copy()
    kept[some[good]] *= np.clip(left, 0.0, 1.0)[good][:, section.generation_port]
    return loss, kept


def _on_curve(section: Section, wires: Wires, v_pu: Any, powers: Injected, rows: Ints) -> Any:
    """Rows in which a building with solar power is above the start of the curve, (R,)."""
    port = section.net.ports[section.generation_port]
    nodes = v_pu.reshape(len(v_pu), -1)
    across = nodes[:, port[:, 0]] - np.where(port[:, 1] < 0, 0.0, nodes[:, port[:, 1]])
    high = np.abs(across) / section.net.port_v_pu[section.generation_port] > wires.volt_watt_pu[0]
    return (high & (powers.solar[np.ix_(rows, section.buildings)] > 0)).any(axis=1)


def _controls(section: Section, wires: Wires, solar_kw: Floats) -> tuple[dict[int | str, Any], Floats]:
    """Controls by port, and the solar power (R, P) that they stand for."""
    taken = np.zeros((len(solar_kw), len(section.net.ports)))
    np.add.at(taken.T, section.generation_port, solar_kw.T)
    rated, reactive = np.zeros(taken.shape[1]), np.zeros(taken.shape[1])
    own = wires.solar_rated_kw[section.buildings]
    np.add.at(rated, section.generation_port, own)
    np.add.at(reactive, section.generation_port, own * wires.generation_tan_phi[section.buildings])
    controls: dict[int | str, Any] = {}
    for port in np.flatnonzero((rated > 0) & (taken > 0).any(axis=0)).tolist():
        angle = reactive[port] / rated[port]
        factor = ConstantPowerFactor(power_factor=float(1.0 / np.sqrt(1.0 + angle**2)), p_kw=taken[:, port])
        watt = VoltWatt(rated_kw=float(rated[port]), v_pu=wires.volt_watt_pu, p_pu=(1.0, 0.0), p_kw=taken[:, port])
        controls[port] = (factor, watt)
    return controls, taken


def at_ports(section: Section, wires: Wires, powers: Injected, rows: Ints) -> tuple[Floats, Floats]:
    """Active and reactive power at the ports of a section, (R, P)."""
    place = np.ix_(rows, section.buildings)
    load, other = powers.load[place], powers.other[place]
    reactive = -powers.generated[place] * wires.generation_tan_phi[section.buildings]
    p = load @ section.load_to_port + other @ section.other_to_port + section.fixed_p_kw
    q = load * wires.load_tan_phi @ section.load_to_port + reactive @ section.other_to_port + section.fixed_q_kvar
    return p, q


def _balance_islands(community: Community, state: State, wires: Wires, frame: Frame) -> None:
    """Let the stores of living islands serve the losses that serving them makes."""
    for _ in range(MOST_ROUNDS):
        lots = lots_of(community, state, lives(state.mode))
        if not lots.rows.size:
            return
        powers = Injected(community, state).of(lots.rows, lots.buildings.astype(np.float64))
        loss = np.zeros(lots.rows.size)
        for section in wires.in_run:
            loss += _island_losses(community, state, section, wires, powers, lots)
        change = np.abs(loss - state.loss_kw[lots.rows, lots.top])
        if (change <= TOLERANCE_KW * np.maximum(loss, 1.0)).all():
            _watch_voltage(community, state, wires, frame, lots)
            return
        state.loss_kw[lots.rows, lots.top] = loss
        share_islands(community, state, frame)
        state.loss_kw[~(lives(state.mode) | tied(state.mode))] = 0.0
    raise InvariantError("losses_do_not_settle", row=int(lots.rows[0]))


def _island_losses(
    community: Community, state: State, section: Section, wires: Wires, powers: Injected, lots: Lots
) -> Floats:
    """Losses of each island in a section, (k,); a part of the tree that carries nothing of the section has none."""
    everyone = np.arange(lots.rows.size)
    p, q = at_ports(section, wires, powers, everyone)
    if not community.nested:
        solution = solve(section.net, p, q, want=("loss_kw",))
        return np.where(solution.ok, solution.loss_kw, 0.0)
    top = islands_of(community, state)
    assert top is not None
    here = top[:, community.cell_of.group[section.buildings]]
    carries = here[lots.rows].min(axis=1) == lots.top
    inside = (here[lots.rows] == lots.top[:, None]).any(axis=1)
    alone = ~carries[:, None]
    solution = solve(
        section.net, p - alone * section.fixed_p_kw, q - alone * section.fixed_q_kvar, want=("loss_kw",)
    )  # fmt: skip
    idle = solve(section.net, np.zeros_like(p[:1]), np.zeros_like(q[:1]), want=("loss_kw",))
    without_load = float(idle.loss_kw[0]) if idle.ok[0] else 0.0
    loss = np.where(carries, solution.loss_kw, np.maximum(solution.loss_kw - without_load, 0.0))
    return np.where(solution.ok & inside, loss, 0.0)


def _watch_voltage(community: Community, state: State, wires: Wires, frame: Frame, lots: Lots) -> None:
    """Voltages of living islands: relays of inverters, and limits at which an island is lost after a time.

    An island without any solution is lost, too.
    """
    limits = community.island.voltage
    if limits is None and not any(name.startswith("volt_s.") for name in state.memory):
        return
    powers = Injected(community, state).of(lots.rows, lots.buildings.astype(np.float64))
    low, high = (np.full(lots.buildings.shape, np.nan) for _ in range(2))
    solved = np.ones(lots.rows.size, dtype=np.bool_)
    for section in wires.in_run:
        inside = lots.buildings[:, section.buildings]
        solution = solve(section.net, *at_ports(section, wires, powers, np.arange(lots.rows.size)), want=("v_pu",))
        nodes = solution.v_pu.reshape(len(lots.rows), -1)
        at = section.watched_building >= 0
        first, second = section.watched[at].T
        across = np.abs(nodes[:, first] - np.where(second < 0, 0.0, nodes[:, second]))
        building = section.buildings[section.watched_building[at]]
        level = np.where(lots.buildings[:, building], across / section.watched_nominal[at], np.nan)
        for k, b in enumerate(building.tolist()):
            low[:, b], high[:, b] = np.fmin(low[:, b], level[:, k]), np.fmax(high[:, b], level[:, k])
        solved &= solution.ok | ~inside.any(axis=1)
    watch_inverters(community, state, frame, lots.rows, (low, high))
    if limits is None:
        return
    outside = ~solved | ((low < limits.low_pu) | (high > limits.high_pu)).any(axis=1)
    wrong = np.zeros(state.mode.shape, dtype=np.bool_)
    for k in np.flatnonzero(outside).tolist():
        wrong[lots.rows[k]] |= lots.cells[k]
    doom(state, frame, wrong, "voltage", limits.trip_s)
