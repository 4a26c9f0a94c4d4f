"""The auction over a network in a run: fees, limits as data, and no cleared trade that the power flow would refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import Bids
from ysc_sim.engine.clock import simulate
from ysc_sim.engine.envelope import Envelope
from ysc_sim.engine.run import Run
from ysc_sim.engine.simulate import run_community
from ysc_sim.errors import ScenarioError
from ysc_sim.markets.network_market import NetworkMarket, NetworkMarketSpec
from ysc_sim.powerflow import EARTH, solve
from ysc_sim.units import Floats


def community(tmp_path: Path, **more: Any) -> Community:
    """Six homes on an old street; two far solar roofs lift the voltage."""
    data = {
        "format": 1,
        "time": {"start": "2026-05-12T00:00", "days": 1.5, "step_s": 1800},
        "tariff": {"plan": "tepco_lv_meter_rate_b", "contract": 60, "export_jpy_per_kwh": 8.5},
        "wires": "utility",
        "power_flow": "report",
        "market": {"kind": "network_auction"},
        "network": {
            "kind": "street",
            "buildings_per_transformer": 14,
            "transformer": "pole_50kva",
            "trunk": "ow_cu_38",
            "pole_spacing_m": 120,
            "service_m": 80,
            "tap_v": 6600,
        },
        "buildings": [
            {"id": "a_home", "profile": "detached120_allelec", "count": 4, "load_kwh_per_year": 30000},
            {"id": "z_sun", "profile": "detached120_gas", "count": 2, "devices": [{"kind": "solar", "rated_kw": 9.9}]},
        ],
        **more,
    }
    path = tmp_path / "scenario.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return compile_community(ysc.load_scenario(path))


def gone(made: Community) -> Run:
    run = Run(made)
    simulate(run)
    run.gate.outcome()
    return run


def quantities(made: Community, need_kwh: Floats, sold_kwh: Floats) -> tuple[Floats, Floats, Floats]:
    """Voltages and loadings of one slot, and their limits: a power flow written out once more."""
    assert made.wires is not None
    values, lows, highs = [], [], []
    for section in made.wires.sections:
        mine = section.buildings
        load, sent = -2 * need_kwh[mine], 2 * sold_kwh[mine]
        p = load @ section.load_to_port + sent @ section.other_to_port + section.fixed_p_kw
        q = load * made.wires.load_tan_phi @ section.load_to_port + section.fixed_q_kvar
        q = q - (sent * made.wires.generation_tan_phi[mine]) @ section.other_to_port
        solution = solve(section.net, p, q, tolerance_pu=1e-10)
        assert solution.ok.all()
        nodes = solution.v_pu.reshape(-1)
        for (first, second), nominal in zip(section.watched.tolist(), section.watched_nominal.tolist(), strict=True):
            values.append(abs(nodes[first] - (0.0 if second == EARTH else nodes[second])) / nominal)
        lows.extend(section.low_pu.tolist())
        highs.extend(section.high_pu.tolist())
        loading = solution.branch_loading_percent.reshape(solution.branch_loading_percent.shape[1], -1).max(axis=1)
        values.extend((loading / 100).tolist())
        lows.extend([-np.inf] * len(loading))
        highs.extend([1.0] * len(loading))
    return np.array(values), np.array(lows), np.array(highs)


def worst(made: Community, run: Run) -> tuple[float, float, int]:
    """Largest excess of a limit over all slots, energy sold, and slots in which a limit binds."""
    cleared, planned = run.gate.outcome(), run.gate.planned_mwh
    assert planned is not None
    excess, binding = -np.inf, 0
    for slot in np.flatnonzero(cleared.sold_mwh[:, 0].any(axis=1)):
        need = np.maximum(-planned[slot, 0], 0) / 1e6
        value, low, high = quantities(made, need, cleared.sold_mwh[slot, 0] / 1e6)
        before = quantities(made, need, np.zeros_like(need))[0]
        high, low = np.maximum(high, before), np.minimum(low, before)
        most = float(np.maximum(value - high, low - value).max())
        excess, binding = max(excess, most), binding + (most > -1e-4)
    return excess, float(cleared.sold_mwh.sum() / 1e6), binding


def test_no_cleared_trade_breaks_a_limit_in_the_power_flow(tmp_path: Path) -> None:
    free_made = community(tmp_path, market={"kind": "call_auction"})
    free = worst(free_made, gone(free_made))
    assert free[0] > 1e-3  # without regard for the wires voltages leave their range …
    made = community(tmp_path)
    excess, sold, binding = worst(made, gone(made))
    assert excess <= 1e-7  # … the auction over the network never lets them,
    assert binding > 0  # although it goes as far as they allow,
    assert 0.5 * free[1] < sold < free[1]


def test_books_close_and_the_rent_is_the_networks(tmp_path: Path) -> None:
    fees = {"kind": "network_auction", "fee_jpy_per_kwh": 2.0, "loss_jpy_per_kwh": 20.0}
    arrays = run_community(community(tmp_path, market=fees))
    assert not arrays.money_residual_mjpy.any()
    assert not arrays.ledger_residual_mwh.any()
    rent = sum(int(line.amount_mjpy[0]) for line in arrays.bills if line.item == "network_rent")
    assert rent <= -2 * arrays.bought_mwh.sum() / 1e3 * 0.999
    assert abs(int(arrays.rounding_mjpy[0])) <= arrays.bought_mwh.shape[0] * 6 / 2


def test_the_tangent_is_that_of_the_power_flow(tmp_path: Path) -> None:
    made = community(tmp_path)
    assert made.wires is not None
    quantity = np.array([3, 3, 2, 2, 4, 4]) * 500_000
    bids = Bids(quantity, np.full(6, 20.0), np.arange(6) < 4)
    envelope = Envelope(made.wires, bids, 0.5)
    at = np.array([0, 0, 0, 0, 0.8, 0.3])
    tangent = envelope.around(at)
    for who in (4, 5):
        step = np.zeros(6)
        step[who] = 1e-2
        up, down = envelope.around(at + step).value, envelope.around(at - step).value
        np.testing.assert_allclose(tangent.per_kwh[:, who], (up - down) / 2e-2, atol=2e-3)
    assert not tangent.per_kwh[:, :4].any()


def market(**spec: Any) -> NetworkMarket:
    return NetworkMarket(NetworkMarketSpec(**spec))


IDS = ("a_1", "a_2", "b", "c")
BOOK = Bids(np.array([1_000_000, 2_000_000, 1_500_000, 500_000]), np.array([8.0, 9.0, 20.0, 30.0]), np.arange(4) >= 2)


def test_fees_and_limits_as_data(tmp_path: Path) -> None:
    from ysc_sim.markets.network_market import Feeder, PairFee

    plain = market().clear_over(BOOK, IDS, 0.5, None)
    assert plain.sold_mwh.tolist() == [1_000_000, 1_000_000, 0, 0]
    dear = market(fees=(PairFee(seller="a", buyer="b", fee_jpy_per_kwh=15.0),)).clear_over(BOOK, IDS, 0.5, None)
    assert dear.bought_mwh.tolist() == [0, 0, 0, 500_000]
    narrow = market(fees=(PairFee(seller="a", buyer="b", limit_kw=0.4),)).clear_over(BOOK, IDS, 0.5, None)
    assert narrow.bought_mwh.tolist() == [0, 0, 400_000, 500_000]
    feeder = market(feeders=(Feeder(buildings=("a",), limit_kw=1.0),)).clear_over(BOOK, IDS, 0.5, None)
    assert feeder.sold_mwh.sum() == 500_000
    far = market(places_m={"a": (0.0, 0.0), "b": (3000.0, 4000.0), "c": (0.0, 100.0)}, fee_jpy_per_kwh_km=3.0)
    assert far.clear_over(BOOK, IDS, 0.5, None).bought_mwh.tolist() == [0, 0, 0, 500_000]
    paid = market(fee_jpy_per_kwh=2.0).clear_over(BOOK, IDS, 0.5, None)
    money = ((paid.bought_mwh - paid.sold_mwh) * paid.price_jpy_per_kwh).sum() / 1e6
    assert money == pytest.approx(2.0 * 2.0)


def test_distance_needs_places(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="places_m"):
        community(tmp_path, market={"kind": "network_auction", "fee_jpy_per_kwh_km": 1.0})
