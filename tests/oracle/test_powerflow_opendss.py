"""Single-phase three wires behind a centre-tapped transformer, and four wires with an earthed neutral, against
OpenDSS (EPRI; dss-python 0.15.7). Its answers were computed once: ``tools/oracles/opendss``."""

import json
from pathlib import Path

import numpy as np
import pytest

from ysc_sim.powerflow import EARTH, Winding, Wiring, solve

FOLDER = Path(__file__).parents[2] / "tools" / "oracles" / "opendss"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))["cases"]
ANSWERS = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))


def drawn(case):
    wiring = Wiring(base_kva=100.0)
    for name, bus in case["buses"].items():
        wiring.bus(name, bus["conductors"], base_v=bus["base_v"])
    source = case["source"]
    wiring.source(source["bus"], volts=source["volts"], degrees=(0, -120, 120))
    for line in case["lines"]:
        z = np.array(line["r_ohm"]) + 1j * np.array(line["x_ohm"])
        shunt = 2j * np.pi * 50 * np.array(line["c_nf"]) * 1e-9
        wiring.line(*line["buses"], line["conductors"], z, shunt_s=shunt)
    for unit in case["transformers"]:
        windings = [Winding(bus=bus, plus=plus, minus=minus, volts=v) for bus, plus, minus, v in unit["windings"]]
        rated = unit["rated_kva"]
        wiring.transformer(
            windings,
            rated_kva=rated,
            r_percent=unit["r_percent"],
            x_percent=unit["x_percent"],
            iron_loss_w=10 * rated * unit["iron_percent"],
            magnetising_var=10 * rated * unit["magnetising_percent"],
        )
    for bus, conductor, ohm in case["earths"]:
        wiring.earth(bus, conductor, ohm=ohm)
    for bus, plus, minus, *_ in case["loads"]:
        wiring.port(bus, plus, minus)
    return wiring.network()


@pytest.mark.parametrize("name", CASES)
def test_every_node_voltage(name):
    case = CASES[name]
    net = drawn(case)
    p, q = np.array([load[3] for load in case["loads"]]), np.array([load[4] for load in case["loads"]])
    solution = solve(net, p, q, tolerance_pu=1e-11)
    assert solution.ok.all()
    compared = 0
    for k, (bus, data) in enumerate(case["buses"].items()):
        for c in range(len(data["conductors"])):
            expected = complex(*ANSWERS[name][f"{bus}.{c + 1}"]) / data["base_v"]
            assert abs(solution.v_pu[0, k, c] - expected) <= 1e-6
            compared += 1
    assert compared == len(ANSWERS[name])
    assert solution.slack_kw.sum() + p.sum() == pytest.approx(solution.loss_kw[0], abs=1e-9)
    magnitude = np.abs(solution.v_pu[0].ravel()[net.node_is_phase])
    magnitude = magnitude[magnitude > 0]
    assert solution.v_min_pu[0] == pytest.approx(magnitude.min())
    assert solution.v_max_pu[0] == pytest.approx(magnitude.max())


@pytest.mark.parametrize("name", CASES)
def test_power_across_each_port(name):
    """What each port draws is its voltage times the conjugate of its current; currents at every free node
    vanish."""
    case = CASES[name]
    net = drawn(case)
    p = np.array([load[3] for load in case["loads"]])
    many = solve(net, p * np.linspace(0.2, 1.5, 7)[:, None], 0.0, tolerance_pu=1e-11)
    m, nodes = net.conductors, net.node_count
    y = np.zeros((nodes, nodes), dtype=complex)
    for ends, leg in zip(net.leg_bus, net.leg_y_pu, strict=True):
        place = (ends[:, None] * m + np.arange(m)).ravel()
        y[np.ix_(place, place)] += leg
    for bus in range(net.bus_count):
        place = bus * m + np.arange(m)
        y[np.ix_(place, place)] += net.shunt_y_pu[bus]
    v = many.v_pu.reshape(7, nodes)
    current = v @ y.T
    across = net.across_ports(many.v_pu)
    injected = (many.p_kw / net.base_kva / across).conj()
    for k, (plus, minus) in enumerate(net.ports):
        current[:, plus] -= injected[:, k]
        if minus != EARTH:
            current[:, minus] += injected[:, k]
    free = np.setdiff1d(np.arange(nodes), net.source_bus[0] * m + np.arange(3))
    assert np.abs(current[:, free]).max() <= 1e-9


def test_plate_data_of_a_pole_transformer():
    """Short-circuited across 1–2 the whole secondary shows the plate's resistance and, by Kersting's split, its
    reactance; one half alone 1.5 times the resistance and 1.2 times the reactance (on the half's own base)."""
    wiring = Wiring(base_kva=30.0)
    wiring.bus("high", "ab", base_v=6600.0)
    wiring.bus("low", "12n", base_v=105.0)
    wiring.source("high", volts=3300.0, degrees=(0, 180))
    wiring.pole_transformer("high", "low", rated_kva=30.0, r_percent=1.5, x_percent=2.0)
    for pair in (("1", "2"), ("1", "n")):
        wiring.port("low", *pair)
    net = wiring.network()
    tiny = 1e-4
    for port, base, expected in ((0, 2.0, 0.015 + 0.02j), (1, 1.0, 0.0225 + 0.024j)):
        p = np.zeros((2, 2))
        p[1, port] = -tiny * 30
        v = net.across_ports(solve(net, p, 0.0, tolerance_pu=1e-13).v_pu)[:, port]
        z = (v[0] - v[1]) / (tiny / v[1].conj()) / base**2
        assert z == pytest.approx(expected, rel=1e-3)


def wiring_of_two():
    wiring = Wiring()
    wiring.bus("a", "12n", base_v=105.0)
    wiring.bus("b", "12n", base_v=105.0)
    return wiring


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w: w.bus("a", "1", base_v=1.0), "there already"),
        (lambda w: w.bus("c", "11", base_v=1.0), "different letters"),
        (lambda w: w.bus("c", "1", base_v=0.0), "base_v"),
        (lambda w: w.line("a", "x", "1", [[1.0]]), "bus 'x' is not there"),
        (lambda w: w.line("a", "b", "1a", np.eye(2)), "has conductors '12n', not 'a'"),
        (lambda w: w.line("a", "b", "12", [[1.0]]), "need \\(2, 2\\)"),
        (lambda w: w.port("a", "1", "x"), "not 'x'"),
        (lambda w: w.source("a", volts=100.0, degrees=(0,)), "1 angles"),
        (lambda w: w.earth("a", "n", ohm=0.0), "must not be below"),
        (
            lambda w: w.transformer(
                [Winding(bus="a", plus="1", minus="n", volts=1.0)], rated_kva=1, r_percent=[1], x_percent=[]
            ),
            "two buses",
        ),
    ],
)
def test_wrong_drawings_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make(wiring_of_two())
