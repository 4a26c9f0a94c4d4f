"""What energy inside a store is worth: the dearest kilowatt-hour that it will spare before the sun refills the store.

A kilowatt-hour more in the store is worth what the dearest deficit ahead would cost, as long as that comes before so
much surplus that the store will be full in any case; behind that point it only displaces surplus, which then is
exported. The values are those of a marginal kilowatt-hour, for a store that is otherwise used as it is now.

Source: the value of stored water, P. Massé, Les réserves et la régulation de l'avenir, Hermann 1946; for one step ahead
and known prices the dual variable of the store's balance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.contracts import BidView, Flexible
from ysc_sim.units import SECONDS_PER_HOUR, Floats

HORIZON_S = 86_400


class Worth(NamedTuple):
    """Values of a kilowatt-hour at the terminals of the stores, (R, n) JPY."""

    kept: Floats
    """What one that goes in now will bring."""
    spared: Floats
    """What one that comes out now will be missed by."""


def worth_of(stores: Flexible, expected_kwh: Floats, import_jpy: Floats, export_jpy: Floats) -> Worth:
    """Value of stores (R, n), from expected net energy (H, R, n) and prices (H, n) of this slot and those after it.

    >>> one = np.ones(1)
    >>> store = Flexible(one[None], 5 * one[None], 2 * one, 2 * one, 0.9 * one, one)
    >>> net = np.array([0.0, -1.0, -1.0])[:, None, None]
    >>> both = worth_of(store, net, np.array([[10.0], [20.0], [30.0]]), np.full((3, 1), 8.0))
    >>> both.kept.tolist(), both.spared.tolist()
    ([[27.0]], [[30.0]])
    """
    later = expected_kwh[1:]
    filled = np.cumsum(np.maximum(later, 0.0), axis=0) * stores.charge_efficiency
    before = np.concatenate([np.zeros_like(filled[:1]), filled[:-1]])
    open_ = (later < 0) & (before <= stores.room_kwh)
    dearest: Floats = np.maximum.reduce(np.where(open_, import_jpy[1:, None, :], -np.inf), axis=0, initial=-np.inf)
    outside: Floats = np.maximum.reduce(export_jpy, axis=0)
    both_ways = stores.charge_efficiency * stores.discharge_efficiency
    best: Floats = np.where(np.isfinite(dearest), np.maximum(dearest, outside), outside)
    missed: Floats = np.where(np.isfinite(dearest), dearest, outside / both_ways)
    return Worth(best * both_ways, missed)


def look_ahead(view: BidView, stores: Flexible) -> Worth:
    """Value of the stores at a gate, a day ahead."""
    count = int(HORIZON_S // view.slot_s)
    return worth_of(stores, view.expected_ahead(count), *view.prices_ahead(count))


def could_give(view: BidView, stores: Flexible) -> Floats:
    """Energy that the stores could give at their terminals in one slot, (R, n) kWh."""
    power = stores.discharge_kw * (view.slot_s / SECONDS_PER_HOUR)
    return np.minimum(power, stores.stored_kwh * stores.discharge_efficiency)


def could_take(view: BidView, stores: Flexible) -> Floats:
    """Energy that they could take, (R, n) kWh."""
    power = stores.charge_kw * (view.slot_s / SECONDS_PER_HOUR)
    return np.minimum(power, stores.room_kwh / stores.charge_efficiency)
