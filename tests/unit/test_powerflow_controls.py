"""Inverter controls and PV buses at one line, against closed forms and bisection."""

import numpy as np
import pytest

from ysc_sim.powerflow import (
    ConstantPowerFactor,
    Network,
    PVBus,
    Reason,
    VoltVar,
    VoltWatt,
    series_admittance,
    solve,
)

Z = 0.05 + 0.04j
"""p.u. on 1,000 kVA."""


def line(**more):
    return Network(
        **{
            "v_nominal_kv": np.array([0.2, 0.2]),
            "leg_bus": np.array([[0, 1]]),
            "leg_y_pu": series_admittance(np.array([Z * 0.04]), v_kv=0.2, base_kva=1000.0),
            "source_bus": np.array([0]),
            "source_v_pu": np.array([[1.05 + 0j]]),
            **more,
        }
    )


def voltage(s_pu):
    """|v| of v = 1.05 + Z·conj(s/v): the quartic's higher root."""
    b = 1.05**2 / 2 + (Z.conjugate() * s_pu).real
    return np.sqrt(b + np.sqrt(b**2 - abs(Z * s_pu) ** 2))


def settle(power_at):
    """The voltage at which |v| = voltage(power_at(|v|)), by bisection; the gap must fall with |v|."""
    low, high = 0.5, 2.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if voltage(power_at(middle)) > middle else (low, middle)
    return low


def test_constant_power_factor():
    p = np.array([[0.0, 400.0], [0.0, -100.0]])
    solution = solve(line(), p, 0.0, controls={1: ConstantPowerFactor(power_factor=0.95)})
    assert solution.q_kvar[:, 1] == pytest.approx(-p[:, 1] * np.tan(np.arccos(0.95)))
    assert abs(solution.v_pu[0, 1]) == pytest.approx(voltage(0.4 * (1 - 1j * np.tan(np.arccos(0.95)))), abs=1e-10)
    gives = solve(line(), p, 0.0, controls={"1": ConstantPowerFactor(power_factor=0.95, absorbs=False)})
    assert gives.q_kvar[0, 1] == pytest.approx(400 * np.tan(np.arccos(0.95)))


@pytest.mark.parametrize("p_kw", [-300.0, 0.0, 150.0, 600.0, 990.0])
def test_volt_var_finds_the_crossing(p_kw):
    control = VoltVar(rated_kva=1000.0)
    room = np.sqrt(1 - (p_kw / 1000) ** 2)

    def power(v):
        return p_kw / 1000 + 1j * np.clip(np.interp(v, control.v_pu, control.q_pu), -room, room)

    solution = solve(line(), [0.0, p_kw], 0.0, controls={1: control}, tolerance_pu=1e-11)
    assert solution.ok.all()
    assert abs(solution.v_pu[0, 1]) == pytest.approx(settle(power), abs=1e-10)
    assert solution.q_kvar[0, 1] == pytest.approx(1000 * power(settle(power)).imag, abs=1e-6)


@pytest.mark.parametrize("available", [-200.0, 100.0, 500.0, 900.0])
@pytest.mark.parametrize("load", [0.0, -300.0])
def test_japanese_volt_watt_curtails_to_the_limit(available, load):
    """Behind a net load: the port draws ``load`` besides, and the steep band is found, not jumped over."""
    control = VoltWatt.japanese(rated_kw=1000.0, rise_v=1.0, p_kw=available)
    factor = ConstantPowerFactor(p_kw=available)

    def power(v):
        limit = np.interp(v, [108 / 101, 109 / 101], [1, 0])
        p = min(available / 1000, limit) if available > 0 else available / 1000
        return load / 1000 + p + 1j * factor.kvar_per_kw * p

    solution = solve(line(), [0.0, load], 0.0, controls={1: [control, factor]}, tolerance_pu=1e-11)
    assert solution.ok.all()
    v = settle(power)
    assert abs(solution.v_pu[0, 1]) == pytest.approx(v, abs=1e-10)
    assert solution.p_kw[0, 1] == pytest.approx(1000 * power(v).real, abs=1e-5)
    assert abs(solution.v_pu[0, 1]) <= max(109 / 101, 1.05) + 1e-9


def test_pv_bus_holds_until_its_limit():
    held = PVBus(v_pu=np.array([1.05, 1.08, 1.30, 0.7]), q_min_kvar=-500.0, q_max_kvar=900.0)
    solution = solve(line(), [0.0, 100.0], 0.0, controls={1: held}, tolerance_pu=1e-11)
    assert solution.ok.all()
    assert np.abs(solution.v_pu[:2, 1]) == pytest.approx([1.05, 1.08], abs=1e-10)
    assert solution.q_kvar[2:, 1] == pytest.approx([900.0, -500.0], abs=1e-8)
    for row in range(4):
        s = (100 + 1j * solution.q_kvar[row, 1]) / 1000
        assert abs(solution.v_pu[row, 1]) == pytest.approx(voltage(s), abs=1e-10)


def test_two_pv_buses_at_one_node_share():
    net = line(ports=np.array([[1, -1], [1, -1]]))
    both = PVBus(v_pu=1.08)
    solution = solve(net, [50.0, 100.0], 0.0, controls={0: both, 1: both})
    assert solution.q_kvar[0, 0] == pytest.approx(solution.q_kvar[0, 1], abs=1e-8)
    assert abs(solution.v_pu[0, 1]) == pytest.approx(1.08, abs=1e-9)


def test_rows_with_controls_are_independent():
    rng = np.random.default_rng(3)
    p = np.stack([np.zeros(60), rng.uniform(-500, 900, 60)], axis=1)
    controls = {1: [VoltVar(rated_kva=1100.0), VoltWatt(rated_kw=1000.0, v_pu=(1.07, 1.075))]}
    whole = solve(line(), p, 0.0, controls=controls)
    order = rng.permutation(60)
    mixed = solve(line(), p[order], 0.0, controls=controls)
    assert whole.ok.all()
    assert np.abs(whole.v_pu[order] - mixed.v_pu).max() <= 1e-10
    assert np.abs(whole.v_pu[7] - solve(line(), p[7], 0.0, controls=controls).v_pu[0]).max() <= 1e-10


def test_shares_and_volt_watt_in_one_batch():
    """A load that depends on the voltage and an inverter on its curve at one port; rows in which either acts alone."""
    net = line(share_current_p=np.array([0.0, 0.3]), share_impedance_p=np.array([0.0, 0.5]))
    nominal = np.array([-400.0, 0.0, -100.0, -300.0])
    sun = np.array([0.0, 1500.0, 1500.0, 200.0])
    curve = VoltWatt(rated_kw=1500.0, v_pu=(1.03, 1.08), p_kw=sun)
    found = solve(net, np.stack([0 * nominal, nominal], axis=1), 0.0, controls={1: curve}, tolerance_pu=1e-11)
    v = np.abs(found.v_pu[:, 1])
    load = nominal * (0.2 + 0.3 * v + 0.5 * v**2)
    allowed = np.minimum(sun, 1500.0 * np.clip((1.08 - v) / 0.05, 0, 1))
    assert found.ok.all()
    assert (allowed < sun).tolist() == [False, True, True, False]
    assert found.p_kw[:, 1] == pytest.approx(load + allowed, abs=1e-6)
    current = (found.p_kw[:, 1] / 1000) / found.v_pu[:, 1].conj()
    assert found.v_pu[:, 1] == pytest.approx(found.v_pu[:, 0] + Z * current, abs=1e-10)


def test_many_rows_with_pv_buses_are_what_newton_finds_for_each(monkeypatch):
    rng = np.random.default_rng(8)
    legs = np.array([[max(0, k - 1 - int(rng.integers(0, 3))), k] for k in range(1, 30)])
    net = Network(
        v_nominal_kv=np.full(30, 0.4),
        leg_bus=legs,
        leg_y_pu=series_admittance((0.004 + 0.002j) * rng.uniform(0.5, 1.5, 29), v_kv=0.4, base_kva=1000.0),
        source_bus=np.array([0]),
        source_v_pu=np.array([[1.0 + 0j]]),
        share_current_p=np.full(30, 0.2),
    )
    p = -rng.uniform(0, 8, (80, 30))
    p[5] *= 200  # collapses
    free = {9: PVBus(v_pu=0.99), 20: PVBus(v_pu=rng.uniform(0.98, 1.0, 80))}
    own = solve(net, p, 0.0, controls=free).q_kvar[:, 9]
    limit = float(np.nanmedian(own))  # binds in half of the rows
    controls = {**free, 9: PVBus(v_pu=0.99, q_max_kvar=limit)}
    together = solve(net, p, 0.0, controls=controls, tolerance_pu=1e-10)
    monkeypatch.setattr("ysc_sim.powerflow.batch.can_hold", lambda holding: False)
    singly = solve(net, p, 0.0, controls=controls, tolerance_pu=1e-10)
    assert together.reason.tolist() == singly.reason.tolist()
    assert np.flatnonzero(~together.ok).tolist() == [5]
    limited = np.nansum(np.abs(together.q_kvar[:, 9] - limit) < 1e-6)
    assert 30 < limited < 50
    for name in ("v_pu", "q_kvar", "loss_kw", "slack_kvar"):
        assert np.nanmax(np.abs(getattr(together, name) - getattr(singly, name))) <= 1e-8


def test_one_place_held_at_two_voltages_is_refused():
    at_source = solve(line(), 0.0, 0.0, controls={0: PVBus(v_pu=[1.0, 1.01])}, v_source_pu=[[1.0], [1.0]])
    assert at_source.reason.tolist() == [Reason.OK, Reason.BAD_INPUT]
    join = {"switch_leg": np.array([[-1, -1]]), "switch_bus": np.array([[0, 1]]), "switch_closed": np.array([True])}
    melted = solve(line(**join), 0.0, 0.0, controls={1: PVBus(v_pu=1.02)}, v_source_pu=[[1.0], [1.02]])
    assert melted.reason.tolist() == [Reason.BAD_INPUT, Reason.OK]
    assert solve(line(), 0.0, 0.0, v_source_pu=[[-1.0]]).reason.tolist() == [Reason.BAD_INPUT]


def test_control_at_a_dead_port_and_without_numbers():
    net = line(switch_leg=np.array([[0, 1]]), switch_bus=np.array([[-1, -1]]), switch_closed=np.array([False]))
    stated = {1: VoltVar(rated_kva=10.0, p_kw=[5.0, 0.0, np.nan])}
    reasons = solve(net, 0.0, 0.0, controls=stated).reason
    assert reasons.tolist() == [Reason.UNSUPPLIED_BUS, Reason.OK, Reason.BAD_INPUT]
    assert solve(net, 0.0, 0.0, controls={1: PVBus(v_pu=1.0)}).v_pu[0, 1] == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VoltVar(rated_kva=0.0), "rated_kva"),
        (lambda: VoltVar(rated_kva=1.0, v_pu=(1.0, 0.9), q_pu=(0.0, 0.0)), "must rise"),
        (lambda: VoltWatt(rated_kw=1.0, v_pu=(1.0,), p_pu=(1.0, 0.0)), "of one length"),
        (lambda: VoltWatt(rated_kw=1.0, p_pu=(1.0, -0.1)), "must be >= 0"),
        (lambda: ConstantPowerFactor(power_factor=1.2), "power_factor"),
        (lambda: PVBus(v_pu=0.0), "v_pu"),
        (lambda: PVBus(v_pu=1.0, q_min_kvar=2.0, q_max_kvar=1.0), "q_min_kvar"),
        (lambda: solve(line(), 0.0, 0.0, controls={2: PVBus(v_pu=1.0)}), "ports 0 … 1"),
        (lambda: solve(line(), 0.0, 0.0, controls={"x": PVBus(v_pu=1.0)}), "port 'x'"),
        (lambda: solve(line(), 0.0, 0.0, controls={1: [PVBus(v_pu=1.0)] * 2}), "one control of a kind"),
        (lambda: solve(line(), 0.0, 0.0, controls={1: ["on"]}), "must be a control"),
        (lambda: solve(line(), np.zeros((2, 2)), 0.0, controls={1: PVBus(v_pu=[1.0] * 3)}), "give one row"),
    ],
)
def test_wrong_controls_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()
