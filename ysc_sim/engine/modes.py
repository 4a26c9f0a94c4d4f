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

import numpy as np

from ysc_sim.errors import InvariantError
from ysc_sim.units import Bools, Ints

GRID, ISLAND, DEAD, TRANSFER, BLACKSTART, SYNC, RECOVER, PLANNED = range(8)


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
    Mode("TRANSFER", "nobody", trades=False),  # the break between grid and island
    Mode("BLACKSTART", "nobody", trades=False),  # dark, an engine is starting
    Mode("SYNC", "stores", trades=True),  # the grid is back, the island waits for its windows
    Mode("RECOVER", "grid", trades=True),  # on the grid again, generation and stores still wait and ramp up
    Mode("PLANNED", "grid", trades=True),  # the exchange is ramped to zero before an announced outage
)
"""Indexed by the code that the state holds."""

TIED: Bools = np.array([mode.slack == "grid" for mode in MODES])
LIVES: Bools = np.array([mode.slack == "stores" for mode in MODES])
"""Whether the grid, or the cell itself, holds the balance; indexed by mode."""

TRANSITIONS: dict[tuple[int, str], int] = {
    **{(mode, "grid_lost"): ISLAND for mode in (GRID, RECOVER, PLANNED)},
    **{(mode, "planned_loss"): ISLAND for mode in (GRID, RECOVER, PLANNED)},
    **{(mode, "grid_lost_with_break"): TRANSFER for mode in (GRID, RECOVER, PLANNED)},
    **{(mode, "grid_lost_without_former"): DEAD for mode in (GRID, RECOVER, PLANNED)},
    **{(mode, "grid_lost_engine_starting"): BLACKSTART for mode in (GRID, RECOVER, PLANNED)},
    (GRID, "ramp_begins"): PLANNED,
    (TRANSFER, "transferred"): ISLAND,
    **{(mode, "former_lost"): DEAD for mode in (ISLAND, SYNC, TRANSFER)},
    **{(mode, "former_lost_engine_starting"): BLACKSTART for mode in (ISLAND, SYNC, TRANSFER)},
    **{(mode, "blackout"): DEAD for mode in (ISLAND, SYNC)},
    **{(mode, "blackout_engine_starting"): BLACKSTART for mode in (ISLAND, SYNC)},
    **{(mode, "started"): ISLAND for mode in (BLACKSTART, DEAD)},
    (BLACKSTART, "start_failed"): DEAD,
    (ISLAND, "grid_returned"): GRID,
    (ISLAND, "grid_returned_out_of_step"): SYNC,
    (SYNC, "synchronised"): GRID,
    (SYNC, "sync_failed"): DEAD,
    (SYNC, "grid_lost"): ISLAND,
    **{(mode, "grid_returned"): GRID for mode in (DEAD, BLACKSTART, TRANSFER)},
    **{(mode, "grid_returned_to_wait"): RECOVER for mode in (DEAD, BLACKSTART, TRANSFER)},
    (RECOVER, "recovered"): GRID,
    **{(mode, "faulted"): DEAD for mode in (GRID, ISLAND, TRANSFER, BLACKSTART, SYNC, RECOVER, PLANNED)},
    **{(mode, event): mode for mode in (ISLAND, SYNC) for event in ("stepped", "relay")},
    (ISLAND, "split"): ISLAND,
    **{(mode, "merged"): ISLAND for mode in (ISLAND, SYNC, DEAD, BLACKSTART, TRANSFER)},
}
"""What may follow what. Codes and words of every trigger's cause are where it is pulled."""


def follow(mode: int, trigger: str) -> int:
    """The mode after ``trigger``. Raises ``InvariantError`` where the table has none."""
    try:
        return TRANSITIONS[mode, trigger]
    except KeyError:
        raise InvariantError("no_transition", mode=MODES[mode].name, trigger=trigger) from None


def tied(mode: Ints) -> Bools:
    """Which cells the grid holds."""
    found: Bools = TIED[mode]
    return found


def lives(mode: Ints) -> Bools:
    """Which cells live by themselves."""
    found: Bools = LIVES[mode]
    return found
