"""Stretches: many steps in one go, where nothing happens inside them that would need an instant of its own.

Devices and strategies that keep these promises are taken through a stretch at once; whoever does not is asked step by
step. The bits are the same either way.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeGuard, runtime_checkable

from ysc_sim.contracts.devices import Device
from ysc_sim.contracts.markets import Forecast, History
from ysc_sim.contracts.world import DeviceState, Moment
from ysc_sim.units import Floats, Ints


class Followed(NamedTuple):
    """What a fleet of stores did in ``K`` steps, (K, R, m) each, as its ``advance`` would have said step by step."""

    p_kw: Floats
    """Power that was set in each step."""
    energy_kwh: Floats
    charge_kwh: Floats
    discharge_kwh: Floats
    loss_kwh: Floats
    stored_kwh: Floats
    """At the end of each step."""
    stopped: tuple[Ints, Ints, Ints]
    """Step, row and device of whatever met a limit, in the order of steps, (E,) each."""
    held_s: Floats
    """How long each of these held its power, (E,)."""


@runtime_checkable
class Scheduled(Device, Protocol):
    """A fleet that does the same whatever happens around it: no state, no events, no limits."""

    def steps_kw(self, first: int, count: int) -> Floats:
        """``want`` of its bands in ``count`` steps from ``first`` on, (count, R0, m); R0: 1, or all rows."""
        ...


@runtime_checkable
class Following(Device, Protocol):
    """A fleet of stores that can follow the wishes of many steps in one go."""

    def follow_steps(self, state: DeviceState, wish_kw: Floats, dt_s: float) -> Followed | None:
        """Let ``K`` steps of ``dt_s`` pass: in each, ``wish_kw`` (K, R, m) is clipped to the bands and held.

        Changes ``state``, which holds all rows. None, and nothing done, where it cannot be said in one go.
        """
        ...


class Steps(Protocol):
    """Stores on their way through a stretch: at every step first :meth:`bands`, then :meth:`go`."""

    def bands(self, moment: Moment) -> tuple[Floats, Floats]:
        """``lo_kw`` and ``hi_kw`` as the fleet's own ``bands`` would say, (R, m); the tuple of before if it holds."""
        ...

    def store(self) -> tuple[Floats, Floats, Floats]:
        """Stored, floor and capacity as the fleet's own ``store`` would say, kWh that nobody changes in place."""
        ...

    def go(self, p_kw: Floats, moment: Moment) -> tuple[Floats, Floats | None]:
        """Let a step pass at powers (R, m): ``energy_kwh`` and ``held_s`` as the fleet's ``advance`` would say."""
        ...

    def followed(self) -> Followed:
        """What all steps did, when they have passed."""
        ...


@runtime_checkable
class Stepping(Device, Protocol):
    """A fleet of stores with a shorter way through many steps than its ``bands`` and ``advance``."""

    def begin_steps(self, state: DeviceState, count: int, dt_s: float) -> Steps | None:
        """A way through ``count`` steps of ``dt_s`` that changes ``state``; None where there is none as things are."""
        ...


@runtime_checkable
class Recounting(Forecast, Protocol):
    """A forecast, beside being a :class:`~ysc_sim.contracts.markets.Forecast`, that can say what it has said before."""

    def predict_each(self, history: History, count: int) -> Floats:
        """What ``predict`` says at each of the last ``count`` gates, (count, R, n); the last is the end of it."""
        ...


def recounting(forecast: Forecast) -> TypeGuard[Recounting]:
    """Whether a forecast is :class:`Recounting`."""
    return _offered(type(forecast), "predict_each", ("predict",))


def scheduled(fleet: Device) -> TypeGuard[Scheduled]:
    """Whether a fleet is :class:`Scheduled`."""
    asked = ("bands", "advance", "next_event_s", "on_event")
    return not fleet.flexible and not fleet.stores and _offered(type(fleet), "steps_kw", asked)


def following(fleet: Device) -> TypeGuard[Following]:
    """Whether a fleet is :class:`Following`."""
    return fleet.flexible and fleet.stores and _offered(type(fleet), "follow_steps", ("bands", "advance", "store"))


def stepping(fleet: Device) -> TypeGuard[Stepping]:
    """Whether a fleet is :class:`Stepping`."""
    return fleet.flexible and fleet.stores and _offered(type(fleet), "begin_steps", ("bands", "advance", "store"))


def promises(plugin: object, name: str, about: str) -> bool:
    """Whether a plug-in keeps a promise about its method ``about`` that lets it be asked for many steps at once.

    Strategies: ``from_fixed``, the wish is made of ``View.fixed_kw`` number by number and of nothing else. Bidders:
    ``from_meters``, neither stores nor vehicles are looked at; ``from_expected``, nothing is remembered and the order
    is made number by number of what is expected and of the prices of the slot. Who says nothing promises nothing, and a
    class that has changed the method must say so itself.
    """
    return getattr(plugin, name, False) is True and _offered(type(plugin), name, (about,))


def _offered(kind: type, name: str, instead_of: tuple[str, ...]) -> bool:
    """Whether a class has ``name``, and no class derived from the one that brought it changed what it stands for."""
    bases = kind.__mro__
    places = {
        each: next((k for k, base in enumerate(bases) if each in vars(base)), len(bases))
        for each in (name, *instead_of)
    }
    return places[name] < len(bases) and all(places[name] <= places[each] for each in instead_of)
