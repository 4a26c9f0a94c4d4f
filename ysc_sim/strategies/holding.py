"""What strategies that keep a reserve share: a strategy inside, and the power that leaves enough in the store."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ysc_sim.contracts import DeviceState, Outlook, Rows, Strategy, View, Wish
from ysc_sim.units import SECONDS_PER_HOUR, Floats

INNER = "inner."


def start_inside(inner: Strategy, rows: Rows) -> DeviceState:
    """What the strategy inside remembers, under names of its own."""
    return {INNER + name: array for name, array in inner.start(rows).items()}


def decide_inside(inner: Strategy, view: View, state: DeviceState) -> Floats | Wish:
    """What the strategy inside wants; its part of ``state`` may change."""
    memory = {name.removeprefix(INNER): array for name, array in state.items() if name.startswith(INNER)}
    wish = inner.decide(view, memory)
    state.update({INNER + name: array for name, array in memory.items()})
    return wish


def clipped(wish: Floats | Wish, most_kw: Floats) -> Floats | Wish:
    """The wish with no more power out of the stores than ``most_kw``, (R, n)."""
    if isinstance(wish, Wish):
        return wish._replace(power_kw=np.minimum(wish.power_kw, most_kw))
    return np.minimum(wish, most_kw)


def most_kw(
    view: View,
    keep_kwh: Floats,
    step_s: float,
    charge_kw: Floats,
    charge_efficiency: Floats,
    discharge_efficiency: Floats,
) -> Floats:
    """Largest power out of each building's stores, (R, n) kW; negative where they must be charged.

    At the end of the step ``keep_kwh`` (R, n) above the floor is to be left. Charging for it is bound by ``charge_kw``.
    """
    left_h = (step_s - np.asarray(view.t_s) % step_s) / SECONDS_PER_HOUR
    store = view.store
    above = store.stored_kwh - store.floor_kwh - keep_kwh
    give = above * discharge_efficiency / left_h
    take = above / charge_efficiency / left_h
    most: Floats = np.where(above >= 0, give, np.maximum(take, -charge_kw))
    return most


class Filling:
    """How fast the grid may fill the stores of some buildings, and what is lost on the way."""

    def __init__(self, charge_from_grid_kw: Iterable[float | None]) -> None:
        """``charge_from_grid_kw``: of each building; None: its stores' own power."""
        asked = [np.inf if kw is None else kw for kw in charge_from_grid_kw]
        self._charge_kw = np.array(asked, dtype=np.float64)
        self.efficiency = np.ones((2, len(asked)))
        """Of charging and of discharging, (2, n)."""
        self.step_s = 1

    def prepare(self, outlook: Outlook) -> None:
        """Note the clock, and powers and efficiencies of the stores."""
        plant = outlook.plant
        self.step_s = outlook.axis.step_s
        self._charge_kw = np.minimum(self._charge_kw, plant.charge_kw)
        self.efficiency = np.array([plant.charge_efficiency, plant.discharge_efficiency])

    def clip(self, wish: Floats | Wish, view: View, keep_kwh: Floats) -> Floats | Wish:
        """The wish with no more power out than leaves ``keep_kwh`` (R, n) above the floors at the end of the step."""
        return clipped(wish, most_kw(view, keep_kwh, self.step_s, self._charge_kw, *self.efficiency))
