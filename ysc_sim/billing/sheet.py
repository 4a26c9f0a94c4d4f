"""A bill as a table: its lines, each one quantity, price and amount for many meters at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ysc_sim.billing.money import Rule, energy_amount_mjpy, round_mjpy
from ysc_sim.errors import Problem
from ysc_sim.units import MWH_PER_KWH, Floats, Ints

DEMAND, EXCEEDANCE, FUEL, LEVY, TAX, ROUNDING, EXPORT = (
    "demand",
    "exceedance",
    "fuel_adjustment",
    "levy",
    "tax",
    "rounding",
    "export",
)


def energy_item(band: str) -> str:
    """Name of the line of a price band."""
    return f"energy_{band}"


class BillLine(NamedTuple):
    """One line for all ``R`` meters: what, how much, at which price."""

    month_index: int
    month: str
    item: str
    unit: str
    quantity: Floats
    """(R,)"""
    price_jpy: Floats
    """(R,) per unit; of the demand charge with the power factor in it; 0 where a line has none."""
    amount_mjpy: Ints
    """(R,)"""


@dataclass(frozen=True)
class BillLines:
    """Bills of ``R`` meters over ``M`` months as ``L`` lines."""

    months: tuple[str, ...]
    month_index: Ints
    """(L,)"""
    item: tuple[str, ...]
    """``demand``, ``exceedance``, ``energy_<band>``, ``fuel_adjustment`` or ``fuel_adjustment_<band>``,
    ``levy``, ``tax``,
    ``rounding``; of export ``export`` and ``rounding``."""
    unit: tuple[str, ...]
    quantity: Floats
    """(R, L)"""
    price_jpy: Floats
    """(R, L)"""
    amount_mjpy: Ints
    """(R, L) in 1/1000 yen; > 0 is to be paid."""
    contract_kw: Floats
    """(R, M) what the base charge is paid for; 1 kVA or 10 A count as 1 kW."""
    warnings: tuple[Problem, ...]
    assumed: Mapping[str, str]
    """What the plan's sources do not give, and what was taken instead."""

    @property
    def lines(self) -> Iterator[BillLine]:
        """Line by line, month after month."""
        for k, month in enumerate(self.month_index.tolist()):
            yield BillLine(
                month,
                self.months[month],
                self.item[k],
                self.unit[k],
                self.quantity[:, k],
                self.price_jpy[:, k],
                self.amount_mjpy[:, k],
            )

    @property
    def total_mjpy(self) -> Ints:
        """Sum of all lines, (R,)."""
        return np.asarray(np.add.reduce(self.amount_mjpy, axis=1))

    @property
    def month_total_mjpy(self) -> Ints:
        """Sum of the lines of each month, (R, M)."""
        total = np.zeros((len(self.amount_mjpy), len(self.months)), dtype=np.int64)
        for k, month in enumerate(self.month_index.tolist()):
            total[:, month] += self.amount_mjpy[:, k]
        return total

    @property
    def largest_contract_kw(self) -> Floats:
        """Largest contract of all months, (R,)."""
        return np.asarray(np.maximum.reduce(self.contract_kw, axis=1, initial=0.0))


class Sheet:
    """Lines as they are written, all meters at once."""

    def __init__(self, months: tuple[str, ...], meters: int) -> None:
        self.months, self.meters = months, meters
        self._rows: list[tuple[int, str, str, Floats, Floats, Ints]] = []
        self._sums = np.zeros((len(months), meters), dtype=np.int64)

    def write(self, month: int, item: str, unit: str, quantity: Floats, price: float | Floats, amount: Ints) -> None:
        """Add a line: quantity and amount (R,), price one or (R,)."""
        whole = np.broadcast_to(np.asarray(price, dtype=np.float64), (self.meters,))
        self._rows.append((month, item, unit, quantity, whole, amount))
        self._sums[month] += amount

    def write_energy(self, month: int, item: str, energy_mwh: Ints, price: float, rule: Rule) -> None:
        """Add a line of energy at a price."""
        amount = round_mjpy(energy_amount_mjpy(energy_mwh, price), rule)
        self.write(month, item, "kWh", energy_mwh / MWH_PER_KWH, price, amount)

    def month_sum(self, month: int) -> Ints:
        """Sum of what was written of a month so far, (R,)."""
        return np.array(self._sums[month])

    def close(self, month: int, rule: Rule) -> None:
        """Book what rounding the month's total takes away or adds."""
        total = self.month_sum(month)
        self.write_rounding(month, round_mjpy(total, rule) - total)

    def write_rounding(self, month: int, amount: Ints) -> None:
        """Add the line that rounds the month."""
        self.write(month, ROUNDING, "", np.zeros(self.meters), 0.0, amount)

    def finish(self, contract: Floats, warnings: tuple[Problem, ...], assumed: Mapping[str, str]) -> BillLines:
        """All lines as arrays; ``contract`` (M, R)."""
        month, item, unit, quantity, price, amount = zip(*self._rows, strict=True) if self._rows else ((),) * 6
        shape = (self.meters, len(self._rows))
        return BillLines(
            months=self.months,
            month_index=np.array(month, dtype=np.int64),
            item=tuple(item),
            unit=tuple(unit),
            quantity=np.array(quantity, dtype=np.float64).T.reshape(shape),
            price_jpy=np.array(price, dtype=np.float64).T.reshape(shape),
            amount_mjpy=np.array(amount, dtype=np.int64).T.reshape(shape),
            contract_kw=np.ascontiguousarray(contract.T),
            warnings=warnings,
            assumed=assumed,
        )
