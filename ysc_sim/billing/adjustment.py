"""Fuel and market adjustment (燃料費調整, 市場価格調整): by how much a kWh differs from its printed price.

Suppliers publish one price per month, or one per month and time band. A bill takes those; where only the
causes are known, the formulas here give them [1]_ [2]_:

    mean fuel price = α · crude oil + β · LNG + γ · coal          JPY/kl, rounded to 100
    fuel adjustment = (mean fuel price − base) · unit / 1,000      JPY/kWh, rounded to 0.01
    market adjustment = (mean spot price in the band − base) · unit

.. [1] zeroen-denki.com, 2023-07 (α, β, γ of Tokyo); anncierge.jp p=4909 (bill of December 2024).
.. [2] TEPCO EP, revision of the standard high-voltage plans from April 2026 (read through a fact sheet of
   2026-09-26).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import Ge, Le, Len
from numpy.typing import ArrayLike

from ysc_sim.billing.clock import Month, Rule, local_times, month_name
from ysc_sim.errors import TariffError
from ysc_sim.units import JPYPerKWh, Unit

if TYPE_CHECKING:
    from ysc_sim.billing.tariff import Tariff

AdjustmentTable = Mapping[str, float | Mapping[str, float]]
"""``{"2026-08": JPY/kWh}`` or ``{"2026-08": {band: JPY/kWh}}``; fuel and market together."""


@dataclass(frozen=True, kw_only=True)
class MarketUnit:
    """Share of the spot price's deviation that is passed on, in some months (none named: in all)."""

    unit: Annotated[float, Ge(0), Le(10), Unit("1")]
    months: tuple[Month, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Market:
    """How the spot price moves the bill."""

    base_jpy_per_kwh: JPYPerKWh
    units: Annotated[tuple[MarketUnit, ...], Len(1)]
    """The first that names the month, or names none, counts; the last names none."""
    source: Annotated[str, Len(0, 400)]

    def __post_init__(self) -> None:
        if self.units[-1].months:
            raise ValueError("units: the last row must hold for all other months.")

    def unit_in(self, month: int) -> float:
        """Unit of a month 1 … 12."""
        return next(row.unit for row in self.units if month in row.months or not row.months)


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """How a plan is adjusted."""

    assumed_jpy_per_kwh: JPYPerKWh | None = None
    """Stands for every month where the bill is made without any table; None: such a bill is refused."""
    clock: tuple[Rule, ...] = ()
    """Time bands of the adjustment, where they are not those of the energy price."""
    market: Market | None = None


@dataclass(frozen=True)
class MonthAdjustments:
    """Adjustments of the months billed. ``rows[k]``: (name of the band or "", JPY/kWh) … of month ``k``."""

    rows: tuple[tuple[tuple[str, float], ...], ...]
    bands: int
    assumed: bool

    def prices(self, k: int) -> tuple[float, ...]:
        """Price in each adjustment band of month ``k``."""
        row = self.rows[k]
        return tuple(price for _, price in row) if row[0][0] else (row[0][1],) * self.bands


def month_adjustments(tariff: Tariff, months: list[str], adjustments: AdjustmentTable | None) -> MonthAdjustments:
    """Look up every month. Without a table the plan's assumption holds; a gap in a table is an error.

    Raises ``TariffError``: ``adjustment_missing``, ``adjustment_month_wrong``, ``adjustment_bands_wrong``,
    ``adjustment_not_finite``.
    """
    names = tariff.adjustment_band_names
    bands = max(len(names), 1)
    assumed = tariff.adjustment.assumed_jpy_per_kwh
    if not adjustments and assumed is not None:
        return MonthAdjustments(((("", assumed),),) * len(months), bands, True)
    table = adjustments or {}
    for key in table:
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", str(key)):
            raise TariffError("adjustment_month_wrong", month=str(key))
    missing = [month for month in months if month not in table]
    if missing:
        raise TariffError("adjustment_missing", plan=tariff.name, months=", ".join(missing))
    return MonthAdjustments(tuple(_row(month, table[month], names) for month in months), bands, False)


def _row(month: str, given: float | Mapping[str, float], names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    if isinstance(given, Mapping):
        if set(given) != set(names):
            raise TariffError("adjustment_bands_wrong", month=month, bands=", ".join(names), given=", ".join(given))
        row = tuple((name, float(given[name])) for name in names)
    else:
        row = (("", float(given)),)
    if not all(math.isfinite(price) for _, price in row):
        raise TariffError("adjustment_not_finite", month=month)
    return row


def mean_fuel_price_jpy_per_kl(
    oil_jpy_per_kl: float,
    lng_jpy_per_t: float,
    coal_jpy_per_t: float,
    *,
    alpha: float = 0.0048,
    beta: float = 0.3827,
    gamma: float = 0.6584,
) -> float:
    """Mean fuel price of three months of customs values, rounded half up to 100; the weights are Tokyo's.

    >>> mean_fuel_price_jpy_per_kl(82_043, 93_635, 23_209)              # bill of December 2024, as published
    51500.0
    """
    mean = alpha * oil_jpy_per_kl + beta * lng_jpy_per_t + gamma * coal_jpy_per_t
    return math.floor(mean / 100.0 + 0.5) * 100.0


def fuel_adjustment_jpy_per_kwh(
    mean_jpy_per_kl: float,
    *,
    base_jpy_per_kl: float,
    unit_jpy_per_kwh: float,
    cap_jpy_per_kl: float = math.inf,
) -> float:
    """Fuel adjustment, rounded half up to 0.01 JPY/kWh. ``unit_jpy_per_kwh`` answers 1,000 JPY/kl.

    ``cap_jpy_per_kl``: mean above which the price no longer rises (regulated plans).

    >>> fuel_adjustment_jpy_per_kwh(51_500, base_jpy_per_kl=86_100, unit_jpy_per_kwh=0.183)
    -6.33
    """
    exact = (min(mean_jpy_per_kl, cap_jpy_per_kl) - base_jpy_per_kl) * unit_jpy_per_kwh / 1000.0
    return _to_sen(exact)


def _to_sen(price: float) -> float:
    """Half up to 0.01; a hair is added so that binary fractions of decimal halves round as on paper."""
    return round(math.floor(price * 100.0 + 0.5 + 1e-9) / 100.0, 2)


def market_adjustments(
    tariff: Tariff, spot_jpy_per_kwh: ArrayLike, *, start: datetime, step_s: int = 1800
) -> dict[str, dict[str, float]]:
    """Market adjustment of each month and band from spot prices (K,), in the form that ``bill`` takes.

    The month's own mean counts (assumed: the sources do not give the lag), rounded to 0.01; without fuel.

    Raises ``TariffError`` where the plan does not follow the market, ``ValueError`` where a price is not
    finite.
    """
    market = tariff.adjustment.market
    if market is None:
        raise TariffError("plan_not_on_market", plan=tariff.name)
    spot = np.asarray(spot_jpy_per_kwh, dtype=np.float64)
    if spot.ndim != 1 or not np.isfinite(spot).all():
        raise ValueError("spot_jpy_per_kwh must be one row of finite prices.")
    times = local_times(start, step_s, len(spot))
    band = tariff.adjustment_bands(start, step_s, len(spot))
    result: dict[str, dict[str, float]] = {}
    for month in np.unique(times.month).tolist():
        unit, here = market.unit_in(month % 12 + 1), times.month == month
        result[month_name(month)] = {
            name: _market_price(spot[here & (band == number)], market.base_jpy_per_kwh, unit)
            for number, name in enumerate(tariff.adjustment_band_names)
        }
    return result


def _market_price(spot: np.ndarray[tuple[int, ...], np.dtype[np.float64]], base: float, unit: float) -> float:
    return _to_sen((float(spot.mean()) - base) * unit) if len(spot) else 0.0
