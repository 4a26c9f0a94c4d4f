"""Permuting, splitting and appending rows changes no returned number by more than 1e-10 of its base: 1 p.u. of voltage,
``base_kva`` of power, the current of ``base_kva`` at 1 p.u., 100 % of loading."""

import numpy as np
import pytest

from ysc_sim.powerflow import Network, series_admittance, solve

ROWS = 130
BASE_KVA = 1000.0
SCALE = {"loss_kw": BASE_KVA, "slack_kw": BASE_KVA, "slack_kvar": BASE_KVA, "p_kw": BASE_KVA, "q_kvar": BASE_KVA,
         "v_pu": 1.0, "v_min_pu": 1.0, "v_max_pu": 1.0, "branch_current_ka": 1.0,
         "branch_loading_percent": 100.0}  # fmt: skip


def network(buses, loops, shares):
    rng = np.random.default_rng(buses)
    legs = [[int(rng.integers(max(0, k - 4), k)), k] for k in range(1, buses)]
    legs += [[k, k + buses // 2] for k in range(1, loops + 1)]
    z = (0.1 + 0.05j) / buses * rng.uniform(0.5, 1.5, len(legs))
    return Network(
        v_nominal_kv=np.full(buses, 0.4),
        leg_bus=np.array(legs),
        leg_y_pu=series_admittance(z, v_kv=0.4, base_kva=BASE_KVA),
        base_kva=BASE_KVA,
        source_bus=np.array([0]),
        source_v_pu=np.array([[1.0 + 0j]]),
        leg_current_ka_per_pu=np.ones((len(legs), 2)),
        leg_loading_percent_per_pu=np.full((len(legs), 2), 100.0),
        share_current_p=np.full(buses, shares),
    )


@pytest.mark.parametrize(("buses", "loops", "shares", "kernel"), [
    (15, 0, 0.0, None), (59, 0, 0.0, None), (59, 0, 0.3, None), (59, 5, 0.0, None), (250, 0, 0.0, None),
    (250, 5, 0.0, None), (120, 5, 0.0, "sparse")])  # fmt: skip
def test_every_field(buses, loops, shares, kernel):
    net = network(buses, loops, shares)
    rng = np.random.default_rng(1)
    p = -rng.random((ROWS, buses)) * rng.choice([20.0, 100.0, 500.0], (ROWS, 1)) / buses
    q = 0.3 * p
    whole = solve(net, p, q, kernel=kernel)
    assert whole.ok.all()
    order = rng.permutation(ROWS)
    mixed = solve(net, p[order], q[order], kernel=kernel)
    parts = [solve(net, p[k : k + 43], q[k : k + 43], kernel=kernel) for k in range(0, ROWS, 43)]
    longer = solve(net, np.concatenate([p, -0.5 * p]), np.concatenate([q, q]), kernel=kernel)
    for name, scale in SCALE.items():
        value = getattr(whole, name)
        back = np.empty_like(value)
        back[order] = getattr(mixed, name)
        others = (back, np.concatenate([getattr(part, name) for part in parts]), getattr(longer, name)[:ROWS])
        assert max(np.abs(value - other).max() for other in others) <= 1e-10 * scale, name
