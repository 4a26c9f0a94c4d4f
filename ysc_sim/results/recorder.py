"""What a run writes down while it goes: one array per column, filled interval by interval.

Only columns that some device of the community can fill exist; everything is kWh in the recorded interval, except
the stores (kWh at its end) and times (s).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ysc_sim.units import Bools, Floats, Ints


class Recorder:
    """Columns (T, S, n) of the buildings and (T, S) of the community, and the meters' registers at each slot's end."""

    def __init__(
        self, *, intervals: int, slots: int, rows: int, buildings: int, columns: Iterable[str], community: Iterable[str]
    ) -> None:
        # np.zeros takes pages from the system only when they are written to.
        self.columns = {name: np.zeros((intervals, rows, buildings)) for name in columns}
        self.community = {name: np.zeros((intervals, rows, 1)) for name in community}
        self.register_import_kwh = np.zeros((slots + 1, rows, buildings))
        self.register_export_kwh = np.zeros((slots + 1, rows, buildings))
        self.grid_import_kwh = np.zeros((slots + 1, rows))
        self.grid_export_kwh = np.zeros((slots + 1, rows))
        self.loss_kwh = np.zeros((slots + 1, rows))
        self.apart: Bools | None = None
        """(K, S, n): buildings that stood behind an open switch inside the community in a part of the slot."""

        self._fresh: dict[int, int] = {}
        """Interval that an array was last written in: the first write of all rows there needs no reading."""

    def add(self, name: str, interval: int, rows: Ints | None, values: Floats) -> None:
        """Add (R, n) values to a column; ``rows`` None: all of them."""
        self._add(self.columns[name], interval, rows, values)

    def add_community(self, name: str, interval: int, rows: Ints | None, values: Floats) -> None:
        """Add (R, 1) values to a community column."""
        self._add(self.community[name], interval, rows, values)

    def note_apart(self, slot: int, rows: Ints | None, apart: Bools) -> None:
        """Remember buildings (R, n) that are cut off from the others in ``slot``; ``rows`` None: all of them."""
        slots, all_rows, n = self.register_import_kwh.shape
        if self.apart is None:
            self.apart = np.zeros((slots - 1, all_rows, n), dtype=np.bool_)
        if slot < slots - 1:
            self.apart[slot, slice(None) if rows is None else rows] |= apart

    def _add(self, array: Floats, interval: int, rows: Ints | None, values: Floats) -> None:
        here = array[interval]
        if rows is not None:
            here[rows] += values
        elif self._fresh.get(id(array)) == interval:
            np.add(here, values, out=here)
        else:
            here[...] = values
        self._fresh[id(array)] = interval
