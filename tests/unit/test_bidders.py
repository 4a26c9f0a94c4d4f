"""Bids of those who have a choice: by hand, and in runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ysc_sim as ysc
from ysc_sim.bidders.battery_arbitrage import BatteryArbitrage, BatteryArbitrageSpec
from ysc_sim.bidders.marginal_value import MarginalValue, MarginalValueSpec
from ysc_sim.bidders.worth import worth_of
from ysc_sim.bidders.zip import Zip, ZipSpec
from ysc_sim.community.compile import compile_community
from ysc_sim.contracts import Bids, BidView, Cleared, Flexible, Rows, Vehicles
from ysc_sim.engine.simulate import run_community
from ysc_sim.results.arrays import RunArrays
from ysc_sim.units import Floats

SLOT_S = 1800


def stores(stored: float, room: float, *, n: int = 1, power: float = 10.0, efficiency: float = 0.9) -> Flexible:
    one = np.ones(n)
    return Flexible(stored * one[None], room * one[None], power * one, power * one, efficiency * one, one)


def view(
    ahead: list[float],
    imports: list[float],
    *,
    export: float = 8.0,
    holds: Flexible | None = None,
    cars: Vehicles | None = None,
    slot: int = 0,
    last: tuple[Bids, Cleared] | None = None,
) -> BidView:
    """One building in one row; the last value is repeated behind the end of the lists."""

    def padded(values: list[float], count: int) -> Floats:
        return np.array((values + [values[-1]] * count)[:count])[:, None]

    return BidView(
        slot=slot,
        slot_s=SLOT_S,
        t_s=0.0,
        expected_kwh=np.array([[ahead[0]]]),
        prices=lambda count: (padded(imports, count), np.full((count, 1), export)),
        ahead=lambda count: padded(ahead, count)[:, :, None],
        stores=lambda: holds,
        vehicles=lambda: cars,
        last=last,
    )


def test_a_kilowatt_hour_is_worth_the_dearest_need_before_the_sun() -> None:
    prices, export = np.array([[10.0], [20.0], [50.0], [90.0]]), np.full((4, 1), 8.0)
    # The surplus of the third slot fills the room of 2 kWh (η = 0.9), so what comes behind it does not count.
    net = np.array([0.0, -1.0, 3.0, -1.0])[:, None, None]
    full = worth_of(stores(1.0, 2.0), net, prices, export)
    assert (full.kept.item(), full.spared.item()) == pytest.approx((18.0, 20.0))
    roomy = worth_of(stores(1.0, 20.0), net, prices, export)
    assert (roomy.kept.item(), roomy.spared.item()) == pytest.approx((81.0, 90.0))
    # Without any need ahead the store only displaces export, and what comes out makes room for it.
    idle = worth_of(stores(1.0, 2.0), np.abs(net), prices, export)
    assert (idle.kept.item(), idle.spared.item()) == pytest.approx((7.2, 8.0 / 0.9))


def test_surplus_that_could_be_kept_is_not_given_away() -> None:
    bidder = MarginalValue(MarginalValueSpec())
    sunny = view([1.0, -1.0], [30.0, 30.0], holds=stores(0.0, 5.0))
    assert bidder.bid(sunny, {}).price_jpy_per_kwh.item() == pytest.approx(27.0)
    full = view([1.0, -1.0], [30.0, 30.0], holds=stores(5.0, 0.5))
    assert bidder.bid(full, {}).price_jpy_per_kwh.item() == 8.0


def test_need_that_the_battery_could_cover_is_worth_what_it_will_be_missed_by() -> None:
    bidder = MarginalValue(MarginalValueSpec())
    dear_now = view([-1.0, -1.0], [40.0, 25.0], holds=stores(5.0, 5.0))
    assert bidder.bid(dear_now, {}).price_jpy_per_kwh.item() == 25.0
    empty = view([-1.0, -1.0], [40.0, 25.0], holds=stores(0.5, 5.0))
    assert bidder.bid(empty, {}).price_jpy_per_kwh.item() == 40.0


def test_charging_that_may_wait_is_worth_the_cheapest_hours_before_the_departure() -> None:
    bidder = MarginalValue(MarginalValueSpec())
    prices = [40.0, 30.0, 12.0, 20.0, 12.0]

    def bid(missing: float, slots: int) -> float:
        car = Vehicles(*(np.full((1, 1), x) for x in (missing, slots * SLOT_S, 6.0, 0.0)))
        return bidder.bid(view([-3.0], prices, cars=car), {}).price_jpy_per_kwh.item()

    assert bid(3.0, 5) == 12.0  # one slot of 3 kWh: the cheapest of the next four
    assert bid(8.0, 5) == 20.0  # three slots: the third cheapest
    assert bid(3.0, 1) == 40.0  # it leaves after this slot
    assert bid(15.0, 5) == 40.0  # all slots are needed
    assert bid(0.0, 5) == 40.0  # nothing is missing


def test_arbitrage_sells_dear_and_buys_cheap() -> None:
    bidder = BatteryArbitrage(BatteryArbitrageSpec(wear_jpy_per_kwh=1.0))
    state = bidder.start(Rows((1,)), ["a"])
    state["price"][:] = 15.0
    state["price"][0, 0] = 40.0
    dear = bidder.bid(view([-0.5, 0.0], [45.0, 45.0], holds=stores(4.0, 4.0)), state)
    # 4 kWh less the own need are offered at what they will be missed by, 15, and wear.
    assert (dear.quantity_mwh.item(), dear.price_jpy_per_kwh.item(), dear.is_buyer.item()) == (3_500_000, 16.0, False)
    state["price"][0, :2] = 9.0, 40.0
    cheap = bidder.bid(view([0.5, 0.0], [45.0, 45.0], holds=stores(0.0, 3.6)), state)
    assert (cheap.quantity_mwh.item(), cheap.is_buyer.item()) == (3_500_000, True)
    assert cheap.price_jpy_per_kwh.item() == pytest.approx(40.0 * 0.9 - 1.0)


def test_arbitrage_learns_the_price_of_the_slot_before() -> None:
    bidder = BatteryArbitrage(BatteryArbitrageSpec(learning=0.5))
    state = bidder.start(Rows((1,)), ["a"])
    kwh = np.array([[1_000_000, 0]])
    for price, expected in ((20.0, 20.0), (10.0, 15.0)):
        traded = Cleared(kwh, kwh[:, ::-1], np.full((1, 2), price))
        nothing = Bids(kwh, np.full((1, 2), price), kwh > 0)
        bidder.bid(view([0.0], [30.0], slot=4, last=(nothing, traded)), state)
        assert state["price"][0, 3] == expected
    assert np.isnan(np.delete(state["price"], 3)).all()


def test_zip_margins_go_the_way_of_the_market() -> None:
    bidder = Zip(ZipSpec())
    state = bidder.start(Rows((5,)), ["a", "b"])
    before = state["margin"].copy()
    prices = np.array([[30.0, 30.0]]), np.array([[8.0, 8.0]])
    expected = np.array([[-1.0, 1.0]])

    def offer(last: tuple[Bids, Cleared] | None) -> Bids:
        now = BidView(slot=1, slot_s=SLOT_S, t_s=0.0, expected_kwh=expected, prices=lambda c: prices, last=last)
        return bidder.bid(now, state)

    first = offer(None)
    assert first.price_jpy_per_kwh[0, 0] == pytest.approx(30 * (1 - before[0, 0, 1]))
    assert first.price_jpy_per_kwh[0, 1] == pytest.approx(8 * (1 + before[0, 1, 0]))
    nothing = np.zeros((1, 2), dtype=np.int64)
    quiet = Bids(first.quantity_mwh, np.array([[20.0, 25.0]]), first.is_buyer)
    second = offer((quiet, Cleared(nothing, nothing, np.zeros((1, 2)))))
    assert second.price_jpy_per_kwh[0, 0] > 20.0
    assert second.price_jpy_per_kwh[0, 1] < 25.0
    # Both traded at 18: the buyer hopes for less than its bid of 20, the seller for more than its ask of 10.
    deal = np.array([[1_000_000, 0]])
    both = Bids(first.quantity_mwh, np.array([[20.0, 10.0]]), first.is_buyer)
    third = offer((both, Cleared(deal, deal[:, ::-1], np.full((1, 2), 18.0))))
    assert third.price_jpy_per_kwh[0, 1] > 10.0
    for _ in range(200):
        bids = offer((both, Cleared(deal, deal[:, ::-1], np.full((1, 2), 18.0))))
        both = bids
    assert abs(bids.price_jpy_per_kwh[0] - 18).max() < 2


STREET = """
format: 1
time: {start: 2026-08-03T00:00, days: 4, step_s: STEP}
seed: SEED
tariff: {plan: kepco_hv_as_tou, export_jpy_per_kwh: 8.5}
market: MARKET
bidder: {kind: BIDDER, forecast: {kind: persistence, of: yesterday}}
wires: private_line
ensemble: {seeds: ROWS}
buildings:
  - {id: roof, count: 3, profile: detached120_gas, devices: [{kind: solar, rated_kw: 6}]}
  - id: store
    count: 2
    profile: detached120_gas
    strategy: {kind: deliver_trades, inner: {kind: self_consumption}}
    devices: [{kind: solar, rated_kw: 5}, {kind: battery, energy_kwh: 12, power_kw: 5}, EV]
  - {id: plain, count: 3, profile: detached120_allelec}
"""


def street(
    folder: Path,
    bidder: str,
    *,
    seed: int = 3,
    rows: int = 1,
    step: int = 1800,
    car: str = "",
    market: str = "{kind: call_auction}",
) -> RunArrays:
    text = STREET.replace(", EV]", f"{car}]").replace("MARKET", market)
    for key, value in (("STEP", step), ("SEED", seed), ("ROWS", rows), ("BIDDER", bidder)):
        text = text.replace(key, str(value))
    path = folder / "street.yaml"
    path.write_text(text, encoding="utf-8")
    return run_community(compile_community(ysc.load_scenario(path)))


def test_vehicles_are_seen_at_the_gate(tmp_path: Path) -> None:
    run = street(tmp_path, "marginal_value", car=", {kind: ev, energy_kwh: 40, charge_kw: 3, charge: departure}")
    assert run.bought_mwh.sum() > 0
    assert not run.money_residual_mjpy.any()


@pytest.mark.parametrize("bidder", ["marginal_value", "battery_arbitrage", "zip"])
def test_rows_bid_the_same_in_any_batch(tmp_path: Path, bidder: str) -> None:
    together, alone = street(tmp_path, bidder, seed=3, rows=2), street(tmp_path, bidder, seed=4)
    for name in ("cleared_bought_mwh", "cleared_sold_mwh", "payment_mjpy", "import_mwh"):
        np.testing.assert_array_equal(getattr(together, name)[:, 1], getattr(alone, name)[:, 0])
    assert together.bought_mwh.sum() > 0
    assert not together.money_residual_mjpy.any()


def test_zip_traders_of_the_order_book_are_those_of_their_row(tmp_path: Path) -> None:
    market = "{kind: continuous_auction, trader: zip, quotes: 4}"
    twice = [street(tmp_path, "truthful", market=market) for _ in range(2)]
    np.testing.assert_array_equal(twice[0].payment_mjpy, twice[1].payment_mjpy)
    rows = street(tmp_path, "truthful", market=market, rows=2)
    np.testing.assert_array_equal(rows.payment_mjpy[:, 0], twice[0].payment_mjpy[:, 0])


@pytest.mark.parametrize("step", [1800, 300])
def test_promises_are_kept_by_the_battery(tmp_path: Path, step: int) -> None:
    run = street(tmp_path, "marginal_value", step=step)
    stored = slice(6, 8)
    promised = (run.cleared_sold_mwh - run.cleared_bought_mwh)[:, :, stored]
    sent = (run.export_mwh - run.import_mwh)[:, :, stored]
    off = np.abs(sent - promised)[promised != 0]
    assert np.median(off) <= 1  # whole milliwatt-hours, wherever the battery had the energy and the power
