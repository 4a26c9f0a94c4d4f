"""What the stages of one instant hand to each other: scratch, gone when the instant is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ysc_sim.contracts import Bands, Moment
from ysc_sim.engine.notices import Notices
from ysc_sim.results.arrays import Event
from ysc_sim.results.recorder import Recorder
from ysc_sim.units import Floats, Ints


@dataclass(slots=True)
class Frame:
    """One instant, for all rows or for those that something happens to."""

    rows: Ints | None
    """Numbers of the rows that the state at hand holds; None: all of them."""
    moment: Moment
    slot_elapsed_s: float | Floats
    interval: int
    """Number of the recorded interval."""
    dark: bool
    """Whether any cell of these rows is without grid."""
    import_price: Floats
    export_price: Floats
    """(n,) JPY/kWh of the slot."""
    notices: Notices
    prices_ahead: Callable[[int], tuple[Floats, Floats]]
    committed: Callable[[], Floats]
    """What each building has promised for the slot, > 0 sold, (R, n) kWh."""
    promise_is_floor: bool
    """Whether more may go out than was promised: relief of a peak, not a sale."""
    recorder: Recorder
    events: list[Event]
    bands: list[Bands] = field(default_factory=list)
    fixed_kw: Any = None
    lo_kw: Any = None
    hi_kw: Any = None
    wish_kw: Any = None
    off: Any = None
    """(R, n, P): share of each stage of demand that is switched off; None: nothing is."""
    stages: Any = None
    """(R, n, P): demand of each stage, kW, where it was known before; None: the fleets are asked."""
    stored: Any = None
    """Tells stored energy, floor and capacity at each building sooner than the fleets do; None: they are asked."""
