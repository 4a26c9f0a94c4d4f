"""AC power flow: CPU microseconds per solved row of our two kernels and of peers, on the same network in the same run.

    python benchmarks/power_flow.py [--rows 8760] [--repeat 3] [--case NAME …] [--memory]

One thread, CPU time, best of the repeats; everything a solve is asked for here is the complex voltage of every
bus (``want=("v_pu",)``), which is what the peers' batch calls return. Peers that are not installed are left out:
power-grid-model, lightsim2grid, tensorpowerflow (with pandas), and simbench for three of the networks; they fit
one environment of their own (``pip install power-grid-model lightsim2grid tensorpowerflow simbench numba``). So that
all solve the same thing, every network is reduced to what each can represent: one voltage level, series
impedances, a slack of 1.0 p.u. ``--memory`` runs the year of 35,040 rows × 1,000 buses for lowest and highest
voltage.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from records import emit

from ysc_sim.powerflow import Forming, Network, series_admittance, solve, solve_island
from ysc_sim.powerflow.grid import compiled

warnings.filterwarnings("ignore")


@dataclass(frozen=True)
class Case:
    """A network with rows of injections, and how many times the fastest peer we aim at."""

    name: str
    net: Network
    p_kw: np.ndarray
    q_kvar: np.ndarray
    aim: float
    pp_net: object = None


def shapes(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Household-like load factors in [0, 1] with a daily wave, and solar at every third column."""
    rng = np.random.default_rng(seed)
    hour = (np.arange(rows) % 96)[:, None] / 4
    load = (0.25 + 0.2 * np.sin((hour - 15) / 24 * 2 * np.pi)) * rng.lognormal(0, 0.5, (rows, columns))
    sun = (
        np.maximum(np.sin((hour - 6) / 12 * np.pi), 0) * (np.arange(columns) % 3 == 0) * rng.uniform(0.5, 1, (rows, 1))
    )
    return np.minimum(load, 1.5) - sun


def radial(buses: int, rows: int) -> tuple[Network, np.ndarray, np.ndarray]:
    """A random low-voltage feeder with a load at every bus but the first two."""
    rng = np.random.default_rng(7)
    up = np.array([rng.integers(max(0, k - 6), k) for k in range(1, buses)])
    ends = np.stack([up, np.arange(1, buses)], axis=1)
    z = (0.2 + 0.08j) * rng.uniform(0.01, 0.05, buses - 1) * 60 / buses
    net = Network(
        v_nominal_kv=np.full(buses, 0.4),
        leg_bus=ends,
        leg_y_pu=series_admittance(z, v_kv=0.4, base_kva=1000.0, shunt_s=1e-6j),
        source_bus=np.array([0]),
        source_v_pu=np.array([[1.0 + 0j]]),
    )
    p = np.zeros((rows, buses))
    p[:, 2:] = -shapes(rows, buses - 2) * 150 / buses
    return net, p, 0.3 * p


def cases(rows: int) -> Iterator[Case]:
    """The networks of the issue: 15, 41, 59, 95 (meshed), 100 and 1,000 buses."""
    yield from _from_simbench(rows)
    yield from _cigre(rows)
    for buses, aim in ((100, 4.0), (1000, 2.5)):
        net, p, q = radial(buses, rows if buses < 500 else max(1, rows // 10))
        yield Case(f"radial {buses}", net, p, q, aim)


def _adapted(name: str, pp_net: object, rows: int, aim: float) -> Case:
    from ysc_sim.adapters.pandapower import injections_from_pandapower, network_from_pandapower

    p, q = injections_from_pandapower(pp_net)
    factor = np.abs(shapes(rows, len(p))) + 0.05
    return Case(name, network_from_pandapower(pp_net), factor * p, factor * q, aim, pp_net)


def _cigre(rows: int) -> Iterator[Case]:
    import pandapower.networks as pn

    net = pn.create_cigre_network_lv()
    net.switch["closed"] = True
    yield _adapted("CIGRE LV 41–44", net, rows, 15.0)


def _from_simbench(rows: int) -> Iterator[Case]:
    try:
        import simbench
    except ImportError:
        return
    for code, name, aim in (
        ("1-LV-rural1--0-no_sw", "SimBench rural1 15", 4.0),
        ("1-LV-urban6--0-no_sw", "SimBench urban6 59", 5.0),
        ("1-MV-rural--0-sw", "SimBench MV rural, rings closed 95", 4.0),
    ):
        net = simbench.get_simbench_net(code)
        net.switch["closed"] = True
        yield _adapted(name, net, rows, aim)


KERNELS = {"NumPy": None, **({"compiled": "compiled"} if find_spec("numba") else {})}
"""What is measured of ours. The rows of a benchmark are too few for the compiled kernel to be chosen."""


def ours(case: Case, kernel: str | None) -> Callable[[], np.ndarray]:
    return lambda: solve(case.net, case.p_kw, case.q_kvar, want=("v_pu",), kernel=kernel).v_pu


def plain(case: Case) -> Case:
    """The same graph, series impedances and loads on one voltage level with a slack of 1.0 p.u. and without
    shunts, taps, shifts and switches: what every peer can represent exactly. Slack first."""
    net = case.net
    top = compiled(net, net.switch_closed).topology
    order = np.argsort(np.arange(top.count) < top.free_count, kind="stable")
    place = np.argsort(order)
    ends = place[top.slot[net.leg_bus]]
    living = (np.abs(top.leg_y_pu[:, 0, 1]) > 0) & (ends[:, 0] != ends[:, 1]) & (top.slot[net.leg_bus] >= 0).all(axis=1)
    z = -1 / top.leg_y_pu[living, 0, 1]
    z = np.abs(z.real) + 1j * np.abs(z.imag)  # a phase shift would turn it
    p, q = np.zeros((len(case.p_kw), top.count)), np.zeros((len(case.p_kw), top.count))
    for column, slot in enumerate(top.slot[: net.bus_count]):
        if slot >= 0:
            p[:, place[slot]] += case.p_kw[:, column]
            q[:, place[slot]] += case.q_kvar[:, column]
    same = Network(
        v_nominal_kv=np.full(top.count, 0.4),
        leg_bus=ends[living],
        leg_y_pu=series_admittance(z * 0.16, v_kv=0.4, base_kva=1000.0),
        source_bus=np.array([0]),
        source_v_pu=np.array([[1.0 + 0j]]),
    )
    return replace(case, net=same, p_kw=p, q_kvar=q)


def lines_of(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(L, 2) buses, (L,) impedance in ohm, and loaded buses."""
    loaded = np.flatnonzero((case.p_kw != 0).any(axis=0) | (case.q_kvar != 0).any(axis=0))
    return case.net.leg_bus, -0.16 / case.net.leg_y_pu[:, 0, 1], loaded


def power_grid_model(case: Case, method: str) -> Callable[[], np.ndarray]:
    from power_grid_model import CalculationMethod, ComponentType, LoadGenType, PowerGridModel, initialize_array

    ends, z, loaded = lines_of(case)
    n = len(case.net.v_nominal_kv)
    node = initialize_array("input", ComponentType.node, n)
    node["id"], node["u_rated"] = np.arange(n), 400.0
    line = initialize_array("input", ComponentType.line, len(ends))
    line["id"], line["from_node"], line["to_node"] = n + np.arange(len(ends)), ends[:, 0], ends[:, 1]
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"], line["c1"], line["tan1"], line["i_n"] = z.real, z.imag, 0.0, 0.0, 1000.0
    load = initialize_array("input", ComponentType.sym_load, len(loaded))
    load["id"], load["node"], load["status"] = 10**6 + np.arange(len(loaded)), loaded, 1
    load["type"], load["p_specified"], load["q_specified"] = LoadGenType.const_power, 0.0, 0.0
    source = initialize_array("input", ComponentType.source, 1)
    source["id"], source["node"], source["status"], source["u_ref"] = 2 * 10**6, 0, 1, 1.0
    source["sk"], source["rx_ratio"] = 1e20, 0.1
    parts = zip(("node", "line", "sym_load", "source"), (node, line, load, source), strict=True)
    model = PowerGridModel({getattr(ComponentType, name): part for name, part in parts})
    update = initialize_array("update", ComponentType.sym_load, (len(case.p_kw), len(loaded)))
    update["id"] = load["id"]
    update["p_specified"], update["q_specified"] = -1000 * case.p_kw[:, loaded], -1000 * case.q_kvar[:, loaded]
    chosen = getattr(CalculationMethod, method)

    def run() -> np.ndarray:
        answer = model.calculate_power_flow(
            update_data={ComponentType.sym_load: update},
            calculation_method=chosen,
            error_tolerance=1e-8,
            max_iterations=100,
            threading=-1,
            output_component_types={ComponentType.node: ["u_pu"]},
        )
        return np.asarray(answer[ComponentType.node]["u_pu"])

    return run


def lightsim2grid(case: Case) -> Callable[[], np.ndarray]:
    import pandapower as pp
    from lightsim2grid.network import init_from_pandapower
    from lightsim2grid.timeSerie import TimeSeriesCPP

    ends, z, loaded = lines_of(case)
    net = pp.create_empty_network(sn_mva=1.0)
    for _ in case.net.v_nominal_kv:
        pp.create_bus(net, 0.4)
    pp.create_ext_grid(net, 0)
    pp.create_lines_from_parameters(net, ends[:, 0], ends[:, 1], 1.0, z.real, z.imag, 0.0, 1.0)
    pp.create_loads(net, loaded, 0.0, 0.0)
    pp.runpp(net, numba=False)
    model = init_from_pandapower(net)
    series = TimeSeriesCPP(model)
    p, q = np.ascontiguousarray(-case.p_kw[:, loaded] / 1000), np.ascontiguousarray(-case.q_kvar[:, loaded] / 1000)
    slack, none = np.zeros((len(p), len(model.get_generators()))), np.zeros((len(p), 0))
    start = np.ones(len(net.bus), dtype=complex)

    def run() -> np.ndarray:
        series.compute_Vs(slack, none, p, q, start, 20, 1e-8)
        return np.abs(np.asarray(series.get_voltages()))

    return run


def tensorpowerflow(case: Case) -> Callable[[], np.ndarray]:
    import pandas as pd
    from tensorpowerflow import GridTensor

    ends, z, _ = lines_of(case)
    n = len(case.net.v_nominal_kv)
    nodes = pd.DataFrame({"NODES": np.arange(1, n + 1), "Tb": [1] + [0] * (n - 1), "PD": 0.0, "QD": 0.0})
    nodes["Pct"], nodes["Ict"], nodes["Zct"] = 1, 0, 0
    columns = {"FROM": ends[:, 0] + 1, "TO": ends[:, 1] + 1, "R": z.real, "X": z.imag, "B": 0.0, "STATUS": 1, "TAP": 1}
    grid = GridTensor(
        node_file_path="", lines_file_path="", from_file=False, nodes_frame=nodes, lines_frame=pd.DataFrame(columns),
        s_base=1000, v_base=0.4, numba=False)  # fmt: skip
    p, q = -case.p_kw[:, 1:], -case.q_kvar[:, 1:]

    def run() -> np.ndarray:
        answer = grid.run_pf(active_power=p, reactive_power=q, tolerance=1e-8)
        return np.concatenate([np.ones((len(p), 1)), np.abs(answer["v"])], axis=1)

    return run


PEERS: dict[str, Callable[[Case], Callable[[], np.ndarray]]] = {
    "power-grid-model, Newton": lambda case: power_grid_model(case, "newton_raphson"),
    "power-grid-model, iterative current": lambda case: power_grid_model(case, "iterative_current"),
    "lightsim2grid": lightsim2grid,
    "tensorpowerflow": tensorpowerflow,
}


def best(run: Callable[[], object], repeat: int) -> float:
    """Smallest CPU time in seconds."""
    took = []
    for _ in range(repeat):
        start = time.process_time()
        run()
        took.append(time.process_time() - start)
    return min(took)


def compare(case: Case, repeat: int) -> None:
    """One line for each kernel of ours and each peer, and what the kernels make of the fastest exact peer. The kernels
    are measured again beside every peer, since the machine may be busy with something else."""
    case = plain(case)
    rows = len(case.p_kw)
    runs = {name: ours(case, kernel) for name, kernel in KERNELS.items()}
    v = {name: np.abs(run()) for name, run in runs.items()}
    own = {name: best(run, repeat) for name, run in runs.items()}
    print(f"{case.name}: {len(case.net.v_nominal_kv)} buses, {rows} rows")
    fastest, named = np.inf, "power-grid-model, lightsim2grid, tensorpowerflow"
    for name, make in PEERS.items():
        try:
            peer = make(case)
            apart = np.abs(peer() - v["NumPy"]).max()
        except ImportError:
            continue
        took = best(peer, max(1, repeat - 1))
        own = {kernel: min(own[kernel], best(run, 1)) for kernel, run in runs.items()}
        if apart <= 1e-8 and took < fastest:
            fastest, named = took, name
        note = "" if apart <= 1e-8 else "  NOT EXACT, not counted"
        print(f"    {name:38} {1e6 * took / rows:9.2f} µs   |ΔV| {apart:.0e}{note}")
    for name, took in own.items():
        apart = np.abs(v[name] - v["NumPy"]).max()
        ratio = f"   fastest exact peer × {fastest / took:.1f}   (aim {case.aim:.1f})" if np.isfinite(fastest) else ""
        print(f"    ours, {name:32} {1e6 * took / rows:9.2f} µs   |ΔV| {apart:.0e}{ratio}", flush=True)
        size, known = f"power flow, {case.name}, {rows:,} rows, {name}", bool(np.isfinite(fastest))
        emit(size, 1e6 * took / rows, "µs a row", peer=named, ratio=fastest / took if known else None)
        if known:
            emit(f"{size}, over the fastest exact peer", fastest / took, "×", aim=case.aim, high=True)


def feeder_in_phases(repeat: int) -> None:
    """907 buses in three phases, 55 single-phase loads: the size of the IEEE European low-voltage feeder."""
    try:
        from power_grid_model import CalculationMethod, ComponentType, LoadGenType, PowerGridModel, initialize_array
    except ImportError:
        return
    rng = np.random.default_rng(2)
    n, rows = 907, 400
    ends = np.stack([[rng.integers(max(0, k - 3), k) for k in range(1, n)], np.arange(1, n)], axis=1)
    length = rng.uniform(0.001, 0.004, n - 1)
    z1, z0 = (0.446 + 0.071j) * length, (1.505 + 0.083j) * length
    turn = np.exp(2j * np.pi / 3)
    to_phases = np.array([[1, 1, 1], [1, turn**2, turn], [1, turn, turn**2]])
    y = np.stack([1 / z0, 1 / z1, 1 / z1], axis=1) * (0.416**2 / 3) / 0.001 / 1000
    one = np.einsum("ps,ls,sq->lpq", to_phases, y, np.linalg.inv(to_phases))
    net = Network(
        v_nominal_kv=np.full(n, 0.416), phases=3, conductors=3, base_kva=1.0, leg_bus=ends,
        leg_y_pu=np.concatenate([np.concatenate([one, -one], axis=2), np.concatenate([-one, one], axis=2)], axis=1)
        * 1000, source_bus=np.array([0]), source_v_pu=to_phases[None, :, 1])  # fmt: skip
    homes = np.sort(rng.choice(np.arange(100, n), 55, replace=False))
    phase = rng.integers(0, 3, 55)
    p = np.zeros((rows, n, 3))
    p[:, homes, phase] = -np.abs(shapes(rows, 55)) * 0.6
    own_run = lambda: solve(net, p, 0.33 * p, want=("v_pu",)).v_pu  # noqa: E731
    v = np.abs(own_run())
    node = initialize_array("input", ComponentType.node, n)
    node["id"], node["u_rated"] = np.arange(n), 416.0
    line = initialize_array("input", ComponentType.line, n - 1)
    line["id"], line["from_node"], line["to_node"] = n + np.arange(n - 1), ends[:, 0], ends[:, 1]
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"], line["r0"], line["x0"] = z1.real, z1.imag, z0.real, z0.imag
    line["c1"] = line["c0"] = line["tan1"] = line["tan0"] = 0.0
    line["i_n"] = 1000.0
    load = initialize_array("input", ComponentType.asym_load, 55)
    load["id"], load["node"], load["status"], load["type"] = 10**5 + np.arange(55), homes, 1, LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    source = initialize_array("input", ComponentType.source, 1)
    source["id"], source["node"], source["status"], source["u_ref"], source["sk"] = 10**6, 0, 1, 1.0, 1e20
    parts = zip(("node", "line", "asym_load", "source"), (node, line, load, source), strict=True)
    model = PowerGridModel({getattr(ComponentType, name): part for name, part in parts})
    update = initialize_array("update", ComponentType.asym_load, (rows, 55))
    update["id"] = load["id"]
    update["p_specified"], update["q_specified"] = -1000 * p[:, homes], -330 * p[:, homes]
    own = best(own_run, repeat)
    print(f"907 buses, three phases, NumPy: {1e6 * own / rows:.1f} µs a row")
    fastest = np.inf
    for method in ("newton_raphson", "iterative_current"):
        chosen = getattr(CalculationMethod, method)
        options = {"symmetric": False, "calculation_method": chosen, "error_tolerance": 1e-8, "max_iterations": 100}
        options |= {"update_data": {ComponentType.asym_load: update}}
        options |= {"output_component_types": {ComponentType.node: ["u_pu"]}}
        run = partial(model.calculate_power_flow, **options)
        apart = np.abs(run()[ComponentType.node]["u_pu"] - v).max()
        took = best(run, 1)
        fastest = min(fastest, took) if apart <= 1e-8 else fastest
        print(f"    power-grid-model, {method:24} {1e6 * took / rows:9.1f} µs  × {took / own:5.1f}   |ΔV| {apart:.0e}")
    ratio = fastest / own if np.isfinite(fastest) else None
    emit("power flow, 907 buses in three phases", 1e6 * own / rows, "µs a row", peer="power-grid-model", ratio=ratio)


def island(rows: int, repeat: int) -> None:
    """100 buses, three droop inverters."""
    net, p, q = radial(100, rows)
    forming = Forming(bus=[0, 40, 90], rated_kva=[100.0, 60.0, 60.0], p_droop_pu=0.02, q_droop_pu=0.05)
    runs = {
        name: partial(solve_island, net, p, q, forming, want=("frequency_hz", "v_pu"), kernel=kernel)
        for name, kernel in KERNELS.items()
    }
    solved = {name: run() for name, run in runs.items()}
    took = {name: best(run, repeat) for name, run in runs.items()}
    took = {name: min(took[name], best(run, repeat)) for name, run in runs.items()}  # the machine may be busy
    for name, own in took.items():
        emit(f"power flow, droop island of 100 buses, {rows:,} rows, {name}", 1e6 * own / rows, "µs a row", aim=30)
        ratio, apart = own / took["NumPy"], np.abs(solved[name].v_pu - solved["NumPy"].v_pu).max()
        print(f"droop island of 100 buses, {name}: {1e6 * own / rows:.1f} µs a row, NumPy's time × {ratio:.2f}, "
              f"|ΔV| {apart:.0e}, all ok: {solved[name].ok.all()}   (aim 30)")  # fmt: skip


def memory() -> None:
    """Peak beyond the two input arrays, in a process that has done nothing else."""
    net, _, _ = radial(1000, 1)
    rng = np.random.default_rng(0)
    p = np.empty((35_040, 1000))
    for low in range(0, len(p), 1000):
        p[low : low + 1000] = -rng.uniform(0, 0.15, (min(1000, len(p) - low), 1000))
    q = 0.3 * p
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    solution = solve(net, p, q, want=("v_min_pu", "v_max_pu"))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    took = time.process_time() - start
    emit("power flow, 35,040 rows × 1,000 buses, memory beyond the input", more, "MB", aim=500)
    print(f"35,040 rows × 1,000 buses, lowest and highest voltage: {more:.0f} MB beyond the input, {took:.0f} s, "
          f"all ok: {solution.ok.all()}   (aim 500 MB)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8760)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    if arguments.memory:
        memory()
        return
    for case in cases(arguments.rows):
        if not arguments.case or any(word in case.name for word in arguments.case):
            compare(case, arguments.repeat)
    if not arguments.case:
        feeder_in_phases(arguments.repeat)
        island(arguments.rows, arguments.repeat)


if __name__ == "__main__":
    main()
