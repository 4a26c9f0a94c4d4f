"""The door of the power flow: shapes, names, refused rows, what is kept."""

import numpy as np
import pytest

from ysc_sim.powerflow import Network, Reason, SingularNetworkError, series_admittance, solve


def two_bus(**more):
    """0.4 kV, one line of 0.1 p.u. on 1,000 kVA."""
    y = series_admittance(np.array([0.016 + 0j]), v_kv=0.4, base_kva=1000.0)
    return Network(
        **{
            "v_nominal_kv": np.array([0.4, 0.4]),
            "leg_bus": np.array([[0, 1]]),
            "leg_y_pu": y,
            "source_bus": np.array([0]),
            "source_v_pu": np.array([[1 + 0j]]),
            **more,
        }
    )


def closed_form(p_kw, v0=1.0):
    """Voltage behind a resistance r = 0.1 that feeds constant power −p: v² − v0·v − r·p = 0."""
    return (v0 + np.sqrt(v0**2 + 0.4 * np.asarray(p_kw) / 1000)) / 2


def test_closed_form_and_signs():
    solution = solve(two_bus(), [[0, -90.0], [0, 50.0]], 0.0, tolerance_pu=1e-12)
    v = closed_form([-90.0, 50.0])
    assert solution.v_pu[:, 1].real == pytest.approx(v, abs=1e-13)
    assert solution.loss_kw == pytest.approx(1000 * (1 - v) ** 2 / 0.1, rel=1e-9)
    assert solution.slack_kw[:, 0] == pytest.approx(1000 * (1 - v) / 0.1, rel=1e-9)
    assert solution.v_min_pu == pytest.approx([v[0], 1.0])
    assert solution.v_max_pu == pytest.approx([1.0, v[1]])


def test_collapse_is_at_the_closed_form():
    """r·p = 1/4 is the largest load: 2,500 kW."""
    solution = solve(two_bus(), np.array([[0, -2499.9], [0, -2500.1]]), 0.0)
    assert solution.reason.tolist() == [Reason.OK, Reason.NO_SOLUTION]
    assert solution.v_pu[0, 1].real == pytest.approx(closed_form(-2499.9), abs=1e-6)


def test_source_voltage_by_row_and_one_row_of_load():
    solution = solve(two_bus(), [0, -90.0], 0.0, v_source_pu=[[0.95], [1.05], [np.nan]])
    assert solution.v_pu[:2, 1].real == pytest.approx(closed_form(-90.0, np.array([0.95, 1.05])), abs=1e-12)
    assert Reason(solution.reason[2]) is Reason.BAD_INPUT


def test_bad_rows_do_not_spoil_others():
    p = np.array([[0, -90.0], [0, np.nan], [0, np.inf], [0, -90.0]])
    solution = solve(two_bus(), p, 0.0)
    assert solution.reason.tolist() == [0, Reason.BAD_INPUT, Reason.BAD_INPUT, 0]
    assert np.isnan(solution.v_pu[1]).all()
    assert np.isnan(solution.mismatch_pu[[1, 2]]).all()


def test_injection_at_a_dead_bus():
    net = two_bus(switch_leg=np.array([[0, 1]]), switch_bus=np.array([[-1, -1]]), switch_closed=np.array([True]))
    solution = solve(net, [[0, -1.0], [0, -1.0], [0, 0.0]], 0.0, closed=[[True], [False], [False]])
    assert [Reason(code).name for code in solution.reason] == ["OK", "UNSUPPLIED_BUS", "OK"]
    assert solution.v_pu[2, 1] == 0
    assert solution.v_min_pu[2] == 1


def test_open_line_keeps_its_charging():
    """An open cable with shunt y draws y/2 + (1/z ∥ y/2 in series) from the living end."""
    z, y = 0.016 + 0.008j, 0.02j
    leg = series_admittance(np.array([z]), v_kv=0.4, base_kva=1000.0, shunt_s=y)
    net = two_bus(
        leg_y_pu=leg,
        switch_leg=np.array([[0, 1]]),
        switch_bus=np.array([[-1, -1]]),
        switch_closed=np.array([False]),
    )
    current = (y / 2 + 1 / (z + 2 / y)) * 0.16
    assert solve(net, 0.0, 0.0).slack_kvar[0, 0] == pytest.approx(1000 * -current.imag)


def test_shares_against_the_quadratic():
    """Constant impedance of 90 kW at 1 p.u. is a voltage divider."""
    net = two_bus(share_impedance_p=np.array([0.0, 1.0]))
    solution = solve(net, [0, -90.0], 0.0)
    v = 1 / (1 + 0.1 * 0.09)
    assert solution.v_pu[0, 1].real == pytest.approx(v, abs=1e-10)
    assert solution.p_kw[0, 1] == pytest.approx(-90 * v**2)


def test_only_what_is_wanted_is_kept():
    solution = solve(two_bus(), [0, -90.0], 0.0, want=("v_min_pu",))
    assert solution.v_min_pu[0] == pytest.approx(closed_form(-90.0))
    with pytest.raises(AttributeError, match="v_pu was not kept"):
        _ = solution.v_pu


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_kw": [0.0, 0.0, 0.0]}, "last axis must hold 2"),
        ({"q_kvar": np.zeros((2, 2)), "p_kw": np.zeros((3, 2))}, "give one row or as many"),
        ({"want": ("voltage",)}, "unknown results"),
        ({"tolerance_pu": 0.0}, "must be > 0"),
        ({"closed": [[True]]}, "closed must be bool with 0 switches"),
        ({"v_source_pu": [1.0, 1.0]}, "must hold 1 sources"),
        ({"kernel": "magic"}, "must be 'dense'"),
    ],
)
def test_wrong_calls_say_what_is_wrong(change, message):
    with pytest.raises(ValueError, match=message):
        solve(two_bus(), **{"p_kw": 0.0, "q_kvar": 0.0, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leg_bus": np.array([[0, 2]])}, r"leg_bus must lie in \[0, 2\)"),
        ({"v_nominal_kv": np.array([0.4, 0.0])}, "must be > 0"),
        ({"leg_y_pu": np.full((1, 2, 2), np.nan + 0j)}, "not finite"),
        ({"share_current_p": np.zeros(3)}, "has shape"),
        ({"base_kva": 0.0}, "base_kva"),
    ],
)
def test_wrong_networks_say_what_is_wrong(change, message):
    with pytest.raises(ValueError, match=message):
        two_bus(**change)


def test_floating_winding_is_an_error():
    """Two nodes joined to the living part by nothing that fixes their voltage."""
    leg = np.array([[[1, -1], [-1, 1 + 0j]]])
    net = two_bus(leg_y_pu=leg, shunt_y_pu=np.array([[[0]], [[-0.5 - 0.5]]], dtype=complex))
    with pytest.raises(SingularNetworkError):
        solve(net, [0, -1.0], 0.0)


def test_a_pattern_that_floats_costs_only_its_own_rows():
    """With the switch open a negative shunt takes away what ties bus 1 to the source."""
    leg = np.array([[[1, -1], [-1, 1 + 0j]]])
    net = two_bus(
        leg_y_pu=leg,
        shunt_y_pu=np.array([[[0]], [[-1]]], dtype=complex),
        switch_bus=np.array([[0, 1]]),
        switch_leg=np.array([[-1, -1]]),
        switch_closed=np.array([True]),
    )
    solution = solve(net, [0, -1.0], 0.0, closed=[[False], [True], [False]])
    assert [reason.name for reason in solution.reason] == ["NOT_CONVERGED", "OK", "NOT_CONVERGED"]
    assert np.isnan(solution.v_pu[[0, 2]]).all()
    with pytest.raises(SingularNetworkError):
        solve(net, [0, -1.0], 0.0, closed=[False])


def test_no_rows():
    assert solve(two_bus(), np.zeros((0, 2)), 0.0).v_pu.shape == (0, 2)
