"""How a battery follows a new set-point: after a dead time, and then along a straight line.

HTW Berlin's inspections measure both of home storage systems: 0.6 to 1.6 s pass before anything happens, and 2.7 to
14 s until the new power is reached (as collected in bslib, Forschungszentrum Jülich). Here ``dead_time_s`` passes, in
which the set-point before is followed, and then the power at the terminals changes by the rated power in
``settling_s``, so that every power is constant or linear in time and all energies are known in closed form. A
set-point that comes during a dead time is taken at its end. With losses ``a + b·P + c·P²`` the energy of a straight
piece from ``u`` to ``v`` needs the means of ``P`` and ``P²`` alone: (u + v)/2 and (u² + uv + v²)/3.

A piece never crosses a power at which the law of the losses changes: 0, and the need of the converter itself, below
which charging stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ysc_sim.devices.battery_sizes import Sizes, column_of
from ysc_sim.devices.datasheet import Datasheet
from ysc_sim.units import SECONDS_PER_HOUR, Bools, Floats

HALVINGS = 60


class Piece(NamedTuple):
    """Power that changes evenly, (R, m) each."""

    hours: Floats
    begin_kw: Floats
    end_kw: Floats

    @property
    def energy_kwh(self) -> Floats:
        """What is delivered at the terminals; < 0 is charged."""
        energy: Floats = (self.begin_kw + self.end_kw) / 2.0 * self.hours
        return energy

    def only(self, chosen: Bools) -> Piece:
        """The pieces of some stores, (E,)."""
        return Piece(*(part[chosen] for part in self))

    def to(self, share: Floats) -> Piece:
        """The first ``share`` of it."""
        return Piece(self.hours * share, self.begin_kw, self.begin_kw + (self.end_kw - self.begin_kw) * share)


@dataclass(frozen=True)
class Response:
    """Of the batteries of a fleet, arrays (m,)."""

    dead_s: Floats
    settling_s: Floats
    """From rest to rated power; 0: at once."""

    @classmethod
    def of(cls, designs: Sequence[Datasheet]) -> Response | None:
        """What datasheets say; None where all follow at once."""
        dead, settling = column_of(designs, "dead_time_s"), column_of(designs, "settling_s")
        return cls(dead, settling) if dead.any() or settling.any() else None

    @staticmethod
    def start(shape: tuple[int, int]) -> dict[str, Floats]:
        """State (R, m): ``given_kw``, the power now; ``asked_kw``, the last set-point; ``heard_kw``, the one that is
        followed; ``wait_s`` until the last one is; ``stopped``, 1 where a limit was met, until the next set-point.
        """
        return {name: np.zeros(shape) for name in ("given_kw", "asked_kw", "heard_kw", "wait_s", "stopped")}

    def hear(self, state: dict[str, Floats], p_kw: Floats, lo_kw: Floats, hi_kw: Floats) -> None:
        """Set-points (R, m) that differ from the last ones begin their dead time; the battery's own limits ``lo_kw``
        and ``hi_kw`` act at once.
        """
        new = p_kw != state["asked_kw"]
        if not new.any():
            return
        state["given_kw"] = np.where(new, np.clip(state["given_kw"], lo_kw, hi_kw), state["given_kw"])
        state["heard_kw"] = np.where(new, np.clip(state["heard_kw"], lo_kw, hi_kw), state["heard_kw"])
        state["wait_s"] = np.where(new & (state["wait_s"] <= 0), self.dead_s, state["wait_s"])
        state["stopped"] = np.where(new, 0.0, state["stopped"])
        state["asked_kw"] = np.array(p_kw)

    @staticmethod
    def reach(state: dict[str, Floats], p_kw: Floats, where: Bools) -> None:
        """The set-points (R, m) are reached already at the devices of ``where``."""
        for name, value in (("given_kw", p_kw), ("heard_kw", p_kw), ("asked_kw", p_kw), ("wait_s", 0.0)):
            state[name] = np.where(where, value, state[name])
        state["stopped"] = np.where(where, 0.0, state["stopped"])

    def pieces(self, state: dict[str, Floats], dt_s: Floats, size: Sizes) -> Iterator[Piece]:
        """What the batteries do in ``dt_s`` (R, m), piece after piece; the state is that of the end."""
        wait = np.minimum(state["wait_s"], dt_s)
        heard = np.where(state["wait_s"] > dt_s, state["heard_kw"], state["asked_kw"])
        # A size of 0 has nowhere to go: as if at once.
        moves = (self.settling_s > 0) & (size.power_kw > 0)
        slope = np.divide(size.power_kw, self.settling_s, out=np.full(dt_s.shape, np.inf), where=moves)
        edge = -size.charge.charge_for_kw(np.zeros(1))
        begin = state["given_kw"]
        found: list[Piece] = []
        for target, span in ((state["heard_kw"], wait), (state["asked_kw"], dt_s - wait)):
            begin = _line(begin, target, span, slope, edge, found)
        state["given_kw"], state["heard_kw"] = begin, heard
        state["wait_s"] = np.maximum(state["wait_s"] - dt_s, 0.0)
        return iter(found)


def _line(
    begin_kw: Floats, target_kw: Floats, span_s: Floats, slope: Floats, edge_kw: Floats, found: list[Piece]
) -> Floats:
    """Add the pieces on the way to ``target_kw`` in ``span_s``, and of the stay there; where it ends."""
    way = np.abs(target_kw - begin_kw)
    rises = target_kw > begin_kw
    # What takes no time is done even in no time.
    there = way <= slope * span_s if np.isfinite(slope).all() else (way <= _times(slope, span_s)) | np.isinf(slope)
    moved = np.where(there, way, _times(slope, span_s))
    end_kw = np.where(there, target_kw, begin_kw + np.where(rises, moved, -moved))
    at_kw, used_s = begin_kw, np.zeros_like(span_s)
    for first in (np.where(rises, edge_kw, 0.0), np.where(rises, 0.0, edge_kw)):
        crosses = (first - at_kw) * (end_kw - first) > 0.0
        to_kw = np.where(crosses, first, at_kw)
        took_s = np.abs(to_kw - at_kw) / slope
        found.append(Piece(took_s / SECONDS_PER_HOUR, at_kw, to_kw))
        at_kw, used_s = to_kw, used_s + took_s
    took_s = np.abs(end_kw - at_kw) / slope
    found.append(Piece(took_s / SECONDS_PER_HOUR, at_kw, end_kw))
    found.append(Piece(np.maximum(span_s - used_s - took_s, 0.0) / SECONDS_PER_HOUR, end_kw, end_kw))
    return end_kw


def _times(slope: Floats, span_s: Floats) -> Floats:
    """slope · span, 0 where the span is 0, however steep."""
    product: Floats = np.multiply(slope, span_s, out=np.zeros_like(span_s), where=span_s > 0)
    return product


def rate_kw(piece: Piece, size: Sizes, standby_kw: Floats) -> Floats:
    """Mean rate at which the stores fill during a piece; at rest they lose ``standby_kw``."""
    both = piece.begin_kw + piece.end_kw
    u, v = np.abs(piece.begin_kw), np.abs(piece.end_kw)
    mean, square = (u + v) / 2.0, (u * u + u * v + v * v) / 3.0
    fills, falls = size.charge.stored_mean_kw(mean, square), size.discharge.taken_mean_kw(mean, square)
    rate: Floats = np.where(both < 0, fills, np.where(both > 0, -falls, -standby_kw))
    return rate


def lost_kw(piece: Piece, size: Sizes) -> Floats:
    """Mean loss of converters and cells during a piece, where it is none of rest."""
    u, v = np.abs(piece.begin_kw), np.abs(piece.end_kw)
    mean, square = (u + v) / 2.0, (u * u + u * v + v * v) / 3.0
    fills, gives = size.charge.lost_filling_mean_kw(mean, square), size.discharge.lost_giving_mean_kw(mean, square)
    lost: Floats = np.where(piece.begin_kw + piece.end_kw < 0, fills, gives)
    return lost


def share_until(piece: Piece, size: Sizes, room_kwh: Floats) -> Floats:
    """Share of a piece (E,) until the stores have changed by ``room_kwh``, which they do before its end.

    The energy grows with the share, so halving finds it to the last bit.
    """
    low, high = np.zeros_like(room_kwh), np.ones_like(room_kwh)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        part = piece.to(middle)
        beyond = np.abs(rate_kw(part, size, np.zeros(1)) * part.hours) >= np.abs(room_kwh)
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return high
