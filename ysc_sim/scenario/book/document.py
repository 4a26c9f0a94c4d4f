"""A workbook as a document: plain data, and for each piece of it the cell where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ysc_sim.documents import Document
from ysc_sim.documents.workbook import At, cell_name
from ysc_sim.scenario.tree import Path_

Spot = tuple[str, At]
"""Title of the sheet, row and column."""


@dataclass(frozen=True)
class BookDocument(Document):
    """Plain data from a workbook."""

    spots: Mapping[Path_, Spot] = field(default_factory=dict)
    """Cells of values, and of values that are missing; of a line of a table its first cell."""
    names: Mapping[Path_, Spot] = field(default_factory=dict)
    """Cells of the names of items."""
    first_sheet: str = ""

    def place(self, path: Path_, *, key: bool = False) -> At:
        """Row and column of the value, or of its name, at ``path``; if absent, of the nearest that is there."""
        return self._spot(path, key)[1]

    def cell(self, path: Path_, *, key: bool = False) -> str:
        """The same as ``sheet!C5``."""
        return cell_name(*self._spot(path, key))

    def _spot(self, path: Path_, key: bool) -> Spot:
        if key and path in self.names:
            return self.names[path]
        for end in range(len(path), -1, -1):
            if path[:end] in self.spots:
                return self.spots[path[:end]]
        return self.first_sheet, (1, 1)
