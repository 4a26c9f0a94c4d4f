"""What buildings use: a profile of the shipped ones, scaled to a yearly energy, in four tiers of importance.

Habits of neighbours differ: the building's shift and size (``Placed.shift_s``, ``Placed.scale``) move and
scale the profile in every row of the ensemble. Where the steps are shorter than the half-hour, appliances
that switch on and off vary the power inside it (:mod:`ysc_sim.timeseries.minutes`); half-hour means stay
what the profile says.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Le, Len

from ysc_sim.contracts import EnergyClass, Placed
from ysc_sim.devices.base import ProfileFleet, Source, padding_days
from ysc_sim.devices.measured import file_problems, is_file, measured_of, measured_source
from ysc_sim.documents import suggest
from ysc_sim.errors import Problem
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.timeseries.minutes import Pulses, draw_pulses
from ysc_sim.timeseries.nonresidential import buildings, uses
from ysc_sim.timeseries.profiles import (
    days_around,
    load_hours_kw,
    profile_kwh_per_year,
    profile_names,
    profile_notes,
)
from ysc_sim.timeseries.read import Stamp, Unit
from ysc_sim.units import SECONDS_PER_HOUR, SLOT_S, Bools, Floats, Fraction, PositiveKWh
from ysc_sim.units import Unit as FieldUnit

TIERS = 4
SHARES_SUM_EPS = 1e-6
HOURS_PER_YEAR = 8760


@dataclass(frozen=True, kw_only=True)
class LoadSpec:
    """What one building uses."""

    profile: Annotated[str, Len(1, 200)]
    """Name of a shipped profile, or a measured one: a .csv file beside the scenario."""
    load_kwh_per_year: PositiveKWh | None = None
    """Energy of a year of 8,760 h; the profile's own size if not given."""
    floor_m2: Annotated[float, Gt(0), Le(1e7), FieldUnit("m²")] | None = None
    """Floor area of a shipped workplace (office, shop, clinic …), instead of its energy: the published one per m²."""
    tier_shares: Annotated[tuple[Fraction, ...], Len(TIERS, TIERS)] = (0.2, 0.3, 0.3, 0.2)
    """Shares of the demand in tiers 1 (critical) to 4 (first to be shed); their sum is 1. The default is assumed."""
    tier_uses: Annotated[tuple[tuple[Annotated[str, Len(1, 100)], ...], ...], Len(TIERS, TIERS)] | None = None
    """Instead of ``tier_shares``, end uses of a shipped workplace in tiers 1 to 4, e.g. [[refrigeration], [light],
    [other], [cooling, heating]]: their published shares of the year. What is not named is in tier 4."""
    minute_variation: Fraction = 1.0
    """How far steps shorter than 30 min vary inside the half-hour: 0 not at all, 1 as measured in homes.
    A file with steps shorter than 30 min keeps its own."""
    csv_unit: Unit = "auto"
    """Unit of a file's values: kW, kWh, W, Wh, or as its header says."""
    csv_stamp: Stamp = "auto"
    """Whether a file's times are those of the start or the end of an interval."""
    csv_column: Annotated[str, Len(0, 200)] = ""
    """Heading of a file's column of values, where there are several."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        found: list[tuple[str, str, dict[str, object]]] = []
        if abs(sum(self.tier_shares) - 1.0) > SHARES_SUM_EPS:
            found.append(("tier_shares_sum", "tier_shares", {"sum": round(sum(self.tier_shares), 6)}))
        if not is_file(self.profile) and self.profile not in profile_names():
            known = ", ".join(profile_names())
            near = suggest(self.profile, profile_names())
            values: dict[str, object] = {"profile": self.profile, "known": known, "suggestion": near}
            found.append(("profile_unknown", "profile", values))
        return found or self._workplace_problems()

    def _workplace_problems(self) -> list[tuple[str, str, dict[str, object]]]:
        """What is wrong with floor area and end uses, which workplaces have."""
        said = [name for name in ("floor_m2", "tier_uses") if getattr(self, name) is not None]
        if said and self.profile not in buildings():
            values: dict[str, object] = {"profile": self.profile, "known": ", ".join(buildings())}
            return [("not_a_workplace", name, {"key": name, **values}) for name in said]
        found: list[tuple[str, str, dict[str, object]]] = []
        both = (("floor_m2", "load_kwh_per_year", None), ("tier_uses", "tier_shares", type(self).tier_shares))
        for name, other, usual in both:
            if name in said and getattr(self, other) != usual:
                found.append(("said_twice", name, {"key": name, "other": other}))
        named = [use for tier in self.tier_uses or () for use in tier]
        known = tuple(uses(self.profile)) if named else ()
        for use in dict.fromkeys(named):
            if use not in known:
                found.append(("use_unknown", "tier_uses", {"use": use, "known": ", ".join(known)}))
            elif named.count(use) > 1:
                found.append(("use_in_two_tiers", "tier_uses", {"use": use}))
        return found

    def shares_of_tiers(self) -> tuple[float, ...]:
        """What of the demand is in tiers 1 to 4.

        >>> LoadSpec(profile="shop", tier_uses=(("refrigeration",), ("light",), (), ())).shares_of_tiers()[:2]
        (0.12, 0.36)
        """
        if self.tier_uses is None:
            return self.tier_shares
        published = {name: use.share for name, use in uses(self.profile).items()}
        first = [sum(published[use] for use in tier) for tier in self.tier_uses[:-1]]
        return (*first, max(sum(published.values()) - sum(first), 0.0))

    @property
    def kwh_per_year(self) -> float | None:
        """Energy of a year, as said or by the floor area; None: the profile's own."""
        if self.floor_m2 is not None:
            return self.floor_m2 * buildings()[self.profile].kwh_per_m2
        return self.load_kwh_per_year

    def check_files(self, folder: Path, axis: TimeAxis) -> list[Problem]:
        """What is wrong with the file that it names."""
        if not is_file(self.profile):
            return []
        found = file_problems(self, folder, axis)
        if not found and self.load_kwh_per_year and not measured_of(self, folder, axis).kw.any():
            return [Problem("csv_all_zero", {"load_kwh_per_year": self.load_kwh_per_year}, self.profile)]
        return found


class LoadFleet(ProfileFleet):
    """All loads of a community: the power that their profiles ask for."""

    kind: ClassVar[str] = "load"
    energy_class: ClassVar[EnergyClass] = "load"
    Spec: ClassVar[type] = LoadSpec
    row_fields: ClassVar[tuple[str, ...]] = ("load_kwh_per_year",)

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed)
        axis, specs = placed.site.axis, placed.specs
        pad = padding_days(placed.shift_s)
        sources: dict[Hashable, tuple[Source, float]] = {}
        for spec in specs:
            if profile_of(spec) not in sources:
                sources[profile_of(spec)] = _source(spec, placed, pad)
        order = list(sources)
        own = np.array([sources[profile_of(spec)][1] for spec in specs])
        wanted = np.array([spec.kwh_per_year or kwh for spec, kwh in zip(specs, own, strict=True)])
        wanted_by_row = placed.by_row("load_kwh_per_year", wanted)
        factor = np.divide(wanted_by_row, own, out=np.ones_like(wanted_by_row), where=own > 0)
        shares = np.array([spec.shares_of_tiers() for spec in specs], dtype=np.float64)
        self.tier_shares = shares / np.add.reduce(shares, axis=1, keepdims=True)
        shipped = sorted({spec.profile for spec in specs if not is_file(spec.profile)})
        self.notes = tuple(note for name in shipped for note in profile_notes(name))
        fine = np.array([sources[profile_of(spec)][0].step_s < SLOT_S for spec in specs])
        self.follow(
            [source for source, _ in sources.values()],
            np.array([order.index(profile_of(spec)) for spec in specs], dtype=np.int64),
            factor * placed.scale,
            shift_s=placed.shift_s,
            pulses=self._appliances(wanted, fine) if axis.step_s < SLOT_S else None,
        )

    def _appliances(self, kwh_per_year: Floats, fine: Bools) -> Pulses | None:
        """Pulses inside half-hours, drawn for every device and row; None where nobody needs any."""
        strength = np.where(fine, 0.0, self.placed.column("minute_variation"))
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


def profile_of(spec: LoadSpec) -> Hashable:
    """What two loads must share to follow one source."""
    return (spec.profile, spec.csv_unit, spec.csv_stamp, spec.csv_column) if is_file(spec.profile) else spec.profile


def _source(spec: LoadSpec, placed: Placed, pad: int) -> tuple[Source, float]:
    """A load's source and the source's energy of a year, kWh."""
    site = placed.site
    if is_file(spec.profile):
        kwh_per_year = float(measured_of(spec, site.folder, site.axis).kw.mean()) * HOURS_PER_YEAR
        return measured_source(spec, site.folder, site.axis, pad), kwh_per_year
    hours = load_hours_kw(spec.profile, days_around(site.axis, pad)).reshape(-1)
    return Source(hours, SECONDS_PER_HOUR, pad), profile_kwh_per_year(spec.profile)
