"""What a planning strategy remembers: the need of the finished slots, for forecasts that must not see further."""

from __future__ import annotations

import numpy as np

from ysc_sim.contracts import DeviceState, History, View
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats

DAYS = 15


class NeedMemory:
    """Net need of each finished slot of the last days, kept in the strategy's state."""

    def __init__(self, slots_per_day: int) -> None:
        self.slots_per_day = slots_per_day
        self.slots = DAYS * slots_per_day

    def start(self, rows: int, columns: int) -> DeviceState:
        """``past_kwh`` (S, c, slots): need of the finished slots, the latest last; ``slot`` (S, 1): how many finished;
        ``open_kwh``, ``last_kw`` (S, c), ``last_s`` (S, 1): the slot so far.
        """
        return {
            "past_kwh": np.zeros((rows, columns, self.slots)),
            "slot": np.zeros((rows, 1)),
            "open_kwh": np.zeros((rows, columns)),
            "last_kw": np.zeros((rows, columns)),
            "last_s": np.zeros((rows, 1)),
        }

    def look(self, state: DeviceState, view: View, need_kw: Floats) -> Bools:
        """Book the need since the last look; rows in which a slot begins now, (R, 1)."""
        shape = state["last_s"].shape
        state["open_kwh"] += state["last_kw"] * (view.t_s - state["last_s"]) / SECONDS_PER_HOUR
        now, opens = np.empty(shape), np.empty(shape, dtype=np.bool_)
        now[...], opens[...] = view.t_s, view.slot_elapsed_s == 0
        state["last_s"], state["last_kw"] = now, np.array(need_kw)
        if not opens.any():
            return opens
        finished = opens & (now > 0)
        if finished.any():
            past = state["past_kwh"]
            whole = finished[:, :, None]
            if finished.all():
                past[:, :, :-1] = past[:, :, 1:]
                past[:, :, -1] = state["open_kwh"]
            else:
                moved = np.concatenate([past[:, :, 1:], state["open_kwh"][:, :, None]], axis=2)
                state["past_kwh"] = np.where(whole, moved, past)
            state["open_kwh"] = np.where(finished, 0.0, state["open_kwh"])
            state["slot"] = state["slot"] + finished
        return opens

    def history(self, state: DeviceState) -> History:
        """The finished slots as meter registers of the need, (slots + 1, R, c)."""
        count = int(state["slot"][0, 0])
        kept = min(count, self.slots)
        need = np.moveaxis(state["past_kwh"][:, :, self.slots - kept :], 2, 0)
        zero = np.zeros((1, *need.shape[1:]))
        imported = np.concatenate([zero, np.cumsum(np.maximum(need, 0.0), axis=0)])
        exported = np.concatenate([zero, np.cumsum(np.maximum(-need, 0.0), axis=0)])
        return History(imported, exported, self.slots_per_day, count - kept)
