"""Deliver what was promised to the neighbours: the battery steers the meter to the traded energy of the slot.

Who sold or bought in the slot aims at that energy with what is flexible, forecast errors included, spread evenly over
what is left of the slot; a sale is not stretched beyond what was promised, relief of a peak may be. Who promised
nothing does what the strategy inside wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ysc_sim.contracts import DeviceState, Rows, Strategy, View, Wish
from ysc_sim.strategies.holding import decide_inside, start_inside
from ysc_sim.units import SECONDS_PER_HOUR, Floats


@dataclass(frozen=True, kw_only=True)
class DeliverTradesSpec:
    """Nothing to set."""


class DeliverTrades:
    """Commitments first."""

    kind: ClassVar[str] = "deliver_trades"
    Spec: ClassVar[type] = DeliverTradesSpec
    takes: ClassVar[tuple[str, ...]] = ("inner",)
    reads_market: ClassVar[bool] = True

    def __init__(self, specs: Sequence[DeliverTradesSpec], building_ids: Sequence[str], *, inner: Strategy) -> None:
        self.specs = specs
        self.inner = inner

    def start(self, rows: Rows) -> DeviceState:
        """``from_s``, ``net_kw``, ``sent_kwh`` (S, n): since when, with what net power, how much net energy
        has gone out in the slot; ``inner.…``: what the strategy inside remembers.
        """
        shape = (rows.count, len(self.specs))
        own = {name: np.zeros(shape) for name in ("from_s", "net_kw", "sent_kwh")}
        return {**own, **start_inside(self.inner, rows)}

    def decide(self, view: View, state: DeviceState) -> Floats | Wish:
        """What the strategy inside wants, or what the promises of the slot need."""
        said = decide_inside(self.inner, view, state)
        wish = said.power_kw if isinstance(said, Wish) else said
        now, begun = (
            np.broadcast_to(np.asarray(t, dtype=np.float64), wish.shape) for t in (view.t_s, view.slot_elapsed_s)
        )
        passed = np.minimum(now - state["from_s"], begun) / SECONDS_PER_HOUR
        sent = np.where(begun > 0, state["sent_kwh"] + state["net_kw"] * passed, 0.0)
        promised = view.committed_kwh
        needed = (promised - sent) * SECONDS_PER_HOUR / (view.slot_s - begun) - view.fixed_kw
        if view.promise_is_floor:
            needed = np.maximum(needed, wish)
        power = np.where(promised != 0, needed, wish)
        state["from_s"], state["sent_kwh"] = np.array(now), sent
        state["net_kw"] = view.fixed_kw + np.minimum(np.maximum(power, view.lo_kw), view.hi_kw)
        return said._replace(power_kw=power) if isinstance(said, Wish) else power
