"""Trade over public lines through a retailer: an allocation of half-hour meter values, and what each kWh then bears.

In Japan a sale between neighbours over the utility's wires runs through a licensed retailer's balancing group: nothing
flows that the meters did not count, so a trade is a share of somebody's metered output that is written to somebody's
metered demand. Each allocated kWh pays wheeling and the renewable levy; what the plan, handed in an hour before
delivery, did not foresee is settled as imbalance, at one price both ways.

Source: OCCTO, rules of balancing groups (計画値同時同量), https://www.occto.or.jp; METI, imbalance fees from April 2022
(2019-12-17 interim report); losses: generation end = metered demand / (1 − loss rate), 託送供給等約款.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.billing import both_ends, split_by_largest_remainder
from ysc_sim.markets.clearing import refuse
from ysc_sim.units import MWH_PER_KWH, Floats, Ints


@dataclass(frozen=True)
class PublicLineBill:
    """Money of one allocation in whole thousandths of a yen, (…, n) each; > 0 pays. All accounts together are 0."""

    energy_mjpy: Ints
    """Price of the allocated energy: buyers pay sellers; the rounding is in ``rounding_mjpy``."""
    wheeling_mjpy: Ints
    """Buyers to the network operator."""
    levy_mjpy: Ints
    """Buyers to the levy."""
    imbalance_mjpy: Ints
    """(…,) the balancing group to the network operator; < 0 is paid."""
    rounding_mjpy: Ints
    """(…,) Σ energy, kept by the retailer."""


def allocate_meters(output_mwh: ArrayLike, demand_mwh: ArrayLike, *, loss_rate: float = 0.0) -> tuple[Ints, Ints]:
    """Half-hour allocation of metered output to metered demand, (…, n) whole mWh each: (bought, sold) at the meters.

    Demand is served at ``demand / (1 − loss_rate)``; the shorter side is allocated in full, the longer in proportion by
    largest remainder. Σ sold = Σ bought + losses, with losses rounded up to whole mWh.

    Raises ``ValueError`` for energies that are negative or not whole, and a loss rate outside [0, 1).

    >>> bought, sold = allocate_meters([1_000_000, 0], [0, 950_000], loss_rate=0.05)
    >>> bought.tolist(), sold.tolist()
    ([0, 950000], [1000000, 0])
    """
    if not 0 <= loss_rate < 1:
        raise ValueError(f"loss_rate(={loss_rate}) must be at least 0 and below 1.")
    output, demand = (np.asarray(values) for values in (output_mwh, demand_mwh))
    for name, values in (("output_mwh", output), ("demand_mwh", demand)):
        if not np.issubdtype(values.dtype, np.integer) or not values.ndim:
            raise ValueError(f"{name} must be whole numbers, (…, n).")
        refuse(values, values < 0, name, "≥ 0")
    output, demand = np.broadcast_arrays(output.astype(np.int64), demand.astype(np.int64))
    if output.shape[-1] == 0:
        return demand.copy(), output.copy()
    bought, sold = both_ends(np.add.reduce(output, axis=-1), np.add.reduce(demand, axis=-1), loss_rate)
    return split_by_largest_remainder(bought, demand), split_by_largest_remainder(sold, output)


def bill_public_lines(
    bought_mwh: ArrayLike,
    sold_mwh: ArrayLike,
    *,
    price_jpy_per_kwh: ArrayLike,
    wheeling_jpy_per_kwh: ArrayLike,
    levy_jpy_per_kwh: ArrayLike,
    planned_mwh: ArrayLike = 0,
    actual_mwh: ArrayLike = 0,
    imbalance_jpy_per_kwh: ArrayLike = 0.0,
) -> PublicLineBill:
    """Money of an allocation (…, n), prices scalar or (…,). The price is per kWh at the buyers' meters; sellers share.

    ``planned_mwh`` and ``actual_mwh`` (…,): net export of the balancing group, > 0 surplus; a shortfall is paid at the
    imbalance price, an excess earns it. Planned and actual are whole mWh.

    Raises ``ValueError`` for prices that are not finite.

    >>> bill = bill_public_lines([0, 1_000_000], [1_000_000, 0], price_jpy_per_kwh=20, wheeling_jpy_per_kwh=9.44,
    ...                          levy_jpy_per_kwh=4.18, planned_mwh=0, actual_mwh=-200_000, imbalance_jpy_per_kwh=50)
    >>> bill.energy_mjpy.tolist(), bill.wheeling_mjpy.tolist(), int(bill.imbalance_mjpy)
    ([-20000, 20000], [0, 9440], 10000)
    """
    bought, sold = np.asarray(bought_mwh, dtype=np.int64), np.asarray(sold_mwh, dtype=np.int64)
    prices = {
        "price_jpy_per_kwh": price_jpy_per_kwh,
        "wheeling_jpy_per_kwh": wheeling_jpy_per_kwh,
        "levy_jpy_per_kwh": levy_jpy_per_kwh,
        "imbalance_jpy_per_kwh": imbalance_jpy_per_kwh,
    }
    level = {name: np.asarray(value, dtype=np.float64) for name, value in prices.items()}
    for name, values in level.items():
        refuse(values, ~np.isfinite(values), name, "finite")
    pays = _mjpy(bought, level["price_jpy_per_kwh"][..., None])
    earns = split_by_largest_remainder(np.add.reduce(pays, axis=-1), sold)
    energy = pays - np.where(np.add.reduce(sold, axis=-1, keepdims=True) > 0, earns, 0)
    missing = np.asarray(planned_mwh, dtype=np.int64) - np.asarray(actual_mwh, dtype=np.int64)
    return PublicLineBill(
        energy,
        _mjpy(bought, level["wheeling_jpy_per_kwh"][..., None]),
        _mjpy(bought, level["levy_jpy_per_kwh"][..., None]),
        _mjpy(missing, level["imbalance_jpy_per_kwh"]),
        np.add.reduce(energy, axis=-1),
    )


def _mjpy(energy_mwh: Ints, price_jpy_per_kwh: Floats) -> Ints:
    """Whole thousandths of a yen, rounded once."""
    return np.asarray(np.rint(energy_mwh * (price_jpy_per_kwh * 1000 / MWH_PER_KWH)), dtype=np.int64)
