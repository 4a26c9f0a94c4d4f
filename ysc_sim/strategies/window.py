"""What the controllers of demand share: the import that a half-hour still allows, and the target that it has broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ysc_sim.contracts import Rows, View
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats


class Window(NamedTuple):
    """Where a half-hour stands."""

    hours: float
    left_h: float | Floats
    opens: bool | Bools
    """Whether it begins now, for all rows or (R, 1)."""


def window_of(view: View) -> Window:
    """The half-hour of a view."""
    left_h = (view.slot_s - view.slot_elapsed_s) / SECONDS_PER_HOUR
    return Window(view.slot_s / SECONDS_PER_HOUR, left_h, view.slot_elapsed_s == 0)


def allowed_kw(window: Window, target_kw: Floats, so_far_kwh: Floats) -> Floats:
    """Import that, held to the end of the half-hour, makes its mean the target: (D*·T − E)/(T − t), at least 0."""
    allowed: Floats = np.maximum((target_kw * window.hours - so_far_kwh) / window.left_h, 0.0)
    return allowed


def refill_kw(view: View, need_kw: Floats, allowed: Floats, refill_soc: Floats) -> Floats:
    """Charging (≤ 0) that the allowed import leaves room for; above ``refill_soc`` surplus alone is stored."""
    below = np.minimum(need_kw, 0.0)
    if np.count_nonzero(need_kw >= allowed) == need_kw.size:
        return below
    stored_kwh, floor_kwh, capacity_kwh, *_ = view.store
    wanting = stored_kwh - floor_kwh < refill_soc * (capacity_kwh - floor_kwh)
    return np.where(wanting, np.minimum(need_kw - allowed, 0.0), below)


def raise_target(window: Window, target_kw: Floats, last_slot_kwh: Floats, ratchet: Bools) -> None:
    """A target that the last half-hour broke is lost for twelve months: it rises to what was reached, in place."""
    if window.opens is not False:
        np.maximum(target_kw, last_slot_kwh / window.hours, out=target_kw, where=window.opens & ratchet)


def targets_kw(rows: Rows, names: Sequence[str], target_kw: Floats) -> Floats:
    """Targets at the start, (S, n), of strategies ``names``; rows may differ in them."""
    shape = (rows.count, len(names))
    return np.array(np.broadcast_to(rows.spread(names, "target_kw", target_kw), shape))
