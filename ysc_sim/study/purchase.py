"""What a scenario's devices cost to buy, in any size, and the scenario without them.

A device that names a price is bought; one that names none is there already. The price of the equipment is a fixed part
and parts per kW and per kWh; a size of 0 is a device that is not bought.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ysc_sim.billing import Asset
from ysc_sim.plugins import plugin
from ysc_sim.scenario import Scenario
from ysc_sim.scenario.investment import Bought, Finance
from ysc_sim.scenario.kinds import Named
from ysc_sim.units import Floats

AMOUNTS = (
    "investment_jpy",
    "investment_jpy_per_kw",
    "investment_jpy_per_kwh",
    "installation_jpy",
    "subsidy_jpy",
    "maintenance_jpy_per_year",
    "replacement_jpy",
)
POWER_FIELDS = ("rated_kw", "power_kw", "electric_kw", "charge_kw")
ENERGY_FIELD = "energy_kwh"
STORE_LOSS_IN_LIFE = 0.2
"""Share of a battery's energy that is gone at the end of its life where nothing is said (assumed; a usual warranty)."""


@dataclass(frozen=True)
class Purchase:
    """One device that is bought."""

    building: int
    """Number of the building in the file."""
    name: str
    """Building and device, as shown and as keys name them: ``shop/battery``."""
    device: Named
    count: int
    """Copies of the building: each buys one."""

    @property
    def prices(self) -> Bought:
        """What it costs."""
        return self.device

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of its size that rows may differ in."""
        return tuple(getattr(plugin("devices", self.device.kind), "row_fields", ()))

    def key(self, field: str) -> str:
        """Dotted key of a field of its size."""
        building, device = self.name.split("/", 1)
        return f"buildings.{building}.devices.{device}.{field}"

    @property
    def fading_field(self) -> str | None:
        """The field that shrinks with age: energy of a store, rated power of a plant; None where none does."""
        known = [name for name in (ENERGY_FIELD, "rated_kw") if name in self.fields]
        return known[0] if known else None

    def fade_per_year(self, finance: Finance) -> float:
        """Share of the size that is lost each year of age."""
        if self.device.fade_per_year is not None:
            return float(self.device.fade_per_year)
        own = getattr(self.device.spec, "degradation_per_year", None)
        if own is not None:
            return float(own)
        return STORE_LOSS_IN_LIFE / self.life_years(finance) if self.fading_field == ENERGY_FIELD else 0.0

    def life_years(self, finance: Finance) -> int:
        """Its life; the length of the study where none is said."""
        return finance.years if self.device.life_years is None else self.device.life_years

    def left_at_end(self, finance: Finance) -> float:
        """Share of its size that is left when its life is over."""
        return max(1.0 - self.fade_per_year(finance) * self.life_years(finance), 0.0)


def is_priced(device: Named) -> bool:
    """Whether a device names any price."""
    return any(getattr(device, name) is not None for name in AMOUNTS)


def purchases(scenario: Scenario) -> list[Purchase]:
    """Every device that names a price, in the order of the file."""
    return [
        Purchase(b, f"{building.id}/{device.id}", device, building.count)
        for b, building in enumerate(scenario.buildings)
        for device in building.devices
        if is_priced(device)
    ]


def without_purchases(scenario: Scenario) -> Scenario:
    """The scenario before anything is bought, everybody on a contract of their own and nobody trading."""
    from ysc_sim.scenario.kinds import Choice

    buildings = tuple(
        dataclasses.replace(building, devices=tuple(d for d in building.devices if not is_priced(d)))
        for building in scenario.buildings
    )
    alone = len(scenario.member_ids) == 1
    return dataclasses.replace(
        scenario,
        buildings=buildings,
        wires=scenario.wires if alone else "utility",
        market=Choice.default("markets", "none"),
    )


def sizes_of(purchase: Purchase, varied: Mapping[str, Floats], count: int) -> tuple[Floats, Floats]:
    """Power and energy of one device in every candidate, (N,) kW and kWh; 0 where it has none."""
    spec: Any = purchase.device.spec
    power = next((name for name in POWER_FIELDS if getattr(spec, name, None) is not None), None)

    def size(field: str | None) -> Floats:
        if field is None:
            return np.zeros(count)
        said = varied.get(purchase.key(field))
        return np.full(count, float(getattr(spec, field, None) or 0.0)) if said is None else np.asarray(said)

    return size(power), size(ENERGY_FIELD)


def there(purchase: Purchase, varied: Mapping[str, Floats], count: int) -> Floats:
    """1 where the device is bought, 0 where one of its sizes is 0, (N,)."""
    bought = np.ones(count)
    for field in purchase.fields:
        said = varied.get(purchase.key(field))
        if said is not None:
            bought *= np.asarray(said) > 0
    return bought


def asset_of(purchase: Purchase, varied: Mapping[str, Floats], count: int, finance: Finance) -> Asset:
    """What one device costs in every candidate, all copies of its building together."""
    prices, many = purchase.prices, float(purchase.count)
    kw, kwh = sizes_of(purchase, varied, count)
    is_there = there(purchase, varied, count) * many

    def amount(name: str) -> float:
        return float(getattr(prices, name) or 0.0)

    equipment = amount("investment_jpy") + amount("investment_jpy_per_kw") * kw + amount("investment_jpy_per_kwh") * kwh
    investment, installation = equipment * is_there, amount("installation_jpy") * is_there
    return Asset(
        investment_jpy=investment,
        installation_jpy=installation,
        subsidy_jpy=np.minimum(amount("subsidy_jpy") * is_there, investment + installation),
        maintenance_jpy_per_year=amount("maintenance_jpy_per_year") * is_there,
        life_years=float(purchase.life_years(finance)),
        replacement_jpy=None if prices.replacement_jpy is None else prices.replacement_jpy * is_there,
    )


def outlay_jpy(assets: Sequence[Asset]) -> Floats:
    """Price of the purchase, subsidies taken off, (N,)."""
    total: Any = 0.0
    for asset in assets:
        total = total + np.asarray(asset.investment_jpy) + np.asarray(asset.installation_jpy)
        total = total - np.asarray(asset.subsidy_jpy)
    return np.asarray(total, dtype=np.float64)
