"""Settlement: what the meters say about what was promised at the gate, in whole milliwatt-hours.

A trade is a commitment. A seller has delivered at most what its meter sent out in the slot, a buyer has taken at most
what its meter took in; the smaller of the two sides is the local trade, shared on the longer side in proportion.
What is missing is bought from, or sold to, the supplier like any other kWh. So a trade that an outage interrupted is
settled for what still flowed, and nothing is sold across an open switch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ysc_sim.billing import both_ends
from ysc_sim.contracts import Cleared
from ysc_sim.engine.island_trade import IslandTrade
from ysc_sim.engine.rationing import ration
from ysc_sim.results.long_columns import LongColumns
from ysc_sim.results.recorder import Recorder
from ysc_sim.units import MWH_PER_KWH, Floats, Ints

BATCH = 40_000
"""Meters settled at once: what they need stays in the cache."""


class Meters(NamedTuple):
    """Differences of the integer registers of each slot."""

    import_mwh: Ints
    export_mwh: Ints
    """(K, S, n)"""
    grid_import_mwh: Ints
    grid_export_mwh: Ints
    """(K, S) at the point of connection."""
    rounding_mwh: Ints
    """(K, S) |integer net − physical net| at the point of connection, rounded up."""
    loss_mwh: Ints
    """(K, S) lost in the wires; 0 unless the network is solved inside the run."""
    remainder_mwh: Ints
    """(K, S) what integer meters in an island do not add up to: a line on the operator's rounding account."""
    held: LongColumns = LongColumns({}, (0,))
    """Where import and export lie: slots that have been read need not be held in memory."""


class Trades(NamedTuple):
    """Delivered local trade, (K, S, n)."""

    bought_mwh: Ints
    sold_mwh: Ints
    payment_mjpy: Ints
    loss_mwh: Ints
    """(K, S): what public lines keep of what was sold; it covers a part of the network operator's losses."""
    slots: Ints
    """Slots in which anything may have been traded, rising; in all others there are zeros."""
    held: LongColumns
    """As of meters."""

    @property
    def none(self) -> bool:
        """Whether nothing was traded."""
        return not len(self.slots)

    def within(self, span: slice) -> Ints:
        """Those of :attr:`slots` that lie in ``span``."""
        first, last = np.searchsorted(self.slots, (span.start, span.stop))
        return self.slots[first:last]


def read_registers(recorder: Recorder) -> Meters:
    """Integer readings at the ends of the slots, and the point of connection that they add up to.

    Tied to the grid the integer net at the point of connection *is* the sum of the buildings' less the losses of the
    wires; where nothing flowed through it (an island) it is zero and the remainder is kept apart.
    """
    registers = recorder.register_import_kwh, recorder.register_export_kwh
    slots, shape = max(len(registers[0]) - 1, 0), registers[0].shape[1:]
    held = LongColumns({"import_mwh": np.int64, "export_mwh": np.int64}, (slots, *shape))
    imported, exported = held.arrays["import_mwh"], held.arrays["export_mwh"]
    net = np.empty((slots, shape[0]), dtype=np.int64)
    for part in parts_of(slots, math.prod(shape)):
        for register, found in zip(registers, (imported, exported), strict=True):
            found[part] = _readings(register[part.start : part.stop + 1])
        np.subtract(np.add.reduce(exported[part], axis=2), np.add.reduce(imported[part], axis=2), out=net[part])
        held.let_go(part.start)
        recorder.let_go_registers(part.start)
    lost = _readings(recorder.loss_kwh)
    nets = net - lost
    through_in = np.diff(recorder.grid_import_kwh, axis=0)
    through_out = np.diff(recorder.grid_export_kwh, axis=0)
    still = (through_in == 0) & (through_out == 0)
    grid_net = np.where(still, 0, nets)
    grid_import = np.where(still, 0, _readings(recorder.grid_import_kwh))
    # Where nothing flowed out, nothing is read as export: the import is then the whole of the sum.
    grid_import = np.where(~still & (through_out == 0) & (nets <= 0), -nets, grid_import)
    grid_export = grid_import + grid_net
    short = np.minimum(grid_export, 0)
    physical = (through_out - through_in) * MWH_PER_KWH
    rounding = np.ceil(np.abs(nets - physical)).astype(np.int64)
    return Meters(imported, exported, grid_import - short, grid_export - short, rounding, lost, nets - grid_net, held)


def parts_of(count: int, width: int) -> Iterator[slice]:
    """Parts of ``count`` slots of ``width`` numbers each that stay in the cache.

    >>> [part.indices(5)[:2] for part in parts_of(5, BATCH // 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    each = max(1, BATCH // max(width, 1))
    for first in range(0, count, each):
        yield slice(first, min(first + each, count))


def _readings(register_kwh: Floats) -> Ints:
    """Differences of whole milliwatt-hours; a register that only grows never runs backwards."""
    counted = register_kwh * MWH_PER_KWH
    np.rint(counted, out=counted)
    whole = counted.astype(np.int64)
    return np.asarray(whole[1:] - whole[:-1])


def settle(
    meters: Meters,
    cleared: Cleared,
    together: Ints | None = None,
    island: IslandTrade | None = None,
    loss_rate: float = 0.0,
    slots: Ints | None = None,
) -> Trades:
    """Deliver what was cleared as far as the meters allow, and add what was traded inside islands.

    ``together`` (K, S, n): buildings with one number were joined throughout the slot; between others nothing is
    delivered. ``loss_rate``: share that public lines keep on the way. ``slots``: those in which something was cleared,
    rising, where that is known.
    """
    shape = meters.import_mwh.shape
    held = LongColumns(dict.fromkeys(("bought_mwh", "sold_mwh", "payment_mjpy"), np.int64), shape)
    bought, sold, payment = held.arrays.values()
    loss = np.zeros(shape[:2], dtype=np.int64)
    if len(cleared.bought_mwh) == 0:
        return Trades(bought, sold, payment, loss, np.zeros(0, dtype=np.int64), held)
    if slots is None:
        slots = np.flatnonzero(cleared.bought_mwh.any(axis=(1, 2)) | cleared.sold_mwh.any(axis=(1, 2)))
    for some in parts_of(len(slots), math.prod(shape[1:])):
        part = slots[some]
        taken, given = meters.import_mwh[part], meters.export_mwh[part]
        if island is not None:
            taken, given = taken - island.import_mwh[part], given - island.export_mwh[part]
        np.minimum(cleared.bought_mwh[part], taken, out=taken)
        np.minimum(cleared.sold_mwh[part], given, out=given)
        arrived, sent = _delivered(taken, given, None if together is None else together[part], loss_rate)
        bought[part], sold[part] = arrived, sent
        payment[part] = _value(arrived - sent, cleared.price_jpy_per_kwh[part])
        loss[part] = np.add.reduce(sent, axis=2) - np.add.reduce(arrived, axis=2)
        for of in (meters.held, held):
            of.let_go(int(part[0]))
    if island is not None:
        payment += _value(island.bought_mwh - island.sold_mwh, island.price_jpy_per_kwh)
        bought += island.bought_mwh
        sold += island.sold_mwh
        slots = np.arange(shape[0])
    return Trades(bought, sold, payment, loss, slots, held)


def _delivered(taken: Ints, given: Ints, together: Ints | None, loss_rate: float) -> tuple[Ints, Ints]:
    """What arrives and what is sent among those who were joined: the smaller side, the longer one is rationed."""
    if together is not None and together.any():
        bought, sold = np.zeros_like(taken), np.zeros_like(given)
        for number in np.unique(together).tolist():
            mine = together == number
            parts = _delivered(np.where(mine, taken, 0), np.where(mine, given, 0), None, loss_rate)
            bought, sold = bought + parts[0], sold + parts[1]
        return bought, sold
    ends = both_ends(np.add.reduce(given, axis=2), np.add.reduce(taken, axis=2), loss_rate)
    return ration(taken, ends[0]), ration(given, ends[1])


def _value(energy_mwh: Ints, price_jpy_per_kwh: Floats) -> Ints:
    """JPY/kWh × mWh / 1000 = 1/1000 JPY."""
    value = energy_mwh * price_jpy_per_kwh
    value /= 1000.0
    np.rint(value, out=value)
    return value.astype(np.int64)


def with_islands(cleared: Cleared, island: IslandTrade | None) -> Cleared:
    """Commitments and what islands traded without any: orders and prices as they are written down.

    Where a building has both in one slot, the price is that of the commitment.
    """
    if island is None or len(cleared.bought_mwh) == 0:
        return cleared
    promised = cleared.bought_mwh + cleared.sold_mwh > 0
    return Cleared(
        cleared.bought_mwh + island.bought_mwh,
        cleared.sold_mwh + island.sold_mwh,
        np.where(
            promised,
            cleared.price_jpy_per_kwh,
            np.where(island.bought_mwh + island.sold_mwh > 0, island.price_jpy_per_kwh, 0.0),
        ),
    )
