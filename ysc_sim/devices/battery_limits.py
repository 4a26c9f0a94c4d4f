"""Less than rated power near full and near empty, as datasheets say: what may be asked for, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.devices.battery_sizes import Sizes, at
from ysc_sim.devices.conversion import Conversion, one_if_equal
from ysc_sim.devices.datasheet import Datasheet, Limit, limit_columns
from ysc_sim.units import EMPTY_KWH, Bools, Floats

SLACK = 1.0 + 1e-9
"""A power this little above a limit is at the limit."""
FEW = 4
"""Up to one store of so many is picked out; of more all are reckoned, which is faster."""


def _columns(limits: Sequence[Sequence[Limit]], outside: float) -> list[tuple[Floats, Floats]]:
    return [(one_if_equal(soc), one_if_equal(power)) for soc, power in limit_columns(limits, outside)]


@dataclass(frozen=True)
class PowerLimits:
    """Of the batteries of a fleet: state of charge and share of rated power, limit after limit, (1,) or (m,) each."""

    charge: list[tuple[Floats, Floats]]
    """From that state of charge upwards."""
    discharge: list[tuple[Floats, Floats]]
    """From that state of charge downwards."""
    step_h: float

    @classmethod
    def of(cls, designs: Sequence[Datasheet], step_h: float) -> PowerLimits:
        """What datasheets say."""
        return cls(
            _columns([design.charge_limits for design in designs], 1.0),
            _columns([design.discharge_limits for design in designs], 0.0),
            step_h,
        )

    def largest_kw(self, stored_kwh: Floats, capacity_kwh: Floats, size: Sizes) -> tuple[Floats, Floats]:
        """Charging and discharging power that can be held for a step, ≥ 0: what just reaches the next limit, or what
        is allowed beyond. Floor and ceiling apart.
        """
        charge = discharge = rated = size.power_kw
        for soc, share in self.charge:
            room = capacity_kwh * soc - stored_kwh
            charge = self._eased(charge, size.charge, Conversion.charge_for_kw, rated, room, share * rated)
        for soc, share in self.discharge:
            room = stored_kwh - capacity_kwh * soc
            fastest = size.fastest_kw
            discharge = self._eased(discharge, size.discharge, Conversion.given_for_kw, fastest, room, share * rated)
        return charge, discharge

    def _eased(
        self,
        most_kw: Floats,
        way: Conversion,
        power_for_kw: Callable[[Conversion, Floats], Floats],
        fastest_kw: Floats,
        room_kwh: Floats,
        allowed_kw: Floats,
    ) -> Floats:
        """Less than ``most_kw`` where a limit is so near that a step at rated power, ``fastest_kw`` in the cells, would
        pass it.
        """
        near = room_kwh < fastest_kw * (self.step_h * SLACK)
        count = np.count_nonzero(near)
        if not count:
            return most_kw
        if count > near.size // FEW:
            # Of all: where the limit is far, the power that just reaches it is beyond rated power.
            reaches = power_for_kw(way, np.maximum(room_kwh, 0.0) / self.step_h)
            return np.minimum(np.maximum(reaches, allowed_kw), most_kw)
        where = np.flatnonzero(near)

        def pick(values: Floats) -> Floats:
            return at(values, near.shape, where)

        reaches = power_for_kw(way.each(pick), np.maximum(pick(room_kwh), 0.0) / self.step_h)
        eased = np.array(np.broadcast_to(most_kw, near.shape))
        eased.flat[where] = np.minimum(np.maximum(reaches, pick(allowed_kw)), pick(most_kw))
        return eased

    def passed(self, p_kw: Floats, after_kwh: Floats, capacity_kwh: Floats, power_kw: Floats) -> Bools | None:
        """Stores (R, m) that are beyond a limit at more than it allows; None where there are no limits."""
        passed: Bools | None = None
        for soc, share in self.charge:
            beyond = (p_kw < -(share * (power_kw * SLACK))) & (after_kwh > capacity_kwh * soc)
            passed = beyond if passed is None else passed | beyond
        for soc, share in self.discharge:
            beyond = (p_kw > share * (power_kw * SLACK)) & (after_kwh < capacity_kwh * soc)
            passed = beyond if passed is None else passed | beyond
        return passed

    def nearest_kwh(
        self, p_kw: Floats, stored_kwh: Floats, capacity_kwh: Floats, power_kw: Floats, pick: Callable[[Floats], Floats]
    ) -> tuple[Floats, Floats]:
        """Where discharging and charging stores (E,) meet the first limit below ``p_kw``: −inf and inf without one."""
        bottom, top = np.full(stored_kwh.shape, -np.inf), np.full(stored_kwh.shape, np.inf)
        for soc, share in self.charge:
            edge = capacity_kwh * pick(soc)
            blocks = (-p_kw > pick(share) * power_kw * SLACK) & (edge > stored_kwh + EMPTY_KWH)
            top = np.minimum(top, np.where(blocks, edge, np.inf))
        for soc, share in self.discharge:
            edge = capacity_kwh * pick(soc)
            blocks = (p_kw > pick(share) * power_kw * SLACK) & (edge < stored_kwh - EMPTY_KWH)
            bottom = np.maximum(bottom, np.where(blocks, edge, -np.inf))
        return bottom, top
