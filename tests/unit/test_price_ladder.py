"""Several orders of one building in a slot: parts with prices of their own, one commitment of the building."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.bidders.marginal_value import MarginalValue, MarginalValueSpec
from ysc_sim.bidders.truthful import order
from ysc_sim.community.arrays import Community
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import Bids, BidView, Cleared, Flexible, Rows, Tangent, Vehicles
from ysc_sim.engine.ladder import LadderWiring, by_building, cleared_by_building, names_of, orders_of
from ysc_sim.engine.simulate import run_community
from ysc_sim.markets.muda import Muda, MudaSpec
from ysc_sim.units import Floats

SLOT_S = 1800
MARKETS = (
    "call_auction", "pay_as_bid", "muda", "huang", "mid_market_rate", "supply_demand_ratio", "bill_sharing",
    "scarce_side", "continuous_auction", "network_auction",
)  # fmt: skip


def view(net: float, stored: float, room: float, car_kwh: float = 0.0) -> BidView:
    """One building; a kilowatt-hour costs 40 now, 20 in the next slot, 30 from then on, and earns 8."""
    one = np.ones(1)
    imports = np.array([40.0, 20.0] + [30.0] * 200)[:, None]
    car = Vehicles(*(np.full((1, 1), x) for x in (car_kwh, 5 * SLOT_S, 2.0, 0.0)))
    ahead = np.concatenate([[net], np.full(200, -1.0)])[:, None, None]
    return BidView(
        slot=0,
        slot_s=SLOT_S,
        t_s=0.0,
        expected_kwh=np.array([[net]]),
        prices=lambda count: (imports[:count], np.full((count, 1), 8.0)),
        ahead=lambda count: ahead[:count],
        stores=lambda: Flexible(stored * one[None], room * one[None], 10 * one, 10 * one, one, one),
        vehicles=lambda: car if car_kwh else None,
    )


def ladder(found: BidView) -> list[tuple[int, float, bool]]:
    bids = MarginalValue(MarginalValueSpec(ladder=True)).bid(found, {})
    assert [values.shape for values in bids] == [(1, 3)] * 3
    rungs = zip(*(values[0].tolist() for values in bids), strict=True)
    return [rung for rung in rungs if rung[0]]


def test_what_the_battery_could_take_is_not_given_away_and_the_rest_is_sold() -> None:
    assert ladder(view(3.0, 0.0, 1.0)) == [(2_000_000, 8.0, False), (1_000_000, 30.0, False)]
    # One order knows one price: that of the tariff, unless all of it could be kept.
    single = MarginalValue(MarginalValueSpec())
    assert single.orders == 1
    assert single.bid(view(3.0, 0.0, 1.0), {}).price_jpy_per_kwh.tolist() == [[8.0]]
    assert ladder(view(3.0, 0.0, 5.0)) == [(3_000_000, 30.0, False)]
    assert ladder(view(3.0, 5.0, 0.0)) == [(3_000_000, 8.0, False)]


def test_need_is_done_without_where_that_costs_least() -> None:
    covered = ladder(view(-3.0, 1.0, 9.0))
    assert covered == [(2_000_000, 40.0, True), (1_000_000, 30.0, True)]
    # The vehicle lacks one slot of 1 kWh and can wait for the hour at 20; the battery covers one more.
    both = ladder(view(-3.0, 1.0, 9.0, car_kwh=1.0))
    assert both == [(1_000_000, 40.0, True), (1_000_000, 30.0, True), (1_000_000, 20.0, True)]
    assert ladder(view(-0.4, 1.0, 9.0, car_kwh=1.0)) == [(400_000, 20.0, True)]
    assert ladder(view(0.0, 1.0, 9.0)) == []


def test_orders_are_added_up_by_building() -> None:
    quantity = np.array([[1, 0, 4, 3, 0, 0]])
    price = np.array([[10.0, 7.0, 5.0, 20.0, 9.0, 6.0]])
    side = np.array([[True, True, False, True, False, False]])
    whole = by_building(Bids(quantity, price, side), 2)
    assert whole.quantity_mwh.tolist() == [[4, 0, 4]]
    assert whole.price_jpy_per_kwh.tolist() == [[17.5, 7.0, 5.0]]
    assert whole.is_buyer.tolist() == [[True, True, False]]
    done = cleared_by_building(Cleared(quantity * side, quantity * ~side, price), 2)
    assert [values.tolist() for values in done] == [[[4, 0, 0]], [[0, 0, 4]], [[17.5, 0.0, 5.0]]]
    same = 0.1 + 0.2
    mean = cleared_by_building(Cleared(np.array([1, 1, 1]), np.array([0, 0, 0]), np.full(3, same)), 3)
    assert mean.price_jpy_per_kwh.tolist() == [same]
    with pytest.raises(ValueError, match="building number 1"):
        by_building(Bids(np.array([[1, 1, 1, 1]]), np.ones((1, 4)), np.array([[True, True, True, False]])), 2)
    assert names_of(("a", "b"), 2) == ["a", "b", "a order 2", "b order 2"]


def test_a_bidder_makes_at_least_one_order() -> None:
    bidder = MarginalValue(MarginalValueSpec())
    bidder.orders = 0
    with pytest.raises(ValueError, match=r"orders\(=0\)"):
        orders_of(bidder)


def test_the_wires_see_what_a_building_sells_in_all() -> None:
    class Wires:
        def around(self, sold_kwh: Floats) -> Tangent:
            return Tangent(sold_kwh.copy(), np.array([[1.0, 2.0]]), np.zeros(2), np.ones(2), np.array([0.1, 0.2]))

        def holds(self, sold_kwh: Floats) -> bool:
            return bool(sold_kwh.sum() <= 4 and len(sold_kwh) == 2)

    seen = LadderWiring(Wires(), 2)
    found = seen.around(np.array([1.0, 0.0, 2.0, 0.5]))
    assert found.value.tolist() == [3.0, 0.5]
    assert found.per_kwh.tolist() == [[1.0, 2.0, 1.0, 2.0]]
    assert found.loss_per_kwh.tolist() == [0.1, 0.2, 0.1, 0.2]
    assert seen.holds(np.array([1.0, 0.0, 2.0, 1.0]))
    assert not seen.holds(np.array([1.0, 0.0, 2.0, 1.5]))


def test_orders_of_a_building_stay_in_one_half() -> None:
    rng = np.random.default_rng(4)
    one = Bids(rng.integers(1, 9, (40, 1, 6)), rng.choice([10.0, 20.0], (40, 1, 6)), rng.random((40, 1, 6)) < 0.5)
    rows, market = Rows((5,)), Muda(MudaSpec())
    whole = market.clear_slots(Bids(2 * one.quantity_mwh, *one[1:]), rows, 3)
    halves = market.clear_slots(Bids(*(np.tile(values, 2) for values in one)), rows, 3, orders=2)
    assert whole.bought_mwh.any()
    for name in ("bought_mwh", "sold_mwh"):
        np.testing.assert_array_equal(getattr(cleared_by_building(halves, 2), name), getattr(whole, name))


class Halves:
    """Truthful orders, each in two halves."""

    kind: ClassVar[str] = "halves"
    Spec: ClassVar[type] = MarginalValueSpec
    reads_outcome: ClassVar[bool] = False
    orders: ClassVar[int] = 2

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        return {}

    def bid(self, found: BidView, state: dict[str, np.ndarray]) -> Bids:
        whole = order(found.expected_kwh, found.import_jpy_per_kwh, found.export_jpy_per_kwh)
        first = whole.quantity_mwh // 2
        quantity = np.concatenate([first, whole.quantity_mwh - first], axis=-1)
        return Bids(quantity, np.tile(whole.price_jpy_per_kwh, 2), np.tile(whole.is_buyer, 2))


def street(folder: Path, market: str, bidder: dict[str, Any], **more: Any) -> Community:
    """A warm day and a half; several meters behind one contract."""
    roof = {"kind": "solar", "rated_kw": 6}
    battery = {"kind": "battery", "energy_kwh": 12, "power_kw": 5}
    data = {
        "format": 1,
        "time": {"start": "2026-05-12T00:00", "days": 1.5, "step_s": 1800},
        "tariff": {"plan": "kepco_hv_as_tou", "export_jpy_per_kwh": 8.5},
        "wires": "private_line",
        "market": {"kind": market},
        "bidder": bidder,
        "buildings": [
            {"id": "roof", "profile": "detached120_gas", "count": 2, "devices": [roof]},
            {"id": "store", "profile": "detached120_gas", "count": 2, "devices": [roof, battery]},
            {"id": "plain", "profile": "detached120_allelec", "count": 3},
        ],
        **more,
    }
    path = folder / "street.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return compile_community(ysc.load_scenario(path))


@pytest.mark.parametrize("market", ["call_auction", "pay_as_bid", "mid_market_rate"])
def test_an_order_in_two_halves_is_the_same_order(tmp_path: Path, market: str) -> None:
    made = street(tmp_path, market, {"kind": "truthful"})
    whole, halves = run_community(made), run_community(dataclasses.replace(made, bidder=Halves()))
    assert whole.cleared_bought_mwh.sum() > 0
    for name in ("cleared_bought_mwh", "cleared_sold_mwh"):
        # Halves at the margin are cut one by one, each to whole milliwatt-hours.
        np.testing.assert_allclose(getattr(halves, name), getattr(whole, name), rtol=0, atol=2)
    np.testing.assert_allclose(halves.payment_mjpy.sum(axis=0), whole.payment_mjpy.sum(axis=0), rtol=0, atol=100)


@pytest.mark.parametrize("market", MARKETS)
def test_books_stay_balanced_with_ladders_in_every_market(tmp_path: Path, market: str) -> None:
    tariff = {"plan": "tepco_lv_meter_rate_b", "contract": 60, "export_jpy_per_kwh": 8.5}
    retailer = {"loss_rate": 0.05, "procurement_jpy_per_kwh": [13], "imbalance_jpy_per_kwh": [12]}
    more = {"wires": "utility", "tariff": tariff, "retailer": retailer} if market == "call_auction" else {}
    made = street(tmp_path, market, {"kind": "marginal_value", "ladder": True}, **more)
    run = run_community(made)
    assert not run.money_residual_mjpy.any()
    assert (run.cleared_bought_mwh.sum(axis=2) <= run.cleared_sold_mwh.sum(axis=2)).all()
    if not more:
        np.testing.assert_array_equal(run.cleared_bought_mwh.sum(axis=2), run.cleared_sold_mwh.sum(axis=2))
    if market not in ("huang", "muda"):
        assert run.cleared_bought_mwh.sum() > 0
