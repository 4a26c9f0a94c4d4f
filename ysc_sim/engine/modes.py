"""Modes are data: who holds the balance, whether local trade goes on; and a table of what may follow what.

A transition that is not in the table is an error: nobody slips from one mode into another by accident.

>>> MODES[follow(GRID, "grid_lost")].name
'ISLAND'
>>> follow(DEAD, "former_lost")
Traceback (most recent call last):
ysc_sim.errors.InvariantError: No transition from DEAD on former_lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ysc_sim.errors import InvariantError

GRID, ISLAND, DEAD = 0, 1, 2


@dataclass(frozen=True)
class Mode:
    """One way for a cell to live."""

    name: str
    slack: Literal["grid", "stores", "nobody"]
    """Who takes what is missing or left over."""
    trades: bool
    """Whether its buildings may sell to each other."""


MODES: tuple[Mode, ...] = (
    Mode("GRID", "grid", trades=True),
    Mode("ISLAND", "stores", trades=True),
    Mode("DEAD", "nobody", trades=False),
)
"""Indexed by the code that the state holds."""

TRANSITIONS: dict[tuple[int, str], int] = {
    (GRID, "grid_lost"): ISLAND,
    (GRID, "grid_lost_without_former"): DEAD,
    (ISLAND, "former_lost"): DEAD,
    (ISLAND, "grid_returned"): GRID,
    (DEAD, "grid_returned"): GRID,
}


def follow(mode: int, trigger: str) -> int:
    """The mode after ``trigger``. Raises ``InvariantError`` where the table has none."""
    try:
        return TRANSITIONS[mode, trigger]
    except KeyError:
        raise InvariantError("no_transition", mode=MODES[mode].name, trigger=trigger) from None
