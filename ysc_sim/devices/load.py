"""What buildings use: a profile of the shipped ones, scaled to a yearly energy, in four tiers of importance.

Habits of neighbours differ: the building's shift and size (``Placed.shift_s``, ``Placed.scale``) move and scale the profile
in every row of the ensemble. Where the steps are shorter than the half-hour, appliances that switch on and off vary the
power inside it (:mod:`ysc_sim.timeseries.minutes`); half-hour means stay what the profile says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Len

from ysc_sim.contracts import EnergyClass, Placed
from ysc_sim.devices.base import ProfileFleet, Source, padding_days
from ysc_sim.timeseries.minutes import Pulses, draw_pulses
from ysc_sim.timeseries.profiles import days_around, load_hours_kw, profile_kwh_per_year, profile_names, profile_notes
from ysc_sim.units import SECONDS_PER_HOUR, SLOT_S, Floats, Fraction, PositiveKWh

TIERS = 4
SHARES_SUM_EPS = 1e-6


@dataclass(frozen=True, kw_only=True)
class LoadSpec:
    """What one building uses."""

    profile: Annotated[str, Len(1, 200)]
    """Name of a shipped profile."""
    load_kwh_per_year: PositiveKWh | None = None
    """Energy of a standard year; the profile's own size if not given."""
    tier_shares: Annotated[tuple[Fraction, ...], Len(TIERS, TIERS)] = (0.2, 0.3, 0.3, 0.2)
    """Shares of the demand in tiers 1 (critical) to 4 (first to be shed); they add up to 1. The default is assumed."""
    minute_variation: Fraction = 1.0
    """How far steps shorter than 30 min vary inside the half-hour: 0 not at all, 1 as measured in homes."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        found: list[tuple[str, str, dict[str, object]]] = []
        if abs(sum(self.tier_shares) - 1.0) > SHARES_SUM_EPS:
            found.append(("tier_shares_sum", "tier_shares", {"sum": sum(self.tier_shares)}))
        if self.profile not in profile_names():
            found.append(("profile_unknown", "profile", {"profile": self.profile, "known": ", ".join(profile_names())}))
        return found


class LoadFleet(ProfileFleet):
    """All loads of a community: the power that their profiles ask for."""

    kind: ClassVar[str] = "load"
    energy_class: ClassVar[EnergyClass] = "load"
    Spec: ClassVar[type] = LoadSpec

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed)
        axis, specs = placed.site.axis, placed.specs
        names = sorted({spec.profile for spec in specs})
        pad = padding_days(placed.shift_s)
        days = days_around(axis, pad)
        sources = [Source(load_hours_kw(name, days).reshape(-1), SECONDS_PER_HOUR, pad) for name in names]
        own = np.array([profile_kwh_per_year(spec.profile) for spec in specs])
        wanted = np.array([spec.load_kwh_per_year or kwh for spec, kwh in zip(specs, own, strict=True)])
        shares = np.array([spec.tier_shares for spec in specs], dtype=np.float64).reshape(-1, TIERS)
        self.tier_shares = shares / shares.sum(axis=1, keepdims=True)
        self.notes = tuple(note for name in names for note in profile_notes(name))
        self.follow(
            sources,
            np.array([names.index(spec.profile) for spec in specs], dtype=np.int64),
            wanted / own * placed.scale,
            shift_s=placed.shift_s,
            pulses=self._appliances(wanted) if axis.step_s < SLOT_S else None,
        )

    def _appliances(self, kwh_per_year: Floats) -> Pulses | None:
        """Pulses inside half-hours, drawn for every device and row; None where nobody wants any."""
        strength = self.placed.column("minute_variation")
        if not strength.any():
            return None
        site = self.placed.site
        return draw_pulses(
            lambda row, name: site.rows.generator(row, name, "minutes"),
            self.placed.ids,
            slots=-(-site.axis.duration_s // SLOT_S) + 2,
            kwh_per_year=kwh_per_year,
            scale=self.placed.scale,
            strength=strength,
        )
