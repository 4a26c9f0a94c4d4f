"""The linear network in its three forms, and what the kernels make of it, against Ohm's and Kirchhoff's laws."""

import numpy as np
import pytest

from ysc_sim.powerflow import Network, Reason, series_admittance, solve
from ysc_sim.powerflow.blocks import new_block
from ysc_sim.powerflow.constant_power import ConstantPower
from ysc_sim.powerflow.elimination import Elimination, SingularNetworkError
from ysc_sim.powerflow.fixed_point import Currents, Workspace, turn_power
from ysc_sim.powerflow.form_choice import choose_form
from ysc_sim.powerflow.grid import compiled
from ysc_sim.powerflow.injection import Injection
from ysc_sim.powerflow.planes import Pool
from ysc_sim.powerflow.ports import DensePorts, TreePorts, as_block, as_complex
from ysc_sim.powerflow.sparse_ports import SparsePorts
from ysc_sim.powerflow.sweep import Pieces, Sweep, cut
from ysc_sim.powerflow.tree import Tree, find_tree, prune
from ysc_sim.powerflow.unit_form import unit_form
from ysc_sim.powerflow.unit_turn import new_turn

BASE = 500.0
BUSES = 40
RNG = np.random.default_rng(11)
FROM = np.array([max(0, k - 1 - int(RNG.integers(0, 4))) for k in range(1, BUSES)])
OHM = (0.01 + 0.006j) * RNG.uniform(0.5, 1.5, BUSES - 1)
SHUNT = 1e-3j * RNG.uniform(0.5, 1.5, BUSES - 1)
E = 1.02 * np.exp(0.2j)


def street(**more):
    """A tree of 40 buses with charging, fed at bus 0; two ports at bus 7, one at the source."""
    return Network(
        **{
            "v_nominal_kv": np.full(BUSES, 0.4),
            "leg_bus": np.stack([FROM, np.arange(1, BUSES)], axis=1),
            "leg_y_pu": series_admittance(OHM, v_kv=0.4, base_kva=BASE, shunt_s=SHUNT),
            "source_bus": np.array([0]),
            "source_v_pu": np.array([[E]]),
            "base_kva": BASE,
            "ports": np.stack([[3, 7, 7, 39, 20, 0], [-1] * 6], axis=1),
            **more,
        }
    )


def nodal():
    """Admittance matrix by hand, in p.u.: 1 ohm is 1/0.32 p.u."""
    y = np.zeros((BUSES, BUSES), dtype=complex)
    for k, (a, b) in enumerate(zip(FROM, range(1, BUSES), strict=True)):
        series, half = 0.32 / OHM[k], 0.32 * SHUNT[k] / 2
        y[[a, b], [a, b]] += series + half
        y[[a, b], [b, a]] -= series
    return y


def by_hand(current):
    """Voltages of all buses for the currents (6, c) of the ports, and what the source feeds in."""
    y, into = nodal(), np.zeros((BUSES, current.shape[1]), dtype=complex)
    np.add.at(into, [3, 7, 7, 39, 20, 0], current)
    v = np.full_like(into, E)
    v[1:] = np.linalg.solve(y[1:, 1:], into[1:] - y[1:, :1] * E)
    return v, (y @ v - into)[0]


def loaded(form, net=None):
    net = street() if net is None else net
    grid = compiled(net, np.zeros(0, dtype=bool))
    slots = np.where(net.ports < 0, -1, grid.topology.slot[net.ports])
    return grid, form(grid, slots)


@pytest.mark.parametrize("form", [DensePorts, TreePorts, SparsePorts])
def test_a_form_answers_currents_by_ohms_law(form):
    grid, ports = loaded(form)
    slot = grid.topology.slot
    held = np.array([[E]])
    rng = np.random.default_rng(2)
    current = 0.1 * (rng.normal(size=(6, 5)) + 1j * rng.normal(size=(6, 5)))
    v, fed = by_hand(current)
    scaled = current / ports.true_current(np.ones((6, 1), dtype=complex), held)
    for kind, near in ((np.float64, 1e-12), (np.float32, 2e-6)):
        operator = ports.operator(5, kind)
        for _ in range(2):  # what it spoils it must mend for the next turn
            operator.hold(held)
            operator.current[:] = as_block(scaled)
            whole, change = new_block(6, 5, kind), new_block(6, 5, kind)
            operator.voltage(whole)
            operator.current[:] = as_block(scaled)
            operator.change(change)
            found = ports.true_voltage(as_complex(whole.astype(float)), held)
            assert found == pytest.approx(v[[3, 7, 7, 39, 20, 0]], abs=near)
            rise = ports.true_voltage(as_complex(change.astype(float)), held)
            assert rise == pytest.approx((v - by_hand(0 * current)[0])[[3, 7, 7, 39, 20, 0]], abs=near)
    for _ in range(2):
        everywhere = as_complex(ports.slot_block(as_block(scaled), held, {}))
        assert everywhere[slot] == pytest.approx(v, abs=1e-12)
    start = ports.true_voltage(as_complex(ports.start(held)), held)
    assert start == pytest.approx(by_hand(np.zeros((6, 1)))[0][[3, 7, 7, 39, 20, 0]], abs=1e-12)
    assert (grid.held_self @ held + ports.held_current @ current)[0] == pytest.approx(fed, abs=1e-11)


def test_forms_as_asked_and_by_shape(monkeypatch):
    grid, _ = loaded(DensePorts)
    pairs = np.where(street().ports < 0, -1, grid.topology.slot[street().ports])
    kinds = {None: DensePorts, "dense": DensePorts, "tree": TreePorts, "sparse": SparsePorts, "compiled": DensePorts}
    for kernel, kind in kinds.items():
        assert type(choose_form(grid, pairs, kernel, 4)) is kind
        assert choose_form(grid, pairs, kernel, 4) is choose_form(grid, pairs, kernel, 4)
    with pytest.raises(ValueError, match="kernel\\(='wood'\\)"):
        choose_form(grid, pairs, "wood", 4)
    at = "ysc_sim.powerflow.form_choice."
    monkeypatch.setattr(at + "TREE_FROM_PORTS", 4)
    monkeypatch.setattr(at + "TREE_FROM_PORTS_FEW", 6)
    for ports, rows, kind in ((3, 64, DensePorts), (4, 64, TreePorts), (5, 63, DensePorts), (6, 63, TreePorts)):
        assert type(choose_form(grid, pairs[:ports], None, rows)) is kind
    monkeypatch.setattr(at + "SPARSE_FROM_PORTS", 5)
    ring = street(leg_bus=np.array([[0, 1], [1, 2], [2, 0]]), leg_y_pu=street().leg_y_pu[:3], ports=np.array([[1, -1]]))
    ring_grid, _ = loaded(DensePorts, ring)
    meshed = np.repeat(ring_grid.topology.slot[[[1]]], 5, axis=0)
    meshed = np.concatenate([meshed, np.full_like(meshed, -1)], axis=1)
    assert type(choose_form(ring_grid, meshed, None, 64)) is SparsePorts
    assert type(choose_form(ring_grid, meshed[:4], None, 64)) is DensePorts
    with pytest.raises(ValueError, match="radial"):
        choose_form(ring_grid, meshed, "tree", 64)


@pytest.mark.parametrize("ports_at", [[3, 7, 39, 20], list(range(BUSES))])
@pytest.mark.parametrize("form", [DensePorts, TreePorts])
def test_units_of_the_own_no_load_voltage(form, ports_at):
    """v = E·(1 + r), r = Z·conj(k) with Z of the matrix inverted by NumPy."""
    net = street(ports=np.stack([ports_at, [-1] * len(ports_at)], axis=1))
    _, ports = loaded(form, net)
    unit = unit_form(ports, np.arange(len(ports_at)), np.array([[E]]), BASE)
    inverse = np.zeros((BUSES, BUSES), dtype=complex)
    inverse[1:, 1:] = np.linalg.inv(nodal()[1:, 1:])
    no_load = by_hand(np.zeros((6, 1)))[0][:, 0]
    z = (inverse / (no_load[:, None] * no_load.conj() * BASE))[np.ix_(ports_at, ports_at)]
    rng = np.random.default_rng(4)
    for kind, near in ((np.complex128, 1e-11), (np.complex64, 1e-4)):
        turn = new_turn(unit, 3, kind, Pool())
        for _ in range(2):
            given = 40 * (rng.normal(size=(len(ports_at), 3)) + 1j * rng.normal(size=(len(ports_at), 3)))
            k = np.zeros(unit.shape(3), dtype=kind)
            (k.T if unit.dense else k)[unit.place] = given
            turn.run(k)
            found = (turn.rise.T if unit.dense else turn.rise)[unit.place]
            assert found == pytest.approx(z @ given.conj(), abs=near)
            assert turn.rise.dtype == kind
    row_sum = np.abs(z).sum(axis=1).max()
    assert row_sum * (1 - 1e-9) <= unit.norm <= 1.05 * row_sum


def test_turns_of_a_correction_are_the_fewest_that_reach_what_is_aimed_at():
    """Each turn leaves ``rate`` of the error and the answer itself counts as one; 0.3 of a turn may be missing."""
    _, ports = loaded(DensePorts, street(ports=np.array([[3, -1], [7, -1], [39, -1]])))
    unit = unit_form(ports, np.arange(3), np.array([[E]]), BASE)
    kernel = ConstantPower(unit, np.arange(3), 2, Pool())
    left_kw = min(1e-12 / unit.norm, 3e-12 / 3**0.5)
    seen = set()
    for rate in (1e-4, 0.003, 0.02, 0.1, 0.3):
        for largest in (1e-11, 1e-9, 1e-7, 1e-5, 1e-3):
            aim = max(left_kw / largest, 3e-8)
            enough = [n for n in range(11) if rate ** (n + 1.3) <= aim]
            assert kernel._turns(largest, rate) == min([*enough, 10])
            seen.add(min([*enough, 10]))
    assert seen >= {0, 1, 2, 3}
    assert kernel._turns(0.0, 0.1) == 0
    assert kernel._turns(left_kw, 0.1) == 0
    assert kernel._turns(np.inf, 0.1) == kernel._turns(np.nan, 0.1) == 10


def test_the_rate_of_a_turn_is_that_of_the_rises_at_full_load():
    """The largest part of r = Z·conj(S) and a tenth more, as far as it lies in 1e-4 to 0.3."""
    _, ports = loaded(DensePorts, street(ports=np.array([[3, -1], [7, -1], [39, -1]])))
    unit = unit_form(ports, np.arange(3), np.array([[E]]), BASE)
    kernel = ConstantPower(unit, np.arange(3), 2, Pool())
    s = np.array([[3 + 1j, -2 + 2j, 1 - 1j], [-4 - 2j, 1 + 3j, 2 + 2j]])
    rise = s.conj() @ unit.pieces[0].z.T
    largest = max(np.abs(rise.real).max(), np.abs(rise.imag).max())
    for scale in (1e-3, 1.0, 5.0, 1e3):
        kernel.run(scale * s.real, scale * s.imag, largest_kw=4.0 * scale)
        with np.errstate(all="ignore"):  # the last rows collapse
            rate = kernel._start()
        assert rate == pytest.approx(min(max(1.1 * largest * scale, 1e-4), 0.3), rel=1e-5)


@pytest.mark.parametrize("width", [1, 9_000])
def test_currents_are_the_conjugate_of_power_over_voltage(width):
    """9,000 rows: two ports to a tile, three tiles."""
    _, ports = loaded(DensePorts)
    rng = np.random.default_rng(5)
    v = rng.uniform(0.7, 1.3, (6, width)) * np.exp(1j * rng.uniform(-3, 3, (6, width)))
    s = rng.normal(size=(6, width)) + 1j * rng.normal(size=(6, width))
    injection, held, space = Injection(power=as_block(s)), np.array([[E]]), Workspace(ports)
    exact = Currents(space, injection, held, np.float64)
    for kind, like, near in ((np.float64, None, 1e-12), (np.float32, None, 2e-5), (np.float32, exact, 2e-5)):
        out = np.full((6, 2, width), np.nan, kind)
        Currents(space, injection, held, kind, like).run(as_block(v).astype(kind), out)
        assert as_complex(out.astype(float)) == pytest.approx((s / v).conj(), abs=near)


@pytest.mark.parametrize("turn", [None, np.array([[2.0 + 0j]]), np.array([[2.0 + 1j], [0.5 - 3j]])])
def test_turned_power(turn):
    s = np.array([[1 + 2j, 3 - 1j, 0.5j], [2 - 2j, 1j, -1]])
    out = np.full((2, 2, 3), np.nan)
    turn_power(as_block(s), turn, out)
    assert as_complex(out) == pytest.approx(s.conj() * (1 if turn is None else turn))


def test_a_sweep_of_blocks_adds_up_the_paths():
    """Rise of a node: over the nodes on its way to the root, impedance × all that flows below."""
    grid, ports = loaded(TreePorts)
    tree, count = grid.tree, BUSES - 1
    on_path = np.zeros((count, count))
    for k, up in enumerate(tree.parent):
        on_path[k] = on_path[up] if up >= 0 else 0
        on_path[k, k] = 1
    sweep, pieces = Sweep(ports.all_pieces, 2, np.float64), Pieces(tree)
    rng = np.random.default_rng(6)
    for _ in range(2):
        flow = rng.normal(size=(count, 2)) + 1j * rng.normal(size=(count, 2))
        sweep.flow[pieces.into] = as_block(flow)
        found = as_complex(sweep.run()[pieces.out_of])
        assert found == pytest.approx((on_path * tree.z) @ on_path.T @ flow, abs=1e-12)
    assert sorted(node for nodes, _ in cut(tree.parent, 5) for node in nodes) == list(range(count))


def test_a_delta_of_equal_loads_is_a_star():
    """Three loads between the phases of the only free bus, 30 kW in all: each phase as a balanced line of 10 kW."""
    r = 0.1  # p.u. of 100 kVA a phase
    leg = np.kron([[1, -1], [-1, 1]], np.eye(3)) / r + 0j
    net = Network(
        v_nominal_kv=np.array([0.4, 0.4]),
        phases=3,
        conductors=3,
        base_kva=100.0,
        leg_bus=np.array([[0, 1]]),
        leg_y_pu=leg[None],
        source_bus=np.array([0]),
        source_v_pu=np.exp(-2j * np.pi / 3 * np.arange(3))[None],
        ports=np.array([[3, 4], [4, 5], [5, 3]]),
    )
    found = solve(net, [-10.0, -10.0, -10.0], 0.0, tolerance_pu=1e-12)
    assert found.reason.tolist() == [Reason.OK]
    v = (1 + np.sqrt(1 - 4 * r * 0.1)) / 2
    assert np.abs(found.v_pu[0, 1]) == pytest.approx([v] * 3, abs=1e-12)
    assert found.loss_kw[0] == pytest.approx(300 * (1 - v) ** 2 / r, rel=1e-9)


@pytest.mark.parametrize("kernel", ["dense", "sparse", "tree"])
def test_power_of_a_source_behind_an_impedance_is_counted_at_its_terminal(kernel):
    """1 → 0.05j → terminal → 0.02 + 0.03j → load 100 + 50j of 1,000 kVA, and 20 + 10j at the terminal itself."""
    y = np.array([1 / 0.05j, 1 / (0.02 + 0.03j)])
    net = Network(
        v_nominal_kv=np.full(3, 0.4),
        leg_bus=np.array([[0, 1], [1, 2]]),
        leg_y_pu=y[:, None, None] * np.array([[1, -1], [-1, 1]]),
        source_bus=np.array([0]),
        source_terminal=np.array([1]),
        source_v_pu=np.array([[1 + 0j]]),
    )
    p, q = [0.0, -20.0, -100.0], [0.0, -10.0, -50.0]
    found = solve(net, p, q, tolerance_pu=1e-12, kernel=kernel)
    v1, v2 = found.v_pu[0, 1:]
    far = ((-0.1 - 0.05j) / v2).conj()
    near = ((-0.02 - 0.01j) / v1).conj()
    assert v2 == pytest.approx(v1 + (0.02 + 0.03j) * far, abs=1e-11)
    assert v1 == pytest.approx(1 + 0.05j * (far + near), abs=1e-11)
    power = -1000 * v1 * (far + near).conj()
    assert found.slack_kw[0, 0] == pytest.approx(power.real, abs=1e-7)
    assert found.slack_kvar[0, 0] == pytest.approx(power.imag, abs=1e-7)
    assert found.loss_kw[0] == pytest.approx(1000 * 0.02 * abs(far) ** 2, abs=1e-7)


def test_a_tree_of_one_line_and_one_that_floats():
    """Admittances of 1 and −1: 1 p.u. of impedance, no-load voltage 1; with nothing on the diagonal it has none."""
    rows, columns = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    tree = find_tree(2, 1, rows, columns, np.array([1, -1, -1, 1 + 0j]))
    assert tree is not None
    assert (tree.z.tolist(), tree.w.tolist(), tree.u.tolist()) == ([1], [1], [1])
    assert find_tree(2, 1, rows, columns, np.array([0, -1, -1, 1 + 0j])) is None
    halves = find_tree(2, 1, rows, columns, np.array([2, -1, -4, 1 + 0j]))
    assert (halves.w.tolist(), halves.u.tolist()) == ([0.5], [2])


def test_pruning_keeps_what_is_wanted_and_the_forks_between():
    """0 ─ 1 ─ 2 ─ 3      wanted: 3, 5 and 8; 2 is a fork of theirs, 6 only of what nobody wants,
            └ 4 ─ 5      and 1 and 7 are passed through
    6 ─ 7 ─ 8
    └ 9"""
    parent = np.array([-1, 0, 1, 2, 2, 4, -1, 6, 7, 6])
    one = np.ones(10, dtype=complex)
    tree = Tree(parent=parent, z=2.0 ** np.arange(10) + 0j, slot=np.arange(10), root=np.zeros(10, int), w=one, u=one)
    small, place = prune(tree, np.array([8, 3, 5]))
    assert small.slot.tolist() == [2, 3, 5, 8]
    assert small.parent.tolist() == [-1, 0, 0, -1]
    assert small.z.real.tolist() == [1 + 2 + 4, 8, 16 + 32, 64 + 128 + 256]
    assert place.tolist() == [3, 1, 2]


def test_no_pivot_is_no_solution():
    with pytest.raises(SingularNetworkError):
        Elimination(2, np.array([0, 1]), np.array([1, 0]), np.array([1, 1 + 0j]))


def test_at_most_64_patterns_are_remembered():
    ends = np.stack([np.arange(7), np.ones(7, dtype=int)], axis=1)
    net = street(switch_bus=np.full((7, 2), -1), switch_leg=ends, switch_closed=np.ones(7, dtype=bool))
    kept = []
    for k in range(66):
        closed = np.array([bool(k >> bit & 1) for bit in range(7)])
        assert compiled(net, closed) is compiled(net, closed)
        kept.append(len(net.cache))
    assert kept == [*range(1, 65), 1, 2]
