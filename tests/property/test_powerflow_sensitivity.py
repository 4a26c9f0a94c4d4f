"""Sensitivities against central differences of the solve itself, which other tests hold against peers."""

import numpy as np
import pytest

from ysc_sim.powerflow import (
    Network,
    PVBus,
    VoltVar,
    VoltWatt,
    Wiring,
    sensitivities,
    series_admittance,
    solve,
)


def feeder(buses=12, mesh=2, **more):
    rng = np.random.default_rng(4)
    up = np.array([rng.integers(max(0, k - 3), k) for k in range(1, buses)])
    ends = np.concatenate([np.stack([up, np.arange(1, buses)], axis=1), rng.integers(0, buses, (mesh, 2))])
    ends = ends[ends[:, 0] != ends[:, 1]]
    z = rng.uniform(0.01, 0.03, len(ends)) + 1j * rng.uniform(0.004, 0.02, len(ends))
    return Network(
        v_nominal_kv=np.full(buses, 0.4),
        leg_bus=ends,
        leg_y_pu=series_admittance(z, v_kv=0.4, base_kva=1000.0, shunt_s=2e-5j),
        source_bus=np.array([0]),
        source_v_pu=np.array([[1.02 + 0j]]),
        **more,
    )


def split_phase():
    wiring = Wiring()
    wiring.bus("pole", "ab", base_v=3300.0)
    wiring.source("pole", volts=3300.0, degrees=(0, 180))
    wiring.bus("tap", "12n", base_v=105.0)
    wiring.bus("house", "12n", base_v=105.0)
    wiring.pole_transformer("pole", "tap", rated_kva=30, r_percent=1.4, x_percent=1.7, neutral_earth_ohm=20.0)
    wiring.line("tap", "house", "12n", (0.05 + 0.02j) * np.eye(3) + 0.02j)
    for bus in ("tap", "house"):
        for pair in (("1", "n"), ("n", "2"), ("1", "2")):
            wiring.port(bus, *pair)
    return wiring.network()


def cases():
    rng = np.random.default_rng(1)
    p = -rng.uniform(0, 6, (4, 12)) * (rng.random(12) < 0.6)  # some ports carry nothing
    yield "plain", feeder(), p, 0.4 * p, {}
    yield "radial", feeder(mesh=0), p, 0.4 * p, {}
    shares = {"share_current_p": np.full(12, 0.4), "share_impedance_q": np.full(12, 0.5)}
    yield "zip", feeder(**shares), p, 0.4 * p, {}
    more = {
        3: [VoltVar(rated_kva=80.0), VoltWatt(rated_kw=80.0, v_pu=(1.0, 1.2), p_kw=60.0)],
        7: PVBus(v_pu=1.0),
        8: VoltVar(rated_kva=30.0, v_pu=(0.9, 1.1), q_pu=(1.0, -1.0)),
    }
    yield "controls", feeder(), p, 0.4 * p, more
    yield "split_phase", split_phase(), -rng.uniform(0, 3, (2, 6)), -0.3, {}


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case[0])
def test_central_differences(case):
    _, net, p, q, controls = case
    q = np.broadcast_to(q, p.shape)
    answer = sensitivities(net, p, q, controls=controls, tolerance_pu=1e-11)
    assert answer.solution.ok.all()
    flat = (len(p), -1, len(net.ports))
    step = 0.01
    # a second, constant-power port at each place takes what is added
    count = len(net.ports)
    double = {name: getattr(net, name) for name in net.__dataclass_fields__ if name not in ("cache", "port_names")}
    double["ports"] = np.concatenate([net.ports, net.ports])
    double["port_v_pu"] = np.concatenate([net.port_v_pu, net.port_v_pu])
    for name in ("share_current_p", "share_impedance_p", "share_current_q", "share_impedance_q"):
        double[name] = np.concatenate([getattr(net, name), np.zeros(count)])
    twice = Network(**double)
    zero = np.zeros_like(p)
    for port in range(count):
        for axis, by, loss in ((0, answer.v_per_kw, answer.loss_per_kw), (1, answer.v_per_kvar, answer.loss_per_kvar)):
            ends = []
            for sign in (1, -1):
                more = np.zeros((2, *p.shape))
                more[axis, :, port] = sign * step
                ends.append(
                    solve(
                        twice,
                        np.concatenate([p, zero + more[0]], axis=1),
                        np.concatenate([q, zero + more[1]], axis=1),
                        controls=controls,
                        tolerance_pu=1e-11,
                    )
                )
            slope = (np.abs(ends[0].v_pu) - np.abs(ends[1].v_pu)) / (2 * step)
            # the magnitude of an almost dead neutral bends too much for differences
            error = np.abs(by.reshape(flat)[:, :, port] - slope.reshape(len(p), -1))
            bends = np.abs(answer.solution.v_pu).reshape(len(p), -1) < 0.05
            assert np.all(error <= np.where(bends, 1e-6, 2e-9))
            assert loss[:, port] == pytest.approx((ends[0].loss_kw - ends[1].loss_kw) / (2 * step), abs=2e-6)


def test_dead_parts_and_unsolved_rows():
    net = feeder(4, 0, switch_leg=np.array([[2, 0]]), switch_bus=np.array([[-1, -1]]),
                 switch_closed=np.array([True]))  # fmt: skip
    far = int(net.leg_bus[2, 1])
    answer = sensitivities(net, np.zeros((3, 4)), 0.0, closed=[[True], [False], [False]])
    assert np.all(answer.v_per_kw[1, far] == 0)
    assert np.all(answer.v_per_kw[1, :, far] == 0)
    assert answer.v_per_kw[0, far, far] > 0
    lost = sensitivities(net, [[0, 0, 0, -1e9], [0, 0, 0, np.nan]], 0.0)
    assert np.isnan(lost.v_per_kw).all()
    assert np.isnan(lost.loss_per_kvar).all()
    with pytest.raises(ValueError, match="numbers of ports"):
        sensitivities(net, 0.0, 0.0, ports=[4])
