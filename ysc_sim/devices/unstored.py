"""What fleets share that store no electricity and change by themselves at no instant of their own."""

from __future__ import annotations

import numpy as np

from ysc_sim.contracts import DeviceState, Moment, Store
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import SECONDS_PER_HOUR, Floats, Ints


class UnstoredFleet:
    """Answers of a fleet without a store; a subclass brings ``start``, ``bands`` and ``advance``.

    Its states are arrays (R, m), of which ``row`` says which row of the ensemble each is.
    """

    stores = False

    def store(self, state: DeviceState) -> Store:
        """Never called: nothing is stored."""
        nothing = np.zeros_like(state["row"])
        return Store(nothing, nothing, nothing)

    def limit_s(self, state: DeviceState, p_kw: Floats) -> Floats:
        """No limit of a cell's balance is ever met."""
        return np.full(state["row"].shape, np.inf)

    def drain_kw(self, state: DeviceState, p_kw: Floats) -> Floats:
        """Nothing drains."""
        return np.zeros_like(state["row"])

    def next_event_s(self, state: DeviceState, moment: Moment) -> Floats | None:
        """Nothing of its own ever changes inside an interval."""
        return None

    def on_event(self, state: DeviceState, moment: Moment) -> None:
        """Never due."""


def start_rows(rows: int, devices: int) -> Floats:
    """``row`` of a state at the start, (S, m)."""
    return np.repeat(np.arange(rows, dtype=np.float64)[:, None], devices, axis=1)


def hour_of(axis: TimeAxis, t_s: float | Floats) -> Ints:
    """Number of the hour since the midnight before the start; no step crosses one, so it holds for a step."""
    return np.asarray((np.asarray(t_s) + axis.seconds_of_day) // SECONDS_PER_HOUR, dtype=np.int64)
