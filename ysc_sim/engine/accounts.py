"""Who pays whom: bills by month, in whole thousandths of a yen, by double entry.

Every payment is computed once, as an integer, and posted from one account to another: buildings, the community's
operator, its rounding account, the utility, the network operator. The sum of all balances is therefore zero; it is
published all the same.

*One contract* (wires ``same_site`` or ``private_line``): the operator pays the utility's bill at the point of
connection and is paid by the members: for local trade at the market's price, for what they drew beyond it at the
contract's energy price and levy, for the demand charge by each one's own largest half-hour of the month. What is then
left, a surplus as a rule, goes back to them in proportion to the energy through their meters; so does the surplus of
an auction in which buyers pay more than sellers get. Where the network is solved inside the run, its losses are in the
import of the point of connection: all members bear them, in that proportion.

*Separate contracts* (wires ``utility``, or a single building): each pays its own bill. A kWh from a neighbour saves
the supplier's energy price, not the levy and not the demand charge, and bears the wheeling charge. The losses of the
wires are the network operator's. The retailer that carries the trade hands in a plan before delivery; it pays the
network operator for what was metered otherwise, and passes on, to those who deviated, what that cost more than planned
energy.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ysc_sim.billing import BillLines, bill_lines, split_by_largest_remainder
from ysc_sim.billing.usage import months_of as calendar_months
from ysc_sim.community.arrays import Community, Contracted
from ysc_sim.contracts import NetworkMarket
from ysc_sim.engine.bill_notes import BillSaid, said_by
from ysc_sim.engine.imbalance import imbalance_of
from ysc_sim.engine.monthly import Course, PlanPrices, month_of
from ysc_sim.engine.relief import Relief
from ysc_sim.engine.settle import Meters, Trades
from ysc_sim.results.arrays import BillLine
from ysc_sim.scenario.retailer import Retailer
from ysc_sim.timeseries import TimeAxis
from ysc_sim.units import MWH_PER_KWH, Floats, Ints

COMMUNITY, OPERATOR, NETWORK = -1, -2, -3
EXPORT_ITEM = "export"


@dataclass
class Accounts:
    """Balances and the lines behind them. ``paid`` (S, n + 4): what each account has paid, negative: received."""

    rows: int
    n: int
    lines: list[BillLine] = field(default_factory=list)
    paid: Ints = field(init=False)
    bill_mjpy: Ints = field(init=False)
    alone_mjpy: Ints = field(init=False)
    contract_kw: Floats = field(init=False)
    community_contract_kw: Floats | None = None
    said: list[BillSaid] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.paid = np.zeros((self.rows, self.n + 4), dtype=np.int64)
        self.bill_mjpy = np.zeros((self.rows, self.n), dtype=np.int64)
        self.alone_mjpy = np.zeros((self.rows, self.n), dtype=np.int64)
        self.contract_kw = np.zeros((self.rows, self.n))

    @property
    def operator(self) -> int:
        """Number of the operator's account; behind it: rounding, utility, network."""
        return self.n

    @property
    def rounding(self) -> int:
        """Number of the operator's rounding account."""
        return self.n + 1

    @property
    def utility(self) -> int:
        """Number of the supplier's account."""
        return self.n + 2

    @property
    def network(self) -> int:
        """Number of the network operator's account."""
        return self.n + 3

    def pay(self, amount_mjpy: Ints, source: int | slice, target: int) -> None:
        """Post ``amount_mjpy`` (S,) or, from all buildings (slice), (S, n)."""
        self.paid[:, source] += amount_mjpy
        self.paid[:, target] -= amount_mjpy if amount_mjpy.ndim == 1 else np.add.reduce(amount_mjpy, axis=1)

    def write(
        self, month: str, building: int, item: str, unit: str, quantity: Floats, price: Floats, amount: Ints
    ) -> None:
        """Add one line of the bill table."""
        self.lines.append(BillLine(month, building, item, unit, quantity, price, amount))

    def write_all(self, month: str, item: str, unit: str, quantity: Floats, amount: Ints) -> None:
        """Add a line for every building: ``quantity`` and ``amount`` (S, n); the price is their mean."""
        yen = amount / 1000.0
        price = np.divide(yen, quantity, out=np.zeros_like(yen), where=quantity != 0)
        some = np.flatnonzero((amount != 0).any(axis=0) | (quantity != 0).any(axis=0))
        # One array of each for all lines: a line holds a row of it.
        each = [np.ascontiguousarray(values[:, some].T) for values in (quantity, price, amount)]
        self.lines += [BillLine(month, b, item, unit, *parts) for b, *parts in zip(some.tolist(), *each, strict=True)]


def make_accounts(
    community: Community,
    meters: Meters,
    trades: Trades,
    planned_mwh: Ints | None = None,
    relief: Relief | None = None,
) -> Accounts:
    """All bills of a run: alone, and as they are under the community's terms.

    ``planned_mwh`` (K, S, n): what the balancing group said before delivery; None where there is none. ``relief``:
    what members gave when the community's peak called for it.
    """
    axis, terms = community.site.axis, community.terms
    accounts = Accounts(community.rows, len(community.buildings))
    bills = _bill_alone(accounts, community, meters)
    if terms.shared is None:
        _bill_separately(accounts, community, meters, trades, bills)
        if terms.retailer is not None and planned_mwh is not None:
            _bill_public_lines(accounts, terms.retailer, axis, meters, trades, planned_mwh)
    else:
        _bill_together(accounts, community, terms.shared, meters, trades, axis, relief)
    buildings = accounts.paid[:, : accounts.n]
    accounts.bill_mjpy = buildings.copy()
    return accounts


def months_of(axis: TimeAxis) -> Iterator[tuple[str, slice]]:
    """Calendar months of the axis, as bills count them: name and slots."""
    months = calendar_months(axis.start, axis.slot_s, axis.slots)
    for name, (first, last) in zip(months.names, itertools.pairwise(months.first.tolist()), strict=True):
        yield name, slice(first, last)


def _lines_of(contract: Contracted, axis: TimeAxis, import_mwh: Ints) -> BillLines:
    """The supplier's bill of some meters (K, R) under one contract."""
    return bill_lines(
        contract.tariff,
        import_mwh,
        start=axis.start,
        slot_s=axis.slot_s,
        power_factor_percent=contract.power_factor_percent,
        contract=contract.contract,
        previous_kw=contract.previous_kw,
        adjustments=contract.adjustments,
    )


def _columns(values: Ints, contract: Contracted) -> Ints:
    """Meters (K, S, n) of a contract's buildings as (K, S·k)."""
    if len(contract.columns) == values.shape[2]:
        return values.reshape(len(values), -1)  # columns rise: all buildings, in order
    part = values[:, :, contract.columns]
    return np.ascontiguousarray(part).reshape(part.shape[0], -1)


def _income(export_mwh: Ints, price_jpy_per_kwh: float) -> Ints:
    """Payment for exported energy, rounded once per meter and month."""
    income: Ints = np.rint(export_mwh * (price_jpy_per_kwh / 1000.0)).astype(np.int64)
    return income


def _bill_alone(accounts: Accounts, community: Community, meters: Meters) -> list[BillLines]:
    """Each building on its own plan and meter, the base that sharing is compared with: the bills of each contract."""
    axis, rows = community.site.axis, community.rows
    bills = []
    for contract in community.terms.own:
        k = len(contract.columns)
        bill = _lines_of(contract, axis, _columns(meters.import_mwh, contract))
        bills.append(bill)
        accounts.alone_mjpy[:, contract.columns] = bill.total_mjpy.reshape(rows, k)
        accounts.contract_kw[:, contract.columns] = bill.largest_contract_kw.reshape(rows, k)
    for _, span in months_of(axis):
        exported = np.add.reduce(meters.export_mwh[span], axis=0)
        meters.held.let_go(span.stop)
        for contract in community.terms.own:
            income = _income(exported[:, contract.columns], contract.export_jpy_per_kwh)
            accounts.alone_mjpy[:, contract.columns] -= income
    return bills


def _bill_separately(
    accounts: Accounts, community: Community, meters: Meters, trades: Trades, bills: list[BillLines]
) -> None:
    axis, terms, rows = community.site.axis, community.terms, community.rows
    everyone = slice(0, accounts.n)
    for contract, bill in zip(terms.own, bills, strict=True):
        k = len(contract.columns)
        accounts.said.append(said_by(contract, bill))
        for line in bill.lines:
            amount = line.amount_mjpy.reshape(rows, k)
            for j, b in enumerate(contract.columns):
                accounts.pay(amount[:, j], int(b), accounts.utility)
                quantity, price = line.quantity.reshape(rows, k)[:, j], line.price_jpy.reshape(rows, k)[:, j]
                accounts.write(line.month, int(b), line.item, line.unit, quantity, price, amount[:, j])
    prices = PlanPrices.of(community)
    for month, span in months_of(axis):
        _pay_losses(accounts, month, meters.loss_mwh[span], prices, span)
        course = month_of(meters, trades, span, prices)
        income = -course.spare_mjpy
        accounts.pay(income, everyone, accounts.utility)
        spare = course.export_mwh - course.sold_mwh
        accounts.write_all(month, EXPORT_ITEM, "kWh", spare / MWH_PER_KWH, income)
        bought = course.bought_mwh
        if not bought.any():
            continue
        credit = -course.bought_mjpy
        accounts.pay(credit, everyone, accounts.utility)
        accounts.write_all(month, "traded_energy_not_bought", "kWh", bought / MWH_PER_KWH, credit)
        carried = np.rint(bought * (terms.wheeling_jpy_per_kwh / 1000.0)).astype(np.int64)
        accounts.pay(carried, everyone, accounts.network)
        accounts.write_all(month, "wheeling", "kWh", bought / MWH_PER_KWH, carried)
        surplus = _pay_trades(accounts, month, span, trades, course)
        if isinstance(community.market, NetworkMarket) and surplus.any():
            # Fees and the rent of limits that bind are the wires'.
            accounts.pay(surplus, accounts.operator, accounts.network)
            accounts.write(month, NETWORK, "network_rent", "", np.zeros(len(surplus)), np.zeros(len(surplus)), -surplus)


def _bill_public_lines(
    accounts: Accounts, retailer: Retailer, axis: TimeAxis, meters: Meters, trades: Trades, planned_mwh: Ints
) -> None:
    """What the retailer's balancing group pays for energy that differs from its plan, and passes on."""
    found = imbalance_of(retailer, axis, meters.export_mwh - meters.import_mwh, planned_mwh)
    nothing = np.zeros(accounts.rows)
    for month, span in months_of(axis):
        lost = np.add.reduce(trades.loss_mwh[span], axis=0)
        if lost.any():
            amount = np.zeros(accounts.rows, dtype=np.int64)
            accounts.write(month, NETWORK, "trade_losses", "kWh", lost / MWH_PER_KWH, nothing, amount)
        if found is None:
            continue
        group = np.add.reduce(found.group_mjpy[span], axis=0)
        accounts.pay(group, accounts.utility, accounts.network)
        deviation = np.add.reduce(found.deviation_mwh[span], axis=0) / MWH_PER_KWH
        accounts.write(month, NETWORK, "imbalance", "kWh", np.add.reduce(deviation, axis=1), nothing, -group)
        if retailer.imbalance_borne_by == "members":
            own = np.add.reduce(found.member_mjpy[span], axis=0)
            accounts.pay(own, slice(0, accounts.n), accounts.utility)
            accounts.write_all(month, "imbalance", "kWh", deviation, own)


def _pay_losses(accounts: Accounts, month: str, loss_mwh: Ints, prices: PlanPrices, span: slice) -> None:
    """The network operator buys what its wires lose, at the mean energy price of the buildings' contracts."""
    if not loss_mwh.any():
        return
    price = prices.mean_energy(span, accounts.n)
    amount = np.add.reduce(np.rint(loss_mwh * (price / 1000.0)).astype(np.int64), axis=0)
    lost = np.add.reduce(loss_mwh, axis=0) / MWH_PER_KWH
    accounts.pay(amount, accounts.network, accounts.utility)
    mean = np.divide(amount / 1000.0, lost, out=np.zeros_like(lost), where=lost > 0)
    accounts.write(month, NETWORK, "network_losses", "kWh", lost, mean, amount)


def _pay_trades(accounts: Accounts, month: str, span: slice, trades: Trades, course: Course) -> Ints:
    """Buyers pay and sellers are paid through the operator, who keeps what is left, (S,): its own in some auctions.

    Up to half a thousandth of a yen for each building and slot is rounding and goes to the rounding account. A market
    with one price leaves no more; where prices differ by design (McAfee, Huang), or where delivery fell short of
    trades at different prices, the rest is the operator's surplus, or its loss.
    """
    if trades.none:
        return np.zeros(accounts.rows, dtype=np.int64)
    sides = (
        ("trade_bought", course.paid_mjpy, course.bought_mwh),
        ("trade_sold", course.received_mjpy, course.sold_mwh),
    )
    for item, amount, energy in sides:
        accounts.pay(amount, slice(0, accounts.n), accounts.operator)
        accounts.write_all(month, item, "kWh", energy / MWH_PER_KWH, amount)
    left = course.left_mjpy
    rounding = np.where(2 * np.abs(left) <= accounts.n, left, 0).sum(axis=0)
    surplus: Ints = left.sum(axis=0) - rounding
    accounts.pay(rounding, accounts.operator, accounts.rounding)
    for item, amount in (("rounding", rounding), ("market_surplus", surplus)):
        if amount.any():
            accounts.write(month, OPERATOR, item, "", np.zeros(len(amount)), np.zeros(len(amount)), -amount)
    return surplus


def _pay_relief(accounts: Accounts, month: str, span: slice, relief: Relief | None) -> Ints:
    """The operator pays for relief; what it costs, (S,)."""
    if relief is None:
        return np.zeros(accounts.rows, dtype=np.int64)
    amount = -np.add.reduce(relief.payment_mjpy[span], axis=0)
    accounts.pay(amount, slice(0, accounts.n), accounts.operator)
    accounts.write_all(month, "peak_relief", "kWh", np.add.reduce(relief.given_mwh[span], axis=0) / MWH_PER_KWH, amount)
    return np.asarray(-np.add.reduce(amount, axis=1))


def _bill_together(
    accounts: Accounts,
    community: Community,
    shared: Contracted,
    meters: Meters,
    trades: Trades,
    axis: TimeAxis,
    relief: Relief | None,
) -> None:
    bill = _lines_of(shared, axis, meters.grid_import_mwh)
    accounts.said.append(said_by(shared, bill))
    accounts.community_contract_kw = bill.largest_contract_kw
    prices = PlanPrices.of(community)
    for number, (month, span) in enumerate(months_of(axis)):
        owed, demand = np.zeros(accounts.rows, dtype=np.int64), np.zeros(accounts.rows, dtype=np.int64)
        for line in bill.lines:
            if line.month_index == number:
                accounts.pay(line.amount_mjpy, accounts.operator, accounts.utility)
                accounts.write(month, COMMUNITY, line.item, line.unit, line.quantity, line.price_jpy, line.amount_mjpy)
                owed += line.amount_mjpy
                demand += line.amount_mjpy if line.item == "demand" else 0
        exported = meters.grid_export_mwh[span].sum(axis=0)
        income = -_income(exported, shared.export_jpy_per_kwh)
        accounts.pay(income, accounts.operator, accounts.utility)
        price = np.full(accounts.rows, shared.export_jpy_per_kwh)
        accounts.write(month, COMMUNITY, EXPORT_ITEM, "kWh", exported / MWH_PER_KWH, price, income)
        course = month_of(meters, trades, span, prices)
        surplus = _pay_trades(accounts, month, span, trades, course) - _pay_relief(accounts, month, span, relief)
        _share_bill(accounts, month, owed + income - surplus, demand, course)


def _share_bill(accounts: Accounts, month: str, owed: Ints, demand: Ints, course: Course) -> None:
    """Split one month's bill at the point of connection over the members, to the last 1/1000 yen."""
    energy, income = course.drawn_mjpy, -course.spare_mjpy
    peaks = course.peak_mwh
    by_peak = split_by_largest_remainder(demand, peaks)
    rest = owed - by_peak.sum(axis=1) - energy.sum(axis=1) - income.sum(axis=1)
    through = course.import_mwh + course.export_mwh
    back = split_by_largest_remainder(rest, through)
    drawn, spare = course.import_mwh - course.bought_mwh, course.export_mwh - course.sold_mwh
    for item, unit, quantity, amount in (
        ("grid_energy", "kWh", drawn / MWH_PER_KWH, energy),
        ("grid_export", "kWh", spare / MWH_PER_KWH, income),
        ("demand_share", "kW", peaks / MWH_PER_KWH * 2.0, by_peak),
        ("balance_share", "kWh", through / MWH_PER_KWH, back),
    ):
        accounts.pay(amount, slice(0, accounts.n), accounts.operator)
        accounts.write_all(month, item, unit, quantity, amount)
