"""When the grid is away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from ysc_sim.contracts.world import Site


class OutageWindow(NamedTuple):
    """The grid is away from ``start_s`` (inclusive) to ``end_s``, in seconds from the start of the axis."""

    start_s: int
    end_s: int
    notice_s: int = 0
    """How long before its start it is announced, with its end; 0: it comes unannounced."""
    cell: str = ""
    """Not the grid but the feeder of this cell is away; all rows alike."""
    fault: bool = False
    """Not its feeder but its own wires have failed: it is dark, cells inside it are alone."""
    told_end_s: int = 0
    """Its end as it was announced: what comes unannounced may make it longer."""


@runtime_checkable
class OutageModel(Protocol):
    """When the grid is away. Entry-point group ``ysc_sim.outages``. ``__init__(spec)``."""

    kind: ClassVar[str]
    Spec: ClassVar[type]
    differs: bool
    """Whether rows of an ensemble have different windows; if not, only row 0 is asked for."""

    def windows(self, site: Site, row: int) -> Sequence[OutageWindow]:
        """Windows of one row, in seconds from the start; the engine merges and cuts them to the axis.

        Draws are named: ``site.rows.generator(row, name, stream)``.
        """
        ...
