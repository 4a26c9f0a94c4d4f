"""What the meters and trades of one month come to: read once, in parts that stay in the cache."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.engine.settle import Meters, Trades, parts_of
from ysc_sim.units import Floats, Ints


class PlanPrices(NamedTuple):
    """Energy price (with the levy under one contract) and export price of each slot. Few plans serve many meters: one
    column is kept for each plan."""

    energy_jpy_per_kwh: Floats
    export_jpy_per_kwh: Floats
    """(K, plans)"""
    plan_of: Ints
    """Plan of each building, (n,); (1,) where all have the same."""

    @classmethod
    def of(cls, community: Community) -> PlanPrices:
        """Those that a community's members pay."""
        axis, terms = community.site.axis, community.terms
        contracts = terms.own if terms.shared is None else (terms.shared,)
        plan_of = np.zeros(1 if len(contracts) == 1 else len(community.buildings), dtype=np.int64)
        energy, export = np.zeros((axis.slots, len(contracts))), np.zeros((axis.slots, len(contracts)))
        for number, contract in enumerate(contracts):
            tariff, adjustments = contract.tariff, contract.adjustments
            price = tariff.energy_price_jpy_per_kwh(axis.start, axis.slot_s, axis.slots, adjustments=adjustments)
            if terms.shared is not None:
                price = price + tariff.levy_jpy_per_kwh(axis.start, axis.slot_s, axis.slots)
            energy[:, number], export[:, number] = price, contract.export_jpy_per_kwh
            if len(plan_of) > 1:
                plan_of[contract.columns] = number
        return cls(energy, export, plan_of)

    def mean_energy(self, span: slice, n: int) -> Floats:
        """Mean energy price of ``n`` buildings in the slots of ``span``, (k, 1)."""
        each = self.energy_jpy_per_kwh[span][:, None, self.plan_of]
        everyone = np.ascontiguousarray(np.broadcast_to(each, (*each.shape[:2], n)))
        price: Floats = np.add.reduce(everyone, axis=2) / n
        return price

    def worth_mjpy(self, price_jpy_per_kwh: Floats, energy_mwh: Ints, slots: Ints | slice) -> Ints:
        """Energy (k, S, n) of some slots at a price (K, plans), each rounded to 1/1000 yen, summed: (S, n)."""
        payment = energy_mwh * (price_jpy_per_kwh[slots] / 1000.0)[:, None, self.plan_of]
        np.rint(payment, out=payment)
        # Whole numbers far below 2⁵³: their sum is exact.
        return np.asarray(np.add.reduce(payment, axis=0), dtype=np.int64)


@dataclass
class Course:
    """Sums over the slots of one month, (S, n): energy in mWh, money in 1/1000 yen, rounded slot by slot."""

    import_mwh: Ints
    export_mwh: Ints
    peak_mwh: Ints
    """Largest import of a slot."""
    bought_mwh: Ints
    sold_mwh: Ints
    drawn_mjpy: Ints
    """Import beyond trade, at the energy price."""
    spare_mjpy: Ints
    """Export beyond trade, at the export price."""
    bought_mjpy: Ints
    """What was bought from neighbours, at the energy price."""
    paid_mjpy: Ints
    received_mjpy: Ints
    """Local trade: ≥ 0 what buyers pay, ≤ 0 what sellers do."""
    left_mjpy: Ints
    """Sum of all payments of each slot with trade, (k, S)."""


def month_of(meters: Meters, trades: Trades, span: slice, prices: PlanPrices) -> Course:
    """The course of the slots of ``span``."""
    shape = meters.import_mwh.shape[1:]
    course = Course(*(np.zeros(shape, dtype=np.int64) for _ in range(11)))
    left = [np.zeros((0, shape[0]), dtype=np.int64)]
    for piece in parts_of(span.stop - span.start, math.prod(shape)):
        part = slice(span.start + piece.start, span.start + piece.stop)
        drawn, spare = meters.import_mwh[part], meters.export_mwh[part]
        course.import_mwh += np.add.reduce(drawn, axis=0)
        course.export_mwh += np.add.reduce(spare, axis=0)
        np.maximum(course.peak_mwh, np.maximum.reduce(drawn, axis=0), out=course.peak_mwh)
        slots = trades.within(part)
        if len(slots):
            bought, sold = trades.bought_mwh[slots], trades.sold_mwh[slots]
            drawn, spare = drawn.copy(), spare.copy()
            drawn[slots - part.start] -= bought
            spare[slots - part.start] -= sold
            course.bought_mwh += np.add.reduce(bought, axis=0)
            course.sold_mwh += np.add.reduce(sold, axis=0)
            course.bought_mjpy += prices.worth_mjpy(prices.energy_jpy_per_kwh, bought, slots)
            left.append(_add_payments(course, trades.payment_mjpy[slots]))
        course.drawn_mjpy += prices.worth_mjpy(prices.energy_jpy_per_kwh, drawn, part)
        course.spare_mjpy += prices.worth_mjpy(prices.export_jpy_per_kwh, spare, part)
        for held in (meters.held, trades.held):
            held.let_go(part.start)
    course.left_mjpy = np.concatenate(left)
    return course


def _add_payments(course: Course, payment_mjpy: Ints) -> Ints:
    """Add up both sides of payments (k, S, n); their sums by slot, (k, S)."""
    both = np.add.reduce(payment_mjpy, axis=0)
    paid = np.add.reduce(np.maximum(payment_mjpy, 0), axis=0)
    course.paid_mjpy += paid
    course.received_mjpy += both - paid
    return np.asarray(np.add.reduce(payment_mjpy, axis=2))
