"""A supply contract as its printed plan says it: what a kW costs, what a kWh costs and when, and what comes
on top.

The fields are those of a plan file (``plans/*.yaml``). What the published sources do not give stands in
``assumed`` and is shown on every bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.billing.adjustment import Adjustment, AdjustmentTable, month_adjustments
from ysc_sim.billing.clock import Name, Rule, band_index, local_times, month_name
from ysc_sim.billing.levy import LevyPeriod, levy_at, renewable_levy
from ysc_sim.billing.money import Rule as Rounded
from ysc_sim.errors import TariffError
from ysc_sim.units import Floats, Fraction, Ints, JPYPerKWh, PositiveKW, PositiveKWh, Unit

Text = Annotated[str, Len(0, 400)]
Price = Annotated[float, Ge(0), Le(1e9), Unit("JPY per unit and month")]
KW_PER_UNIT = {"kW": 1.0, "kVA": 1.0, "A": 0.1}
"""1 kVA or 10 A (at 100 V) count as 1 kW, as the network's own tariffs count them."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """What is paid each month whether or not a kWh is used."""

    unit: Literal["kW", "kVA", "A"]
    """kW: found from the half-hour peaks of twelve months, unless the customer names a contract."""
    price_jpy: Price
    source: Text
    power_factor: bool = False
    """Whether (185 − PF)/100 applies."""
    default: Annotated[float, Gt(0), Le(1e9)] | None = None
    """Contract in ``unit`` of a customer who names none."""
    minimum: Annotated[float, Gt(0), Le(1e9)] | None = None
    maximum: Annotated[float, Gt(0), Le(1e9)] | None = None
    """Contracts that the plan takes, in ``unit``."""
    negotiated_from_kw: PositiveKW | None = None
    """From here on a contract is negotiated, and the twelve-month rule no longer makes it."""
    exceedance_factor: Annotated[float, Ge(0), Le(10), Unit("1")] = 1.5
    """Demand above a negotiated contract costs so many times the demand charge."""


@dataclass(frozen=True, kw_only=True)
class EnergyPrice:
    """Price of a kWh in one band, or in one step of the month's energy."""

    price_jpy_per_kwh: JPYPerKWh
    source: Text
    up_to_kwh: PositiveKWh | None = None
    """Upper end of a step; the last has none."""


@dataclass(frozen=True, kw_only=True)
class Tax:
    """Consumption tax."""

    included: bool = True
    """Whether prices include it. The renewable levy always does, as it is published."""
    rate: Fraction = 0.10


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """What the supplier rounds to whole units: kW, kWh, percent, yen."""

    kw: Rounded = "exact"
    kwh: Rounded = "exact"
    power_factor: Rounded = "exact"
    demand: Rounded = "exact"
    energy: Rounded = "exact"
    fuel_adjustment: Rounded = "exact"
    levy: Rounded = "exact"
    tax: Rounded = "exact"
    total: Rounded = "floor"


@dataclass(frozen=True, kw_only=True)
class ExportPrice:
    """What an exported kWh earns, from a year of the contract on (the first is 1)."""

    price_jpy_per_kwh: JPYPerKWh
    source: Text
    first_year: Annotated[int, Ge(1), Le(100), Unit("1")] = 1
    last_year: Annotated[int, Ge(1), Le(100), Unit("1")] | None = None


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """A plan. Prices are JPY per kWh and JPY per kW, kVA or A and month.

    >>> from ysc_sim.billing import load_tariff
    >>> plan = load_tariff("tepco_hv_basic_2026")
    >>> plan.base.price_jpy, plan.band_names, plan.adjustment_band_names
    (2530.0, ('all',), ('night', 'morning', 'noon', 'evening'))
    """

    name: Annotated[str, Len(1, 200)]
    title: Text
    supplier: Text = ""
    area: Text = ""
    voltage: Text = ""
    valid_from: date | None = None
    valid_to: date | None = None
    """Last day; None: no end is known."""
    base: Base | None = None
    energy: Mapping[Name, EnergyPrice] = field(default_factory=dict, hash=False)
    clock: tuple[Rule, ...] = ()
    """Which band an interval is in; not needed with one band, nor with steps."""
    adjustment: Adjustment = field(default_factory=Adjustment)
    levy: Literal["none", "renewable"] | Annotated[tuple[LevyPeriod, ...], Len(1)] = "none"
    tax: Tax = Tax()
    rounding: Rounding = Rounding()
    export: tuple[ExportPrice, ...] = ()
    assumed: Mapping[str, Text] = field(default_factory=dict, hash=False)
    """What the sources do not give: field → what was taken instead, and why."""

    def __post_init__(self) -> None:
        if bool(self.base) != bool(self.energy):
            raise ValueError("base and energy belong together.")
        if not (self.base or self.export):
            raise ValueError("a plan needs base and energy, or export.")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError("valid_from must not be later than valid_to.")
        if self.energy:
            _check_energy(self)

    @property
    def steps_kwh(self) -> tuple[float, ...]:
        """Upper ends of all steps but the last; empty where prices do not depend on the month's energy."""
        return tuple(price.up_to_kwh for price in self.energy.values() if price.up_to_kwh is not None)

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the price bands or steps, in the order of the plan."""
        return tuple(self.energy)

    @property
    def adjustment_band_names(self) -> tuple[str, ...]:
        """Names that a month of ``adjustments`` may be split by; empty with steps."""
        if self.adjustment.clock:
            return tuple(dict.fromkeys(rule.band for rule in self.adjustment.clock))
        return () if self.steps_kwh else self.band_names

    def bands(self, start: datetime, step_s: int, count: int) -> Ints:
        """Position in ``band_names`` of each interval's band, (count,); with steps the first."""
        return band_index(self.clock, self.band_names, local_times(start, step_s, count))

    def adjustment_bands(self, start: datetime, step_s: int, count: int) -> Ints:
        """Position in ``adjustment_band_names`` of each interval, (count,)."""
        if self.adjustment.clock:
            return band_index(self.adjustment.clock, self.adjustment_band_names, local_times(start, step_s, count))
        return self.bands(start, step_s, count)

    def energy_price_jpy_per_kwh(
        self, start: datetime, step_s: int, count: int, *, adjustments: AdjustmentTable | None = None
    ) -> Floats:
        """What one more kWh costs in each interval, tax included, without the levy, (count,) JPY/kWh.

        Energy price of the interval's band (with steps, of the first) plus its fuel and market adjustment.
        Raises ``TariffError`` where the plan sells nothing, or a month's adjustment is missing.
        """
        self.require_import()
        times = local_times(start, step_s, count)
        prices = np.array([price.price_jpy_per_kwh for price in self.energy.values()])
        months = np.unique(times.month)
        table = month_adjustments(self, [month_name(int(month)) for month in months], adjustments)
        by_band = np.array([table.prices(k) or (0.0,) for k in range(len(months))])
        adjusted = by_band[np.searchsorted(months, times.month), self.adjustment_bands(start, step_s, count)]
        before_tax = prices[self.bands(start, step_s, count)] + adjusted
        return np.asarray(before_tax if self.tax.included else before_tax * (1.0 + self.tax.rate))

    def levy_jpy_per_kwh(self, start: datetime, step_s: int, count: int) -> Floats:
        """Renewable levy of each interval, by the first day of its month, (count,) JPY/kWh."""
        times = local_times(start, step_s, count)
        months, position = np.unique(times.month, return_inverse=True)
        periods = self.levy_periods
        prices = [levy_at(periods, int(month)).price_jpy_per_kwh if periods else 0.0 for month in months]
        return np.array(prices)[position]

    @property
    def levy_periods(self) -> tuple[LevyPeriod, ...]:
        """Levy by period; empty where the plan has none."""
        if isinstance(self.levy, str):
            return renewable_levy() if self.levy == "renewable" else ()
        return self.levy

    @property
    def export_price_jpy_per_kwh(self) -> float:
        """What an exported kWh earns in the first year of the contract; 0 where the plan does not say."""
        return self.export_price_in_year_jpy_per_kwh(1)

    def export_price_in_year_jpy_per_kwh(self, year: int) -> float:
        """What an exported kWh earns in a year of the contract (from 1); 0 after the last of the plan."""
        for price in self.export:
            if price.first_year <= year <= (price.last_year or year):
                return price.price_jpy_per_kwh
        return 0.0

    def require_import(self) -> Base:
        """The base charge. Raises ``TariffError`` where this is a plan for export only."""
        if self.base is None:
            raise TariffError("plan_sells_nothing", plan=self.name)
        return self.base


def _check_energy(tariff: Tariff) -> None:
    """Steps rise and stand alone; a clock knows every band, and leaves no interval without one."""
    steps = tariff.steps_kwh
    if steps:
        open_ended = [name for name, price in tariff.energy.items() if price.up_to_kwh is None]
        if open_ended != list(tariff.energy)[-1:] or list(steps) != sorted(set(steps)):
            raise ValueError("energy: up_to_kwh must rise from step to step, and the last step has none.")
        if tariff.clock:
            raise ValueError("clock: a plan with steps has no clock.")
        return
    if not tariff.clock and len(tariff.energy) > 1:
        raise ValueError("clock: more than one band needs a clock.")
    check_clock(tariff.clock, tariff.band_names)
    check_clock(tariff.adjustment.clock, tariff.adjustment_band_names)


def check_clock(clock: tuple[Rule, ...], names: tuple[str, ...]) -> None:
    """Raises ``ValueError`` unless the clock has exactly these bands and its last rule fits always."""
    if not clock:
        return
    if {rule.band for rule in clock} != set(names):
        raise ValueError(f"clock: its bands must be {', '.join(names)}.")
    if not clock[-1].always:
        raise ValueError("clock: the last rule must have no months, hours or days.")
