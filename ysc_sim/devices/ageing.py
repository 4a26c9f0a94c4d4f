"""How batteries grow old: lost capacity by time (temperature, charge) and by cycles (depth, rate).

The law of a commercial LFP cell, measured for years at many temperatures and depths [1]_ [2]_; with ``T`` in kelvin,
``t`` in seconds, ``soc`` and depth ``d`` as shares, ``c`` the rate in 1/h and ``N`` full equivalent cycles,

    Q_calendar = k_cal · √t,    k_cal = 1.2571e-5 · e^(−17126/8.3145 · (1/T − 1/298.15)) · (2.8575 (soc − ½)³ + 0.60225)
    Q_cycle    = k_cyc · √N,    k_cyc = (0.063 c + 0.0971) · (4.0253 (d − 0.6)³ + 1.0923) / 100

Both laws are stepped with virtual time and virtual cycles: when conditions change, the loss goes on from where it is
on the curve of the new ones. As both are square roots this is the same as adding up ``A = ∫k² dt`` and ``A = Σk²·ΔN``,
and Q = √A. ``k_cal²`` is a polynomial of degree 6 in the charge, which is linear in time while a battery moves, so its
mean over a move is exact. Cycles are counted by rainflow, their rate is depth over the hours of movement
between their turning points (rests do not count), open ones are half cycles.

.. [1] M. Naumann, M. Schimpe, P. Keil, H. C. Hesse, A. Jossen, "Analysis and modeling of calendar aging of a commercial
   LiFePO4/graphite cell", J. Energy Storage 17, 2018, 153-169.
.. [2] M. Naumann, F. B. Spingler, A. Jossen, "Analysis and modeling of cycle aging of a commercial LiFePO4/graphite
   cell", J. Power Sources 451, 2020, 227666. Constants as in simses (gitlab.lrz.de/open-ees-ses/simses).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ysc_sim.devices import rainflow
from ysc_sim.devices.conversion import one_if_equal
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Ints

CALENDAR_K = 1.2571e-5
ACTIVATION_K = 17126.0 / 8.3145
REFERENCE_K = 298.15
ZERO_C_K = 273.15
CUBE, LEVEL = 2.8575, 0.60225
"""Influence of the state of charge on calendar ageing."""


def calendar_factor(soc: Floats) -> Floats:
    """Influence of the state of charge (0 … 1) on calendar ageing.

    >>> calendar_factor(np.array([0.5])).tolist()
    [0.60225]
    """
    off = soc - 0.5
    return CUBE * off * off * off + LEVEL


def mean_square_factor(begin: Floats, end: Floats) -> Floats:
    """Mean of :func:`calendar_factor` squared while the state of charge goes evenly from ``begin`` to ``end``.

    The mean of xⁿ from a to b is (aⁿ + aⁿ⁻¹b + … + bⁿ) / (n + 1).

    >>> bool(np.isclose(mean_square_factor(np.array(0.0), np.array(1.0)), 2.8575**2 / 448 + 0.60225**2))
    True
    """
    a, b = begin - 0.5, end - 0.5
    ab, third = a * b, a + b
    a *= a
    b *= b
    squares = a + b
    third *= squares
    a *= a
    b *= b
    fourth = a + b
    mean: Floats = squares * fourth
    # a⁶ + a⁵b + … + b⁶ = (a² + b²)(a⁴ + b⁴) + ab·(a⁴ + b⁴ + a²b²)
    fourth += ab * ab
    ab *= fourth
    mean += ab
    mean *= CUBE * CUBE / 7.0
    third *= CUBE * LEVEL / 2.0
    mean += third
    mean += LEVEL * LEVEL
    return mean


def calendar_k(soc: Floats, temperature_c: Floats) -> Floats:
    """k_cal, loss per square root of a second.

    >>> ten_years = np.sqrt(10 * 8760 * 3600.0)
    >>> (calendar_k(np.array([0.5, 1.0]), np.array([25.0, 25.0])) * ten_years).round(3).tolist()
    [0.134, 0.214]
    """
    warmth = np.exp(-ACTIVATION_K * (1.0 / (temperature_c + ZERO_C_K) - 1.0 / REFERENCE_K))
    return CALENDAR_K * warmth * calendar_factor(soc)


def cycle_k(depth: Floats, rate_per_h: Floats) -> Floats:
    """k_cyc, loss per square root of a full equivalent cycle, of cycles of ``depth`` (0 … 1) at ``rate_per_h``.

    >>> float((cycle_k(np.array(0.8), np.array(0.5)) * np.sqrt(3000.0)).round(3))
    0.079
    """
    off = depth - 0.6
    return (0.063 * rate_per_h + 0.0971) * (4.0253 * off * off * off + 1.0923) / 100.0


@dataclass(frozen=True)
class Ageing:
    """The law for the batteries of a fleet, arrays (m,); factors 0 where a battery does not age."""

    temperature_c: Floats
    calendar_factor: Floats
    """Multiplies the calendar loss of the law: what a datasheet says of another product."""
    cycle_factor: Floats

    def start(self, soc: Floats, age_years: Floats, full_cycles: Floats) -> dict[str, Floats]:
        """State (R, m) of batteries that have stood ``age_years`` half full and made ``full_cycles`` of depth 0.8 at
        0.5/h: ``calendar_a`` and ``cycle_a`` (∫k² dt, Σk²·N) and the stack of open cycles.
        """
        half = np.full_like(self.temperature_c, 0.5)
        stood = (calendar_k(half, self.temperature_c) * self.calendar_factor) ** 2 * age_years * 8760 * SECONDS_PER_HOUR
        cycled = (cycle_k(0.8 + 0.0 * half, half) * self.cycle_factor) ** 2 * full_cycles
        state = rainflow.start_stack(soc)
        state["calendar_a"] = np.zeros_like(soc) + stood
        state["cycle_a"] = np.zeros_like(soc) + cycled
        return state

    def stand(self, state: dict[str, Floats], begin: Floats, end: Floats, hours: Floats) -> None:
        """Calendar ageing while the state of charge goes evenly from ``begin`` to ``end`` (R, m) in ``hours``."""
        state["calendar_a"] = state["calendar_a"] + mean_square_factor(begin, end) * (self._calendar_k2 * hours)

    def stand_at(self, state: dict[str, Floats], where: Ints, begin: Floats, end: Floats, hours: Floats) -> None:
        """As :meth:`stand`, of the stores at flat places alone, (E,) each; none stands there twice."""
        grown = state["calendar_a"] = state["calendar_a"].copy()
        k2 = self._calendar_k2
        per_hour = k2 if len(k2) == 1 else k2.take(where % len(k2))
        grown.flat[where] += mean_square_factor(begin, end) * (per_hour * hours)

    @cached_property
    def _calendar_k2(self) -> Floats:
        """k² per hour, but for the influence of the charge."""
        half = np.full_like(self.temperature_c, 0.5)
        k: Floats = calendar_k(half, self.temperature_c) / LEVEL * self.calendar_factor
        return one_if_equal(k * k * SECONDS_PER_HOUR)

    def cycle(self, state: dict[str, Floats], soc: Floats, hours: Floats, *, rests: bool = True) -> None:
        """The state of charge moved straight to ``soc`` in ``hours``: cycles that this closes are booked. ``rests`` as
        in :func:`~ysc_sim.devices.rainflow.move_to`.
        """
        rainflow.move_to(state, soc, hours, self._booking(state["cycle_a"]), rests=rests)

    @staticmethod
    def stress(depth: Floats, count: Floats, moved_h: Floats, factor: Floats) -> Floats:
        """k²·ΔN of cycles: ``count`` of 1 is a discharge and a charge of ``depth``."""
        # A full cycle moves its depth twice while its turning points, of which only one way is timed, lie once apart.
        rate = depth / np.where(moved_h > 0, moved_h, np.inf)
        k = cycle_k(depth, rate) * factor
        stress: Floats = k * k * depth * count
        return stress

    def settle(self, state: dict[str, Floats], rows: Ints) -> None:
        """Close every cycle of ``rows`` that can be closed, so that :meth:`losses` of them can be asked for."""
        state["cycle_a"] = state["cycle_a"].copy()
        rainflow.settle(state, rows, self._booking(state["cycle_a"]))

    def losses(self, state: Mapping[str, Floats], rows: Ints) -> tuple[Floats, Floats]:
        """Calendar and cycle loss so far of settled ``rows``, (len(rows), m) each, shares of the nominal capacity; open
        cycles count as halves.
        """
        halves = rainflow.open_halves(state, rows)
        cycle_a = state["cycle_a"].copy()
        self._booking(cycle_a)(halves.row, halves.device, halves.depth, np.full_like(halves.depth, 0.5), halves.hours)
        return np.sqrt(state["calendar_a"][rows]), np.sqrt(cycle_a[rows])

    def final_losses(self, state: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """As :meth:`losses` of all rows, whether settled or not; the state stays as it is."""
        rows = np.arange(len(state["level"]))
        copy = {name: state[name].copy() for name in (*rainflow.STACK, "calendar_a", "cycle_a")}
        self.settle(copy, rows)
        return self.losses(copy, rows)

    def _booking(self, cycle_a: Floats) -> rainflow.Closed:
        """Adds closed cycles to ``cycle_a`` (R, m), contiguous, in place, one after another."""
        flat, width = cycle_a.reshape(-1), cycle_a.shape[1]
        differ = bool((self.cycle_factor != self.cycle_factor[:1]).any())

        def closed(r: Ints, j: Ints, depth: Floats, count: Floats, moved_h: Floats) -> None:
            factor = self.cycle_factor[j] if differ else self.cycle_factor[:1]
            np.add.at(flat, r * width + j, self.stress(depth, count, moved_h, factor))

        return closed
