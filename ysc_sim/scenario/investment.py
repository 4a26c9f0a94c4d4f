"""What devices cost to buy and keep, what money is worth over the years, and what ``ysc size`` may choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len

from ysc_sim.units import Fraction, Hours, Unit

Amount = Annotated[float, Ge(0), Le(1e13), Unit("JPY")]
AmountPerKW = Annotated[float, Ge(0), Le(1e9), Unit("JPY/kW")]
AmountPerKWh = Annotated[float, Ge(0), Le(1e9), Unit("JPY/kWh")]
Years = Annotated[int, Ge(1), Le(100), Unit("a")]
Rate = Annotated[float, Gt(-0.5), Le(1), Unit("1/a")]
Damage = Annotated[float, Ge(0), Le(1e9), Unit("JPY/kWh")]


@dataclass(frozen=True, kw_only=True)
class Bought:
    """Prices of one device, all optional; a device that names none is there already and costs nothing."""

    investment_jpy: Amount | None = None
    """Price of the equipment, whatever its size; added to what it costs per kW and per kWh."""
    investment_jpy_per_kw: AmountPerKW | None = None
    """Price of the equipment per kW (modules of a solar plant; converter of a battery)."""
    investment_jpy_per_kwh: AmountPerKWh | None = None
    """Price of the equipment per kWh of energy."""
    installation_jpy: Amount | None = None
    """Installation, paid once and not again when the device is replaced."""
    subsidy_jpy: Amount | None = None
    """Subsidy that is received at the purchase; no more than the purchase costs."""
    maintenance_jpy_per_year: Amount | None = None
    """Maintenance, insurance, land, each year."""
    life_years: Years | None = None
    """Life; the device is bought anew after it. The length of the study if not given."""
    replacement_jpy: Amount | None = None
    """What buying it anew costs; the investment again if not given."""
    fade_per_year: Fraction | None = None
    """Share of its size (kW of a solar plant, kWh of a battery) that is lost each year of age, linear."""
    price_date: Annotated[str, Len(0, 40)] | None = None
    """Date of these prices, as 2026-11."""
    price_source: Annotated[str, Len(0, 400)] | None = None
    """Where they come from (a quotation, a survey); assumed if not given."""


@dataclass(frozen=True, kw_only=True)
class Finance:
    """What money is worth over the years."""

    years: Years = 20
    """Length of the study."""
    discount_rate: Rate = 0.03
    """Yearly interest at which later money is discounted (assumed)."""
    energy_price_rise_per_year: Rate = 0.0
    """Yearly rise of prices per kWh bought, levy included (assumed)."""
    demand_price_rise_per_year: Rate = 0.0
    """Yearly rise of the demand charge (assumed)."""
    export_price_rise_per_year: Rate = 0.0
    """Yearly rise of what an exported kWh earns (assumed)."""
    maintenance_rise_per_year: Rate = 0.0
    """Yearly rise of maintenance (assumed)."""


@dataclass(frozen=True, kw_only=True)
class OutageCost:
    """What outages cost those who live through them."""

    outage_h: Annotated[float, Gt(0), Le(8784), Unit("h")] = 24.0
    """Length of the outages that are valued."""
    events_per_year: Annotated[float, Ge(0), Le(1000), Unit("1/a")] = 0.11
    """How many there are a year (Tokyo, mean of fiscal years 2013 to 2017: SAIFI 0.11, most far shorter than a day)."""
    per_event_jpy: Amount = 0.0
    """Damage of an outage that is not lived through, beside what is not served."""
    first_hour_jpy_per_kwh: Annotated[tuple[Damage, ...], Len(4, 4)] = (5200.0, 2900.0, 560.0, 501.0)
    """Of demand not served in the first hour, tiers 1 to 4; published for businesses and homes, assumed for yours."""
    later_share: Fraction = 9.0 / 38.0
    """Price of a kWh in later hours to that of the first (EPRI's ratio of small business)."""
    tiers: Annotated[int, Ge(1), Le(4), Unit("1")] = 1
    """Tiers that the store keeps alive: tier 1, or 1 to this."""
    longest_h: Hours = 168.0
    """No longer survival is looked for."""


Value = str | float | bool


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """What ``ysc size`` may choose from, and by what it chooses."""

    vary: Mapping[str, Annotated[tuple[Annotated[float, Ge(0), Le(1e9)], ...], Len(1, 10_000)]] = field(
        default_factory=dict, hash=False
    )
    """Sizes: dotted keys (buildings.shop.devices.battery.energy_kwh) with the values of the first grid; 0 is a device
    that is not bought."""
    choices: Mapping[str, Annotated[tuple[Value, ...], Len(1, 20)]] = field(default_factory=dict, hash=False)
    """Other keys (buildings.shop.strategy.kind, wires) with their values; each combination is searched by itself."""
    objective: Literal["npv", "total_cost", "payback", "outage_damage", "guaranteed_hours", "co2"] = "total_cost"
    """What the winner is best at. total_cost: present value of bills, purchase, upkeep and expected damage of outages;
    npv: without the damage."""
    budget_jpy: Amount | None = None
    """Largest purchase, subsidies taken off; any if not given."""
    refine: Annotated[int, Ge(0), Le(10), Unit("1")] = 2
    """How often the grid is made finer around the best."""
    unseen_seeds: Annotated[int, Ge(0), Le(1000), Unit("1")] = 3
    """Seeds that the search has not seen, on which the winner is judged."""
    outage: OutageCost = OutageCost()
    """What outages cost."""
