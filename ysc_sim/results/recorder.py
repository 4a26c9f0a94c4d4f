"""What a run writes down while it goes: one array per column, filled interval by interval.

Only columns that some device of the community can fill exist; everything is kWh in the recorded interval, except
the stores (kWh at its end) and times (s).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ysc_sim.results.long_columns import LongColumns
from ysc_sim.units import Floats, Ints


@dataclass
class AloneEnergy:
    """Energy that moved inside islands in each slot, (K, S, n), and between whom."""

    import_kwh: Floats
    export_kwh: Floats
    last: Ints
    """Island that the building was last in, −1: none."""
    path: Ints
    """Number of all islands that it was in within the slot: who has the same one was never apart."""


Arrays = Mapping[str, Floats]


class Recorder:
    """Columns (T, S, n) of the buildings and (T, S) of the community, and the meters' registers at each slot's end."""

    def __init__(
        self,
        *,
        intervals: int,
        slots: int,
        rows: int,
        buildings: int,
        columns: Iterable[str],
        community: Iterable[str],
        window: int | None = None,
    ) -> None:
        """``window``: intervals that are held at a time (:meth:`pass_on`); None: all."""
        self._intervals, self._held = intervals, intervals if window is None else window
        intervals = self._held
        self._long = LongColumns(
            dict.fromkeys(columns, np.float64), (intervals, rows, buildings), short=window is not None
        )
        self.columns: Mapping[str, Floats] = self._long.arrays
        self.community = {name: np.zeros((intervals, rows, 1)) for name in community}
        registers = dict.fromkeys(("import_kwh", "export_kwh"), np.float64)
        self._registers = LongColumns(registers, (slots + 1, rows, buildings))
        self.register_import_kwh: Floats = self._registers.arrays["import_kwh"]
        self.register_export_kwh: Floats = self._registers.arrays["export_kwh"]
        self.grid_import_kwh = np.zeros((slots + 1, rows))
        self.grid_export_kwh = np.zeros((slots + 1, rows))
        self.loss_kwh = np.zeros((slots + 1, rows))
        self.joined: Ints | None = None
        """(K, S, c): first cell that each cell was joined to throughout the slot; 0 where no switch was open."""
        self._ways: tuple[int, Ints, Ints] | None = None
        """Slot at hand, the island that each cell was last in, and a number of all that it was in, (S, c)."""
        self.alone: AloneEnergy | None = None
        """What went through the buildings' meters while they were without grid."""

        self._written: set[str] = set()
        """Columns of buildings with anything in the intervals that are held."""
        self._fresh: dict[int, int] = {}
        """Interval that an array was last written in: the first write of all rows there needs no reading."""

    def add(self, name: str, interval: int, rows: Ints | None, values: Floats) -> None:
        """Add (R, n) values to a column; ``rows`` None: all of them."""
        self._written.add(name)
        self._add(self.columns[name], interval, rows, values)

    def add_steps(
        self, arrays: Mapping[str, Floats], interval: int, every: int, parts: Mapping[str, Sequence[Floats]]
    ) -> None:
        """Fill whole intervals from ``interval`` on in ``columns`` or ``community``: of each name values (K, S, n) of
        steps, ``every`` in an interval, added in the order of time and then of the list."""
        self._written.update(parts)
        for name, values in parts.items():
            intervals = len(values[0]) // every
            begin = interval % self._held
            here = arrays[name][begin : begin + intervals]
            first, *rest = (part[step::every] for step in range(every) for part in values)
            if rest:
                np.add(first, rest[0], out=here)
            else:
                here[...] = first
            for part in rest[1:]:
                np.add(here, part, out=here)
            self._fresh[id(arrays[name])] = interval + intervals - 1

    def add_community(self, name: str, interval: int, rows: Ints | None, values: Floats) -> None:
        """Add (R, 1) values to a community column."""
        self._add(self.community[name], interval, rows, values)

    def keep(self, interval: int, rows: Ints) -> list[Floats]:
        """What is written of some rows in an interval, for :meth:`put_back`."""
        return [array[interval % self._held][rows] for array in (*self.columns.values(), *self.community.values())]

    def put_back(self, interval: int, rows: Ints, written: list[Floats]) -> None:
        """Undo what was written of some rows since :meth:`keep`."""
        for array, before in zip((*self.columns.values(), *self.community.values()), written, strict=True):
            array[interval % self._held][rows] = before

    def pass_on(self, interval: int, take: Callable[[int, Arrays, Arrays], None]) -> None:
        """Where ``interval`` fills what is held, or is the last, hand it over and begin anew; columns of buildings in
        which nothing was written are left out.
        """
        count = interval % self._held + 1
        if count == self._held or interval == self._intervals - 1:
            columns = {name: array[:count] for name, array in self.columns.items() if name in self._written}
            community = {name: array[:count] for name, array in self.community.items()}
            take(interval + 1 - count, columns, community)
            self._written.clear()
            for array in (*columns.values(), *community.values()):
                array[...] = 0.0

    def let_go(self, upto: int) -> None:
        """Intervals before ``upto`` need not be held in memory, where columns lie on disk."""
        self._long.let_go(upto)

    def let_go_registers(self, upto: int) -> None:
        """As :meth:`let_go`, of the registers of buildings at the ends of slots before ``upto``."""
        self._registers.let_go(upto)

    def release_registers(self) -> None:
        """Forget the registers of buildings, which have been read."""
        self._registers = LongColumns({}, (0, 0, 0))
        self.register_import_kwh = self.register_export_kwh = np.zeros((0, 0, 0))

    def note_apart(self, slot: int, rows: Ints | None, top: Ints) -> None:
        """Remember the island ``top`` (R, c) in which each cell is in ``slot``; ``rows`` None: all of them."""
        slots, all_rows = self.register_import_kwh.shape[:2]
        if slot >= slots - 1:
            return
        if self.joined is None:
            self.joined = np.zeros((slots - 1, all_rows, top.shape[1]), dtype=np.int16)
        if self._ways is None or self._ways[0] != slot:
            shape = all_rows, top.shape[1]
            self._ways = slot, np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        some = slice(None) if rows is None else rows
        _, last, way = self._ways
        moved = top != last[some]
        if not moved.any():
            return
        way[some] = np.where(moved, way[some] * 1_000_003 + top + 1, way[some])
        last[some] = top
        # Cells went the same way if their numbers agree; the first of them stands for all.
        mine = way[some]
        self.joined[slot, some] = np.argmax(mine[:, :, None] == mine[:, None, :], axis=2)

    def note_alone(self, slot: int, rows: Ints | None, imported: Floats, exported: Floats, island: Ints) -> None:
        """Remember energy (R, n) that moved inside islands in ``slot``; ``island``: number of each building's, −1 none.

        A building that changes its island within the slot gets a new number, the same for all that went with it.
        """
        slots, all_rows, n = self.register_import_kwh.shape
        if slot >= slots - 1:
            return
        if self.alone is None:
            shape = (slots - 1, all_rows, n)
            self.alone = AloneEnergy(np.zeros(shape), np.zeros(shape), np.full(shape, -1), np.full(shape, -1))
        some = slice(None) if rows is None else rows
        there, held = island >= 0, self.alone
        held.import_kwh[slot, some] += np.where(there, imported, 0.0)
        held.export_kwh[slot, some] += np.where(there, exported, 0.0)
        last, path = held.last[slot, some], held.path[slot, some]
        moved = there & (island != last)
        held.path[slot, some] = np.where(moved, np.where(last < 0, island, path * 1_000_003 + island + 1), path)
        held.last[slot, some] = np.where(there, island, last)

    def _add(self, array: Floats, interval: int, rows: Ints | None, values: Floats) -> None:
        here = array[interval % self._held]
        if rows is not None:
            here[rows] += values
        elif self._fresh.get(id(array)) == interval:
            np.add(here, values, out=here)
        else:
            here[...] = values
        self._fresh[id(array)] = interval
