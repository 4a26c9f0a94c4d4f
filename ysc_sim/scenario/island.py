"""What a scenario says of islands: who is shed when, how the grid is left and joined, what frequency does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Len

from ysc_sim.units import Fraction, Seconds, Unit

Hertz = Annotated[float, Gt(0), Le(1000), Unit("Hz")]


@dataclass(frozen=True, kw_only=True)
class Synchronise:
    """How an island joins the grid: windows of IEEE Std 1547-2018, table 5, up to 500 kVA."""

    slip_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] = 0.05
    """Difference of the frequencies that the island's controller holds while it waits (assumed)."""
    voltage_pu: Annotated[float, Ge(0), Le(1), Unit("1")] = 0.01
    """Difference of the voltages that it holds (assumed)."""
    max_slip_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] = 0.3
    """Largest difference of the frequencies at which the switch closes."""
    max_voltage_pu: Fraction = 0.1
    """Largest difference of the voltages."""
    max_angle_deg: Annotated[float, Ge(0), Le(180), Unit("°")] = 20.0
    """Largest difference of the angles."""
    hold_s: Seconds = 1.0
    """How long all three must be inside their windows."""
    give_up_s: Seconds = 600.0
    """If it takes longer, the island is switched off and its buildings join the grid dark."""


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """What holds the frequency of an island in the seconds after the grid is lost."""

    nominal_hz: Hertz = 50.0
    """Nominal frequency: 50 in the east of Japan, 60 in the west."""
    droop_pu: Annotated[float, Gt(0), Le(1), Unit("1")] = 0.04
    """Droop of the forming devices, on the power that they can give."""
    inertia_s: Seconds = 0.0
    """Inertia constant H of the forming devices, machine or virtual."""
    lag_s: Seconds = 0.0
    """Lag of their governors; only with inertia."""
    load_damping_pu: Annotated[float, Ge(0), Le(10), Unit("1")] = 1.0
    """Fall of demand per unit of frequency."""
    sun_deadband_hz: Annotated[float, Ge(0), Le(5), Unit("Hz")] = 0.036
    """Generation gives less above nominal by more than this (IEEE Std 1547-2018 default)."""
    sun_droop_pu: Annotated[float, Gt(0), Le(1), Unit("1")] = 0.05
    """Rise of frequency, per unit, that takes all generation away."""
    sun_lag_s: Seconds = 5.0
    """Response time of that."""
    shed_hz: Annotated[tuple[Hertz, ...], Len(3, 3)] = (48.4, 48.7, 49.0)
    """Relays that shed tier 2, 3 and 4 below these frequencies (an example, no Japanese default exists)."""
    shed_delay_s: Seconds = 0.1
    """How long frequency must be below."""
    restore_s: Seconds = 300.0
    """How long a tier that was shed so stays off."""
    collapse_hz: Hertz = 47.5
    """Frequency at which the island is lost (lower end of the relay range of JEAC 9701)."""
    rise_hz: Hertz = 51.5
    """Frequency at which it is lost above nominal."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        problems: list[tuple[str, str, dict[str, object]]] = []
        if self.lag_s > 0 and self.inertia_s == 0:
            problems.append(("lag_without_inertia", "lag_s", {"value": self.lag_s}))
        if not self.collapse_hz < self.nominal_hz < self.rise_hz:
            problems.append(("frequency_limits_cross", "nominal_hz", {"value": self.nominal_hz}))
        return problems


@dataclass(frozen=True, kw_only=True)
class Island:
    """How cells leave the grid, live alone and come back."""

    shed_below_soc: Annotated[tuple[Fraction, ...], Len(4, 4)] = (0.0, 0.1, 0.2, 0.3)
    """State of charge below which tiers 1 to 4 of the load are shed; tier 1 is the most critical."""
    break_s: Seconds = 0.0
    """Break of the supply when the grid is lost unannounced and forming devices could not take over what it gave."""
    synchronise: Synchronise | None = None
    """How an island joins the grid again; at once and without a check if not given."""
    wait_s: Seconds = 0.0
    """After a dark return of the grid generation and stores stay off for this long (IEEE 1547, Japan: 300 s)."""
    ramp_s: Seconds = 0.0
    """Then they come back within this time, in ten equal stairs (IEEE 1547: 300 s)."""
    frequency: Frequency | None = None
    """Frequency in the seconds after the loss of the grid; not looked at if not given."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of the community with a switch of its own, that can live alone: a block, or one building."""

    id: Annotated[str, Len(1, 64)]
    """Name."""
    parent: Annotated[str, Len(0, 64)] = ""
    """The cell that it is part of; the community itself if not given."""
    buildings: Annotated[tuple[Annotated[str, Len(1, 64)], ...], Len(0, 100_000)] = ()
    """Its buildings that are in no smaller cell; copies together by their common id, or one by one."""
