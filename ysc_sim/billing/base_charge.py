"""The base charge: for the kW that twelve months' peaks make, or for a contract in kW, kVA or ampere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing.adjustment import AdjustmentTable
from ysc_sim.billing.demand import NEUTRAL_POWER_FACTOR_PERCENT, contract_kw, demand_charge_jpy
from ysc_sim.billing.money import round_float, round_mjpy, to_mjpy
from ysc_sim.billing.sheet import DEMAND, EXCEEDANCE, Sheet
from ysc_sim.billing.tariff import KW_PER_UNIT, Base, Tariff
from ysc_sim.errors import Problem, TariffError
from ysc_sim.units import Floats

STEPS_PER_KW = 1e9


class Terms(NamedTuple):
    """What belongs to the customer rather than to the plan."""

    power_factor_percent: float
    contract: float | None
    previous_kw: ArrayLike
    adjustments: AdjustmentTable | None


@dataclass(frozen=True)
class BaseCharge:
    """What the base charge of each month is paid for."""

    tariff: Tariff
    base: Base
    quantity: Floats
    """(M, R) in the plan's unit."""
    excess_kw: Floats | None
    """(M, R) demand above a negotiated contract."""
    power_factor_percent: float
    warnings: tuple[Problem, ...]

    @property
    def kw(self) -> Floats:
        """(M, R) the contract in kW."""
        return self.quantity * KW_PER_UNIT[self.base.unit]

    def write(self, sheet: Sheet, month: int) -> None:
        """Add the month's lines."""
        self._write_line(sheet, month, DEMAND, self.quantity[month], self.base.price_jpy)
        if self.excess_kw is not None:
            price = self.base.price_jpy * self.base.exceedance_factor
            self._write_line(sheet, month, EXCEEDANCE, self.excess_kw[month], price)

    def _write_line(self, sheet: Sheet, month: int, item: str, quantity: Floats, price_jpy: float) -> None:
        factor = self.power_factor_percent
        charge = demand_charge_jpy(quantity, price_jpy_per_kw=price_jpy, power_factor_percent=factor)
        amount = round_mjpy(to_mjpy(charge), self.tariff.rounding.demand)
        unit_price = float(demand_charge_jpy(1.0, price_jpy_per_kw=price_jpy, power_factor_percent=factor))
        sheet.write(month, item, self.base.unit, quantity, unit_price, amount)


def base_charge(tariff: Tariff, peak_kw: Floats, terms: Terms) -> BaseCharge:
    """Base charge from the months' peaks (M, R). Raises ``TariffError``, ``ValueError``."""
    base = tariff.require_import()
    factor = _power_factor(tariff, base, terms.power_factor_percent)
    # To a millionth of a watt, so that float means and whole mWh of one load make the same kW.
    peak = round_float(np.rint(peak_kw * STEPS_PER_KW) / STEPS_PER_KW, tariff.rounding.kw)
    if base.unit == "kW" and terms.contract is None:
        before = round_float(np.asarray(terms.previous_kw, dtype=np.float64), tariff.rounding.kw)
        quantity = np.ascontiguousarray(contract_kw(peak.T, previous_kw=before).T)
        return BaseCharge(tariff, base, quantity, None, factor, _negotiated_warning(tariff, base, quantity))
    quantity = np.full(peak.shape, _named_contract(tariff, base, terms.contract))
    excess = np.maximum(peak - quantity, 0.0) if base.unit == "kW" else None
    return BaseCharge(tariff, base, quantity, excess, factor, ())


def _power_factor(tariff: Tariff, base: Base, percent: float) -> float:
    """The power factor that counts; a plan without the rule takes the neutral one."""
    demand_charge_jpy(0.0, price_jpy_per_kw=0.0, power_factor_percent=percent)
    if not base.power_factor:
        return NEUTRAL_POWER_FACTOR_PERCENT
    return float(round_float(np.asarray(percent, dtype=np.float64), tariff.rounding.power_factor))


def _named_contract(tariff: Tariff, base: Base, given: float | None) -> float:
    contract = base.default if given is None else float(given)
    if contract is None:
        raise TariffError("contract_needed", plan=tariff.name, unit=base.unit)
    low, high = base.minimum or 0.0, base.maximum or np.inf
    if not (low <= contract <= high and 0 < contract < np.inf):
        raise TariffError("contract_outside_plan", plan=tariff.name, unit=base.unit, value=contract, low=low, high=high)
    return contract


def _negotiated_warning(tariff: Tariff, base: Base, contract: Floats) -> tuple[Problem, ...]:
    limit = base.negotiated_from_kw
    if limit is None or not contract.size or contract.max() < limit:
        return ()
    values = {"plan": tariff.name, "limit_kw": limit, "contract_kw": float(contract.max())}
    return (Problem("contract_is_negotiated", values, severity="warning"),)
