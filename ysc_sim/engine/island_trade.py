"""Trade inside islands: what neighbours gave each other while there was no grid, at the price of scarcity.

An island has no plan: load is shed by tier, critical demand first, and the stores take the rest. So what the meters
counted inside it *is* the trade; it is written to those who took it after the fact. Its price is the worth of a
further kilowatt-hour in the half-hour: that of the most critical tier of the island that was not served in full, or the
price of surplus where all were. Nothing is written from one island to another, nor across an open switch.

Source: scarcity pricing at the value of lost load, S. Stoft, Power System Economics, IEEE Press 2002, part 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ysc_sim.community.arrays import Community
from ysc_sim.engine.rationing import ration
from ysc_sim.results.recorder import AloneEnergy, Recorder
from ysc_sim.units import MWH_PER_KWH, Floats, Ints

NOTHING_KWH = 1e-9
"""Demand that is lacking by less counts as served."""


class IslandTrade(NamedTuple):
    """Trade inside islands and the energy that moved in them, (K, S, n)."""

    bought_mwh: Ints
    sold_mwh: Ints
    price_jpy_per_kwh: Floats
    import_mwh: Ints
    export_mwh: Ints


def trade_in_islands(
    community: Community, recorder: Recorder, import_mwh: Ints, export_mwh: Ints
) -> IslandTrade | None:
    """What was traded inside islands, at most what the meters (K, S, n) counted; None where there was no such thing."""
    alone, rules = recorder.alone, community.island.scarcity
    if alone is None or rules is None or not community.market.trades:
        return None
    taken = np.minimum(np.rint(alone.import_kwh * MWH_PER_KWH).astype(np.int64), import_mwh)
    given = np.minimum(np.rint(alone.export_kwh * MWH_PER_KWH).astype(np.int64), export_mwh)
    out = IslandTrade(np.zeros_like(taken), np.zeros_like(taken), np.zeros(taken.shape), taken, given)
    ladder = np.array([*rules.value_jpy_per_kwh, rules.surplus_jpy_per_kwh])
    slot, row = np.nonzero(np.add.reduce(taken, axis=2) * np.add.reduce(given, axis=2) > 0)
    if slot.size:
        lacking = _lacking_kwh(recorder, slot, row)
        for island in np.unique(alone.path[slot, row]):
            _trade(out, alone, int(island), slot, row, lacking, ladder)
    return out


def _trade(
    out: IslandTrade, alone: AloneEnergy, island: int, slot: Ints, row: Ints, lacking: Floats, ladder: Floats
) -> None:
    """Settle one island in the slots and rows (P,) in which it was."""
    mine = alone.path[slot, row] == island
    if island < 0 or not mine.any():
        return
    taken, given = (np.where(mine, side[slot, row], 0) for side in (out.import_mwh, out.export_mwh))
    both = np.minimum(np.add.reduce(taken, axis=1), np.add.reduce(given, axis=1))
    short = np.add.reduce(np.where(mine[:, :, None], lacking, 0.0), axis=1) > NOTHING_KWH
    first = np.where(short.any(axis=1), np.argmax(short, axis=1), short.shape[1])
    out.bought_mwh[slot, row] += ration(taken, both)
    out.sold_mwh[slot, row] += ration(given, both)
    out.price_jpy_per_kwh[slot, row] += np.where(mine, ladder[first][:, None], 0.0)


def _lacking_kwh(recorder: Recorder, slot: Ints, row: Ints) -> Floats:
    """Demand by tier that was not served in some slots and rows (P,), (P, n, 4)."""
    tiers = [recorder.columns[f"unserved_kwh_tier{tier}"] for tier in range(1, 5)]
    slots = len(recorder.register_import_kwh) - 1
    each = len(tiers[0]) // slots
    total = np.zeros((*slot.shape, tiers[0].shape[2], 4))
    for tier, column in enumerate(tiers):
        for part in range(each):
            total[:, :, tier] += column[slot * each + part, row]
    return total
