"""A network drawn wire by wire, in volts, ohms and kVA: four wires with neutral and earthing, single-phase three
wires behind a centre-tapped transformer, and whatever else conductors and windings make.

Each bus has named conductors (``"abc"``, ``"abcn"``, ``"12n"``); lines and transformers join them; ports take
the loads between two of them, or between one and earth. :meth:`Wiring.network` turns the drawing into a
:class:`Network`, whose ``port_names`` are ``bus.conductor-conductor`` and whose injections are given by port.

The Japanese low-voltage system: 6,600/210–105 V pole transformers, hot conductors 1 and 2 at 105 V on either
side of the earthed neutral, lamps between hot and neutral, large appliances and inverters between 1 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ysc_sim.powerflow.network import EARTH, Complexes, Network
from ysc_sim.powerflow.windings import Winding, between_terminals, unit_admittance
from ysc_sim.units import Floats, Ints

NEUTRALS = "n"


@dataclass(frozen=True, kw_only=True)
class _Bus:
    number: int
    base_v: float
    conductors: str


@dataclass(frozen=True, kw_only=True)
class _Leg:
    name: str
    ends: tuple[int, int]
    siemens: Complexes
    """Over ``places``."""
    places: list[tuple[int, int]]
    """End (0, 1) and conductor of each row."""
    rated_a: tuple[float, float]
    """At either end; 0: not rated."""


@dataclass(eq=False)
class Wiring:
    """Collects buses, wires, windings and loads; every name is a bus's.

    ``base_kva`` is the power base of the resulting network.

    >>> wiring = Wiring()
    >>> wiring.bus("pole", "ab", base_v=6600 / 3**0.5)
    >>> wiring.bus("house", "12n", base_v=105)
    >>> wiring.source("pole", volts=6600 / 3**0.5, degrees=(0, -120))
    >>> wiring.pole_transformer("pole", "house", rated_kva=30, r_percent=1.4, x_percent=1.7)
    >>> wiring.port("house", "1", "n")
    >>> wiring.port("house", "1", "2")
    >>> net = wiring.network()
    >>> net.port_names
    ('house.1-n', 'house.1-2')
    >>> from ysc_sim.powerflow import solve
    >>> solution = solve(net, [-2.0, -5.0], 0.0)
    >>> (105 * abs(net.across_ports(solution.v_pu)[0])).round(2)
    array([104.61, 209.31])
    """

    base_kva: float = 100.0
    frequency_hz: float = 50.0
    _buses: dict[str, _Bus] = field(default_factory=dict)
    _legs: list[_Leg] = field(default_factory=list)
    _earth: list[tuple[int, int, complex]] = field(default_factory=list)
    _ports: list[tuple[str, tuple[int, int, int], float]] = field(default_factory=list)
    _sources: dict[int, dict[int, complex]] = field(default_factory=dict)

    def bus(self, name: str, conductors: str, *, base_v: float) -> None:
        """A bus; ``base_v``: the voltage to earth that 1 p.u. means."""
        if name in self._buses:
            raise ValueError(f"bus {name!r} is there already.")
        if not conductors or len(set(conductors)) < len(conductors):
            raise ValueError(f"conductors(={conductors!r}) must be different letters.")
        if not base_v > 0:
            raise ValueError(f"base_v(={base_v}) must be > 0.")
        self._buses[name] = _Bus(number=len(self._buses), base_v=float(base_v), conductors=conductors)

    def source(self, bus: str, *, volts: float, degrees: Sequence[float]) -> None:
        """Holds the conductors of ``bus``, in their order, at ``volts`` to earth and the angles ``degrees``."""
        at = self._at(bus)
        if len(degrees) != len(at.conductors):
            raise ValueError(f"degrees has {len(degrees)} angles for conductors {at.conductors!r} of {bus!r}.")
        phasors = volts / at.base_v * np.exp(1j * np.deg2rad(degrees))
        self._sources[at.number] = dict(enumerate(np.asarray(phasors).tolist()))

    def line(
        self,
        one: str,
        other: str,
        conductors: str,
        z_ohm: npt.ArrayLike,
        *,
        shunt_s: npt.ArrayLike | None = None,
        rated_a: float = 0.0,
        name: str = "",
    ) -> None:
        """Wires between two buses: series impedance (k, k) ohm of the named ``conductors``, mutual ones off the
        diagonal, and total shunt admittance (k, k) siemens, half at either end."""
        z = np.atleast_2d(np.asarray(z_ohm, dtype=np.complex128))
        count = len(conductors)
        if z.shape != (count, count):
            raise ValueError(f"z_ohm has shape {z.shape}; conductors {conductors!r} need ({count}, {count}).")
        y = np.linalg.inv(z)
        half = np.zeros_like(y) if shunt_s is None else np.atleast_2d(np.asarray(shunt_s, dtype=np.complex128)) / 2
        if half.shape != y.shape:
            raise ValueError(f"shunt_s has shape {half.shape}; it must be {y.shape}.")
        matrix = np.block([[y + half, -y], [-y, y + half]])
        places = [*self._places(one, conductors, 0), *self._places(other, conductors, 1)]
        self._add(name or f"{one}-{other}", (one, other), matrix, places, (rated_a, rated_a))

    def transformer(
        self,
        windings: Sequence[Winding],
        *,
        rated_kva: float,
        r_percent: Sequence[float],
        x_percent: Sequence[float],
        iron_loss_w: float = 0.0,
        magnetising_var: float = 0.0,
        name: str = "",
    ) -> None:
        """One single-phase unit between two buses; see :func:`unit_admittance` for the numbers."""
        buses = list(dict.fromkeys(winding.bus for winding in windings))
        if len(buses) != 2:
            raise ValueError(f"windings must stand at two buses; they stand at {buses}.")
        y = unit_admittance(
            [winding.volts for winding in windings],
            rated_kva=rated_kva,
            r_percent=r_percent,
            x_percent=x_percent,
            iron_loss_w=iron_loss_w,
            magnetising_var=magnetising_var,
        )
        places: list[tuple[int, int]] = []
        terminals: list[tuple[int | None, int | None]] = []
        for winding in windings:
            ends: list[int | None] = []
            for conductor in (winding.plus, winding.minus):
                if conductor is None:
                    ends.append(None)
                    continue
                place = self._places(winding.bus, conductor, buses.index(winding.bus))[0]
                if place not in places:
                    places.append(place)
                ends.append(places.index(place))
            terminals.append((ends[0], ends[1]))
        at_bus = [sum(winding.volts for winding in windings if winding.bus == bus) for bus in buses]
        rated_a = (1000 * rated_kva / at_bus[0], 1000 * rated_kva / at_bus[1])
        matrix = between_terminals(y, terminals, len(places))
        self._add(name or "-".join(buses), (buses[0], buses[1]), matrix, places, rated_a)

    def pole_transformer(
        self,
        high: str,
        low: str,
        *,
        rated_kva: float,
        r_percent: float,
        x_percent: float,
        between: str = "ab",
        high_v: float = 6600.0,
        low_v: float = 210.0,
        half_r_percent: float | None = None,
        half_x_percent: float | None = None,
        neutral_earth_ohm: float = 1e-3,
        iron_loss_w: float = 0.0,
        magnetising_var: float = 0.0,
        name: str = "",
    ) -> None:
        """Centre-tapped: primary ``between`` two conductors of ``high``, halves 1–n and n–2 at ``low``.

        ``r_percent``, ``x_percent``: of the whole secondary, as on the plate. The halves share them as a
        closely interleaved winding does: half of the resistance in the primary; reactance primary to one half
        1.2 times and between the halves 0.8 times the plate value (OpenDSS's documented conversion of the
        plate data, after [1]_); ``half_r_percent`` (each half) and ``half_x_percent`` (primary to half)
        override. ``neutral_earth_ohm``: class B earthing of the neutral.

        .. [1] W. H. Kersting, "Center-tapped transformer and 120/240-V secondary models", IEEE Trans. Industry
           Applications 45 (2009) 575–581.
        """
        r = r_percent if half_r_percent is None else half_r_percent
        x = 1.2 * x_percent if half_x_percent is None else half_x_percent
        between_halves = 0.8 * x_percent if half_x_percent is None else 2 / 3 * half_x_percent
        self.transformer(
            [
                Winding(bus=high, plus=between[0], minus=between[1], volts=high_v),
                Winding(bus=low, plus="1", minus="n", volts=low_v / 2),
                Winding(bus=low, plus="n", minus="2", volts=low_v / 2),
            ],
            rated_kva=rated_kva,
            r_percent=[r_percent / 2, r, r],
            x_percent=[x, x, between_halves],
            iron_loss_w=iron_loss_w,
            magnetising_var=magnetising_var,
            name=name,
        )
        self.earth(low, "n", ohm=neutral_earth_ohm)

    def earth(self, bus: str, conductor: str, *, ohm: complex) -> None:
        """Earthing of one conductor."""
        if abs(ohm) < 1e-6:
            raise ValueError(f"ohm(={ohm}) must not be below 1e-6; for an ideal earth leave the conductor out.")
        at = self._at(bus)
        self._earth.append((at.number, self._conductor(bus, conductor), at.base_v**2 / ohm))

    def port(self, bus: str, plus: str, minus: str | None = None, *, nominal_v: float | None = None) -> None:
        """A place for a load or a source of power: between two conductors, or one and earth (``None``).

        ``nominal_v``: voltage at which voltage-dependent shares and controls are at 1; default: the base, twice
        the base between 1 and 2, √3 times between two of a, b, c.
        """
        at = self._at(bus)
        place = (at.number, self._conductor(bus, plus), EARTH if minus is None else self._conductor(bus, minus))
        across = 1.0
        if minus is not None and {plus, minus} == {"1", "2"}:
            across = 2.0
        elif minus is not None and {plus, minus} <= set("abc"):
            across = float(np.sqrt(3))
        label = f"{bus}.{plus}" + ("" if minus is None else f"-{minus}")
        self._ports.append((label, place, across if nominal_v is None else nominal_v / at.base_v))

    def network(self, **more: Any) -> Network:
        """The drawing as arrays; ``more``: further fields of :class:`Network` (shares, switches, controls)."""
        buses = list(self._buses.values())
        m = max((len(bus.conductors) for bus in buses), default=1)
        base_v = np.array([bus.base_v for bus in buses])
        shunt = np.zeros((len(buses), m, m), dtype=np.complex128)
        for bus, conductor, va in self._earth:
            shunt[bus, conductor, conductor] += va / (1000 * self.base_kva)
        y, ends, current, loading = self._leg_arrays(m, base_v)
        sources = np.full((len(self._sources), m), np.nan, dtype=np.complex128)
        for k, held in enumerate(self._sources.values()):
            sources[k, list(held)] = list(held.values())
        nodes = [
            (bus * m + plus, EARTH if minus == EARTH else bus * m + minus) for _, (bus, plus, minus), _ in self._ports
        ]
        is_phase = np.zeros((len(buses), m), dtype=bool)
        for each in buses:
            is_phase[each.number, : len(each.conductors)] = [letter not in NEUTRALS for letter in each.conductors]
        return Network(
            **{
                "v_nominal_kv": base_v * np.sqrt(3) / 1000,
                "bus_names": tuple(self._buses),
                "phases": 0,
                "conductors": m,
                "base_kva": self.base_kva,
                "frequency_hz": self.frequency_hz,
                "leg_bus": ends,
                "leg_y_pu": y,
                "leg_current_ka_per_pu": current,
                "leg_loading_percent_per_pu": loading,
                "branch_names": tuple(leg.name for leg in self._legs),
                "shunt_y_pu": shunt,
                "ports": np.array(nodes, dtype=np.int64).reshape(-1, 2),
                "port_names": tuple(name for name, _, _ in self._ports),
                "port_v_pu": np.array([across for _, _, across in self._ports]),
                "source_bus": np.array(list(self._sources), dtype=np.int64),
                "source_v_pu": sources,
                "node_is_phase": is_phase.ravel(),
                **more,
            }
        )

    def _leg_arrays(self, m: int, base_v: Floats) -> tuple[Complexes, Ints, Floats, Floats]:
        """Matrices in p.u. (L, 2m, 2m), ends, and the weights of current and loading."""
        y = np.zeros((len(self._legs), 2 * m, 2 * m), dtype=np.complex128)
        ends = np.array([leg.ends for leg in self._legs], dtype=np.int64).reshape(-1, 2)
        current, loading = np.zeros((len(self._legs), 2)), np.zeros((len(self._legs), 2))
        for k, leg in enumerate(self._legs):
            place = [end * m + conductor for end, conductor in leg.places]
            volts = base_v[[leg.ends[end] for end, _ in leg.places]]
            y[k][np.ix_(place, place)] = leg.siemens * np.outer(volts, volts) / (1000 * self.base_kva)
            current[k] = self.base_kva / base_v[ends[k]]
            rated = np.asarray(leg.rated_a)
            loading[k] = 100 * 1000 * current[k] / np.where(rated > 0, rated, np.inf)
        return y, ends, current, loading

    def _add(self, name: str, buses: tuple[str, str], siemens: Complexes, places: list[tuple[int, int]],
             rated_a: tuple[float, float]) -> None:  # fmt: skip
        ends = (self._at(buses[0]).number, self._at(buses[1]).number)
        self._legs.append(_Leg(name=name, ends=ends, siemens=siemens, places=places, rated_a=rated_a))

    def _at(self, bus: str) -> _Bus:
        if bus not in self._buses:
            raise ValueError(f"bus {bus!r} is not there; known are {list(self._buses)}.")
        return self._buses[bus]

    def _conductor(self, bus: str, conductor: str) -> int:
        known = self._at(bus).conductors
        if len(conductor) != 1 or conductor not in known:
            raise ValueError(f"bus {bus!r} has conductors {known!r}, not {conductor!r}.")
        return known.index(conductor)

    def _places(self, bus: str, conductors: str, end: int) -> list[tuple[int, int]]:
        """(end, conductor) of each letter."""
        return [(end, self._conductor(bus, letter)) for letter in conductors]
