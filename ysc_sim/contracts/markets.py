"""Forecasts and markets: history → expectation → bids → cleared energy and prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from ysc_sim.contracts.bidding import Bids, Cleared
from ysc_sim.contracts.world import Rows
from ysc_sim.units import Floats


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


@runtime_checkable
class LotMarket(Protocol):
    """A market, see above, that draws lots. Its ``clear`` draws them once from its own seed."""

    def clear_slots(self, bids: Bids, rows: Rows, first_slot: int, orders: int = 1) -> Cleared:
        """Clear orders (K, S, n) of the slots from ``first_slot`` on; lots come from each row's own draws, by slot.

        ``orders``: of each building, see :class:`~ysc_sim.contracts.Bids`; a building has one lot.
        """
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

    def start(self, rows: Rows, building_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """What its traders remember from window to window, arrays (R, n)."""
        ...

    def negotiate(
        self, bids: Bids, draws: np.random.Generator, memory: dict[str, np.ndarray] | None = None
    ) -> Negotiation:
        """Open the window for one row of orders, (n,) each; all that is random comes from ``draws``.

        ``memory``: what the row's traders remember, (n,) each, changed in place; None: everybody starts afresh.
        """
        ...
