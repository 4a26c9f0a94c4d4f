"""Three-winding transformers in unbalanced phases: against power-grid-model's asymmetric calculation, against the nine
terminals of three single-phase units written out as an admittance matrix (R. C. Dugan, IEEE PES General Meeting 2003),
and against the balanced model."""

import numpy as np
import pandapower as pp
import pytest

from ysc_sim.adapters.pandapower import (
    UnrepresentableElementError,
    injections_from_pandapower,
    network_from_pandapower,
)
from ysc_sim.powerflow import solve
from ysc_sim.powerflow.windings import unit_admittance

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
V_KV = (66.0, 22.0, 6.6)
RATED_KV = (66.0, 22.0, 6.9)
SIDES = ("hv", "mv", "lv")
PAIRS = {"hv": (0, 1), "mv": (1, 2), "lv": (0, 2)}
SOURCE_PU = 1.02


def grid(windings, clocks, seed=0, *, tap=("hv", 0), i0=0.0, balanced=False):
    """66/22/6.6 kV; unbalanced loads and a line behind each winding that is earthed, a shunt behind the others."""
    rng = np.random.default_rng(seed)
    net = pp.create_empty_network(sn_mva=1.0)
    buses = [pp.create_bus(net, v) for v in V_KV]
    pp.create_ext_grid(net, buses[0], vm_pu=SOURCE_PU)
    # resistance and reactance in one proportion: the two tools turn pairs into a star by different quantities
    vk = {"vk_hv_percent": 9.0, "vk_mv_percent": 7.5, "vk_lv_percent": 11.0}
    data = vk | {name.replace("vk", "vkr"): 0.05 * value for name, value in vk.items()}
    pp.create_transformer3w_from_parameters(
        net, *buses, *RATED_KV, 30.0, 20.0, 12.0, **data, pfe_kw=0.3 * i0 * 300, i0_percent=i0,
        shift_mv_degree=30.0 * clocks[0], shift_lv_degree=30.0 * clocks[1], tap_side=tap[0], tap_neutral=0, tap_min=-4,
        tap_max=4, tap_step_percent=1.5, tap_pos=tap[1], tap_changer_type="Ratio",
        vector_group=windings[0].upper() + windings[1] + windings[2],
        **{name.replace("_", "0_", 1): value for name, value in data.items()})  # fmt: skip
    for k in (1, 2):
        end = pp.create_bus(net, V_KV[k])
        pp.create_line_from_parameters(net, buses[k], end, 2.0, 0.1, 0.3, 10.0, 1.0, r0_ohm_per_km=0.4,
                                       x0_ohm_per_km=1.0, c0_nf_per_km=5.0)  # fmt: skip
        if windings[k] == "yn" or balanced:
            p = rng.uniform(-1, 3, 3) if not balanced else np.full(3, 1.5)
            pp.create_asymmetric_load(net, buses[k], *p, *(0.3 * p))
            pp.create_asymmetric_load(net, end, *(0.5 * p), *(0.1 * p))
        if windings[k] != "yn":
            pp.create_shunt(net, buses[k], q_mvar=0.0, p_mw=0.5)
    return net


def solved(net):
    p, q = injections_from_pandapower(net, phases=3)
    solution = solve(network_from_pandapower(net, phases=3), p, q, tolerance_pu=1e-10)
    assert solution.ok.all()
    return solution


def grid_model(net, windings, clocks):
    """The same in power-grid-model: complex voltages to neutral."""
    from power_grid_model import ComponentType as Kind
    from power_grid_model import PowerGridModel, WindingType, initialize_array

    kind = {"y": WindingType.wye, "yn": WindingType.wye_n, "d": WindingType.delta}
    node = initialize_array("input", Kind.node, len(net.bus))
    node["id"], node["u_rated"] = net.bus.index, net.bus.vn_kv * 1e3
    line = initialize_array("input", Kind.line, len(net.line))
    line["id"], line["from_node"], line["to_node"] = 100 + net.line.index, net.line.from_bus, net.line.to_bus
    line["from_status"] = line["to_status"] = 1
    length = net.line.length_km.to_numpy()
    for name in ("r", "x"):
        line[f"{name}1"] = net.line[f"{name}_ohm_per_km"] * length
        line[f"{name}0"] = net.line[f"{name}0_ohm_per_km"] * length
    line["c1"], line["c0"] = net.line.c_nf_per_km * 1e-9 * length, net.line.c0_nf_per_km * 1e-9 * length
    line["tan1"] = line["tan0"] = 0.0
    line["i_n"] = 1000.0
    table = net.trafo3w.iloc[0]
    unit = initialize_array("input", Kind.three_winding_transformer, 1)
    unit["id"] = 50
    for k, side in enumerate(SIDES):
        unit[f"node_{k + 1}"], unit[f"status_{k + 1}"], unit[f"winding_{k + 1}"] = k, 1, kind[windings[k]]
        unit[f"u{k + 1}"], unit[f"sn_{k + 1}"] = table[f"vn_{side}_kv"] * 1e3, table[f"sn_{side}_mva"] * 1e6
        one, two = PAIRS[side]
        smaller = min(table[f"sn_{SIDES[one]}_mva"], table[f"sn_{SIDES[two]}_mva"]) * 1e6
        unit[f"uk_{one + 1}{two + 1}"] = table[f"vk_{side}_percent"] / 100
        unit[f"pk_{one + 1}{two + 1}"] = table[f"vkr_{side}_percent"] / 100 * smaller
    unit["i0"] = unit["p0"] = 0.0
    unit["clock_12"], unit["clock_13"] = clocks
    unit["tap_side"], unit["tap_pos"] = SIDES.index(table.tap_side), int(table.tap_pos)
    unit["tap_min"], unit["tap_max"], unit["tap_nom"] = -4, 4, 0
    unit["tap_size"] = table.tap_step_percent / 100 * table[f"vn_{table.tap_side}_kv"] * 1e3
    load = initialize_array("input", Kind.asym_load, len(net.asymmetric_load))
    load["id"], load["node"], load["status"], load["type"] = (
        200 + net.asymmetric_load.index,
        net.asymmetric_load.bus,
        1,
        0,
    )
    load["p_specified"] = net.asymmetric_load[["p_a_mw", "p_b_mw", "p_c_mw"]].to_numpy() * 1e6
    load["q_specified"] = net.asymmetric_load[["q_a_mvar", "q_b_mvar", "q_c_mvar"]].to_numpy() * 1e6
    shunt = initialize_array("input", Kind.shunt, len(net.shunt))
    shunt["id"], shunt["node"], shunt["status"] = 300 + net.shunt.index, net.shunt.bus, 1
    shunt["g1"] = shunt["g0"] = net.shunt.p_mw / net.bus.vn_kv.loc[net.shunt.bus].to_numpy() ** 2
    shunt["b1"] = shunt["b0"] = 0.0
    source = initialize_array("input", Kind.source, 1)
    source["id"], source["node"], source["status"], source["u_ref"] = 999, 0, 1, SOURCE_PU
    source["sk"], source["rx_ratio"], source["z01_ratio"] = 1e20, 0.1, 1.0
    model = PowerGridModel({Kind.node: node, Kind.line: line, Kind.three_winding_transformer: unit, Kind.shunt: shunt,
                            Kind.asym_load: load, Kind.source: source}, system_frequency=50.0)  # fmt: skip
    answer = model.calculate_power_flow(symmetric=False, error_tolerance=1e-13, max_iterations=100)["node"]
    return answer["u_pu"] * np.exp(1j * answer["u_angle"])


@pytest.mark.parametrize("tap", [("hv", 2), ("mv", -3), ("lv", 4)])
@pytest.mark.parametrize(("windings", "clocks"), [
    (("yn", "yn", "d"), (0, 1)),
    (("yn", "d", "yn"), (11, 6)),
    (("yn", "yn", "yn"), (6, 2)),
    (("yn", "yn", "yn"), (4, 10)),
    (("yn", "d", "d"), (1, 5)),
])  # fmt: skip
def test_against_power_grid_model(windings, clocks, tap):
    net = grid(windings, clocks, tap=tap)
    assert np.abs(solved(net).v_pu[0] - grid_model(net, windings, clocks)).max() <= 1e-8


TURNS = {0: (0, 1), 4: (2, 1), 8: (1, 1), 6: (0, -1), 10: (2, -1), 2: (1, -1)}
"""Even clocks: by how many phases the terminals are moved on, and which way round the windings are."""


def terminals(kind, clock, start):
    """Plus and minus node of the winding on each of three limbs; ``start``: first of four nodes (a, b, c, neutral)
    of this side, whose voltages lag those of a star winding wound alike by 30° · clock."""
    if kind != "d":
        move, way = TURNS[clock % 12]
        ends = [(start + (limb + move) % 3, start + 3) for limb in range(3)]
        return ends if way > 0 else [(minus, plus) for plus, minus in ends]
    # a winding from a to b leads phase a by 30°, so that the phases lag their limbs (clock 1); then they move on
    move = {1: 0, 5: 2, 9: 1}.get(clock % 12)
    if move is not None:
        return [(start + (limb + move) % 3, start + (limb + 1 + move) % 3) for limb in range(3)]
    move = {7: 0, 11: 2, 3: 1}[clock % 12]
    return [(start + (limb + 1 + move) % 3, start + (limb + move) % 3) for limb in range(3)]


def written_out(net, windings, clocks):
    """Complex voltages to neutral from the windings themselves: volts, siemens and a plain iteration."""
    of_hv = 1 if windings[0] == "d" else 0  # clock of the hv terminals against their limbs
    table = net.trafo3w.iloc[0]
    y = np.zeros((20, 20), dtype=complex)  # hv, mv, lv, end of mv line, end of lv line: a, b, c, neutral
    volts = [RATED_KV[k] * 1e3 * (1 if kind == "d" else 3**-0.5) for k, kind in enumerate(windings)]
    base = 1000.0  # kVA of one limb
    sn = [table[f"sn_{side}_mva"] for side in SIDES]
    x, r = [], []
    for side in ("hv", "lv", "mv"):  # pairs 1-2, 1-3, 2-3
        one, two = PAIRS[side]
        scale = 3.0 / min(sn[one], sn[two])
        z, real = scale * table[f"vk_{side}_percent"], scale * table[f"vkr_{side}_percent"]
        x.append(np.sqrt(z**2 - real**2))
        r.append(real)
    legs = [(r[0] + r[1] - r[2]) / 2, (r[0] + r[2] - r[1]) / 2, (r[1] + r[2] - r[0]) / 2]
    limb = unit_admittance(volts, rated_kva=base, r_percent=legs, x_percent=x)
    ends = [
        terminals(kind, (of_hv + c) % 12, 4 * k) for k, (kind, c) in enumerate(zip(windings, (0, *clocks), strict=True))
    ]
    for one in range(3):
        incidence = np.zeros((3, 20))
        for k in range(3):
            plus, minus = ends[k][one]
            incidence[k, plus] += 1
            incidence[k, minus] -= 1
        y += incidence.T @ limb @ incidence
    for k, kind in enumerate(windings):
        y[4 * k + 3, 4 * k + 3] += 1.0 if kind == "d" else 0.0
    y[15, 15] = y[19, 19] = 1.0
    turn = np.exp(2j * np.pi / 3)
    fortescue = np.array([[1, 1, 1], [1, turn**2, turn], [1, turn, turn**2]])
    for row in net.line.itertuples():
        one, two = 4 * row.from_bus + np.arange(3), 4 * row.to_bus + np.arange(3)
        kinds = ((row.r0_ohm_per_km, row.x0_ohm_per_km, row.c0_nf_per_km),) + 2 * (
            (row.r_ohm_per_km, row.x_ohm_per_km, row.c_nf_per_km),)  # fmt: skip
        z = fortescue @ np.diag([complex(*k[:2]) * row.length_km for k in kinds]) @ np.linalg.inv(fortescue)
        c = fortescue @ np.diag([k[2] * 1e-9 * row.length_km for k in kinds]) @ np.linalg.inv(fortescue)
        series, half = np.linalg.inv(z), 1j * np.pi * 50 * c
        for a, b in ((one, two), (two, one)):
            y[np.ix_(a, a)] += series + half
            y[np.ix_(a, b)] -= series
    for row in net.shunt.itertuples():
        y[4 * row.bus + np.arange(3), 4 * row.bus + np.arange(3)] += row.p_mw * 1e6 / (V_KV[row.bus] * 1e3) ** 2
    power = np.zeros(20, dtype=complex)
    loads = net.asymmetric_load
    p, q = (loads[[f"{axis}_{x}_{unit}" for x in "abc"]].to_numpy(float) for axis, unit in (("p", "mw"), ("q", "mvar")))
    np.subtract.at(power, 4 * loads.bus.to_numpy()[:, None] + np.arange(3), 1e6 * (p + 1j * q))
    earthed = [4 * k + 3 for k, kind in enumerate(windings) if kind == "yn"]
    held, free = np.arange(3), np.setdiff1d(np.arange(3, 20), earthed)
    source = SOURCE_PU * V_KV[0] * 1e3 / 3**0.5 * turn ** -np.arange(3)
    inverse = np.linalg.inv(y[np.ix_(free, free)])
    idle = -inverse @ y[np.ix_(free, held)] @ source
    v = idle.copy()
    for _ in range(200):
        v = idle + inverse @ np.where(power[free] == 0, 0, (power[free] / np.where(v == 0, 1, v)).conj())
    nodes = np.zeros(20, dtype=complex)
    nodes[held], nodes[free] = source, v
    return nodes.reshape(5, 4)[:, :3] / (np.array([*V_KV, V_KV[1], V_KV[2]])[:, None] * 1e3 / 3**0.5)


@pytest.mark.parametrize(("windings", "clocks"), [
    (("yn", "yn", "d"), (0, 1)),
    (("yn", "yn", "yn"), (6, 10)),
    (("yn", "d", "d"), (1, 5)),
    (("yn", "d", "yn"), (7, 8)),
    (("d", "yn", "yn"), (11, 11)),
    (("d", "yn", "yn"), (1, 7)),
    (("d", "d", "yn"), (0, 5)),
    (("y", "yn", "d"), (0, 11)),
    (("yn", "y", "yn"), (2, 0)),
    (("d", "y", "yn"), (3, 9)),
])  # fmt: skip
def test_against_the_windings_written_out(windings, clocks):
    net = grid(windings, clocks)
    assert np.abs(solved(net).v_pu[0] - written_out(net, windings, clocks)).max() <= 1e-8


@pytest.mark.parametrize("windings", [("yn", "yn", "d"), ("d", "yn", "yn"), ("yn", "yn", "yn")])
def test_balanced_loads_give_the_balanced_answer(windings):
    clocks = tuple(0 if kind == windings[0] else 1 for kind in windings[1:])
    net = grid(windings, clocks, tap=("mv", 2), i0=0.4, balanced=True)
    three = solved(net)
    p, q = injections_from_pandapower(net)
    one = solve(network_from_pandapower(net), p, q, tolerance_pu=1e-10)
    turn = np.exp(-2j * np.pi / 3 * np.arange(3))
    assert np.abs(three.v_pu[0] - one.v_pu[0][:, None] * turn).max() <= 1e-8
    assert three.loss_kw[0] == pytest.approx(one.loss_kw[0], abs=1e-4)
    assert np.abs(three.branch_loading_percent[0] - one.branch_loading_percent[0][:, None]).max() <= 1e-4


@pytest.mark.parametrize("open_side", [0, 1, 2])
@pytest.mark.parametrize("windings", [("yn", "yn", "yn"), ("yn", "yn", "d"), ("yn", "y", "yn"), ("d", "yn", "y")])
def test_open_windings_leave_the_others_alive(windings, open_side):
    clocks = tuple(0 if (kind == "d") == (windings[0] == "d") else 1 for kind in windings[1:])
    net = grid(windings, clocks)
    pp.create_switch(net, open_side, 0, et="t3", closed=False)
    p, q = injections_from_pandapower(net, phases=3)
    lost = [bus for bus in net.bus.index[1:] if bus in (((), (1, 3), (2, 4))[open_side] if open_side else (1, 2, 3, 4))]
    p[lost], q[lost] = 0.0, 0.0
    solution = solve(network_from_pandapower(net, phases=3), p, q, tolerance_pu=1e-9)
    assert solution.ok.all()
    assert np.all(solution.v_pu[0, lost] == 0)
    alive = [bus for bus in net.bus.index if bus not in lost]
    assert np.all(np.abs(solution.v_pu[0, alive]) > 0.9)


def test_out_of_service_it_needs_no_data():
    net = grid(("yn", "yn", "d"), (0, 1))
    pp.create_transformer3w_from_parameters(
        net, 0, 1, 2, 66, 22, 6.6, 1, 1, 1, 4, 4, 4, 1, 1, 1, 1, 1, in_service=False
    )
    want = solved(grid(("yn", "yn", "d"), (0, 1))).v_pu
    assert np.abs(solved(net).v_pu - want).max() <= 1e-12


def _group(net):
    net.trafo3w["vector_group"] = "YNzd"
    return "trafo3w 0 has vector group 'YNzd'"


def _no_group(net):
    net.trafo3w = net.trafo3w.drop(columns="vector_group")
    return "trafo3w 0 has vector group None"


def _no_zero_sequence(net):
    net.trafo3w.loc[0, "vkr0_lv_percent"] = np.nan
    return "trafo3w 0 has no vkr0_lv_percent"


def _clock(net):
    net.trafo3w["shift_mv_degree"] = 30.0
    return "trafo3w 0 is earthed at hv and mv"


@pytest.mark.parametrize("spoil", [_group, _no_group, _no_zero_sequence, _clock])
def test_what_is_missing_is_named(spoil):
    net = grid(("yn", "yn", "d"), (0, 1))
    message = spoil(net)
    with pytest.raises(UnrepresentableElementError, match=message):
        network_from_pandapower(net, phases=3)
