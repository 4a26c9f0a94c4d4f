"""Forecasts, bidders and markets: history → expectation → bids → cleared energy and prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ysc_sim.contracts.world import Rows
from ysc_sim.units import Bools, Floats, Ints


@dataclass(frozen=True)
class History:
    """Meter registers at the ends of all finished slots, oldest first; the future is not in the arrays."""

    import_kwh: Floats
    export_kwh: Floats
    """Cumulative, (slots so far + 1, R, n); the first entry is the start."""
    slots_per_day: int
    forgotten: int = 0
    """Finished slots that came before the first entry and are no longer kept."""

    @property
    def slots(self) -> int:
        """Finished slots that are kept."""
        return len(self.import_kwh) - 1

    def net_kwh(self, back: int) -> Floats:
        """Export − import of the slot ``back`` before the coming one (1: the last finished), (R, n)."""
        end = self.slots - back + 1
        exported: Floats = self.export_kwh[end] - self.export_kwh[end - 1]
        imported: Floats = self.import_kwh[end] - self.import_kwh[end - 1]
        return exported - imported


@runtime_checkable
class Forecast(Protocol):
    """History → what the coming slot may bring. Entry-point group ``ysc_sim.forecasts``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]

    def predict(self, history: History) -> Floats:
        """Expected export − import of the coming slot, (R, n) kWh."""
        ...

    def predict_ahead(self, history: History, count: int) -> Floats:
        """Expected export − import of the ``count`` coming slots, (count, R, n) kWh."""
        ...


class Bids(NamedTuple):
    """One order per building for the coming slot, (…, n) each."""

    quantity_mwh: Ints
    price_jpy_per_kwh: Floats
    is_buyer: Bools


@runtime_checkable
class Bidder(Protocol):
    """Forecast and values → bids. Entry-point group ``ysc_sim.bidders``. ``__init__(spec)``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]

    def bid(self, expected_kwh: Floats, import_jpy_per_kwh: Floats, export_jpy_per_kwh: Floats) -> Bids:
        """Orders for expected net energy (R, n) kWh (> 0 surplus) at the values of a kWh bought and sold, (n,)."""
        ...


@runtime_checkable
class DrawingBidder(Protocol):
    """A bidder whose bids are drawn: it remembers something in each row. Otherwise as :class:`Bidder`."""

    kind: ClassVar[str]
    Spec: ClassVar[type]

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """What it remembers, arrays (R, n); all that is random in a row comes from the row's own generators."""
        ...

    def bid_from(
        self,
        state: dict[str, np.ndarray],
        expected_kwh: Floats,
        import_jpy_per_kwh: Floats,
        export_jpy_per_kwh: Floats,
    ) -> Bids:
        """Orders as of :meth:`Bidder.bid`; may change ``state`` in place. Called once for every slot, in order."""
        ...


class Cleared(NamedTuple):
    """What was cleared: integer milliwatt-hours bought or sold by each building, and its price, (…, n) each."""

    bought_mwh: Ints
    sold_mwh: Ints
    price_jpy_per_kwh: Floats
    """Price of what each trades; 0 where nothing trades."""


@runtime_checkable
class Market(Protocol):
    """Bids → cleared energy and prices. Entry-point group ``ysc_sim.markets``. ``__init__(spec)``.

    ``clear`` must give the same bits for a row alone and in any batch: the engine may call it slot by slot inside
    the run or once afterwards for all slots.
    """

    kind: ClassVar[str]
    Spec: ClassVar[type]
    trades: ClassVar[bool]
    """False for the market that never trades: then nothing is bid or cleared."""

    def clear(self, bids: Bids) -> Cleared:
        """Clear each row on its own; Σ bought = Σ sold in integer mWh per row."""
        ...


class Negotiation(Protocol):
    """One row's orders inside one gate window; the engine keeps the clock."""

    def next_event_s(self) -> float | None:
        """Seconds from the opening of the window to the next arrival, or None when nothing is left to happen."""
        ...

    def on_event(self, t_s: float) -> None:
        """Let happen what is due at this instant."""
        ...

    def cleared(self) -> Cleared:
        """What has been agreed so far, (n,) each."""
        ...


@runtime_checkable
class ContinuousMarket(Protocol):
    """A market, see above, in which orders arrive one by one. Its ``clear`` draws from its own seed."""

    def negotiate(self, bids: Bids, draws: np.random.Generator) -> Negotiation:
        """Open the window for one row of orders, (n,) each; all that is random comes from ``draws``."""
        ...
