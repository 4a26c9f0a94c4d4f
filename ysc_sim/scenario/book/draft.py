"""What a workbook says so far: plain data, the cell of each piece, and what was found wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

from ysc_sim.documents.workbook import At, CellError, Sheet, cell_name, column_name
from ysc_sim.errors import Problem
from ysc_sim.scenario.book.document import BookDocument, Spot
from ysc_sim.scenario.book.sheets import Grid, cell_text
from ysc_sim.scenario.book.values import CellProblem, converted
from ysc_sim.scenario.extends import look_up
from ysc_sim.scenario.tree import Path_, Tree

MOST_PROBLEMS = 200


class Draft:
    """A document in the making."""

    def __init__(self, name: str, first_sheet: str) -> None:
        self.name, self.first_sheet = name, first_sheet
        self.data: dict[str, Any] = {}
        self.spots: dict[Path_, Spot] = {}
        self.names: dict[Path_, Spot] = {}
        self.raw: dict[Path_, Sheet] = {}
        self.problems: list[tuple[Path_, Problem]] = []
        self._numbers: dict[str, int] = {}
        self._counted = 0

    def complain(
        self, key: str, sheet: Sheet | None, at: At, path: Path_ = (), /, *, severity: str = "error", **values: Any
    ) -> None:
        """Note a problem at a cell; without a sheet, of the whole workbook."""
        cell = "" if sheet is None else cell_name(sheet.title, at)
        self.problems.append((path, Problem(key, values, self.name, *at, severity=severity, cell=cell)))

    def check_shape(self, grid: Grid) -> None:
        """Merged cells, and what is hidden, where it matters."""
        sheet, used = grid.sheet, set(grid.columns)
        for (top, left), (bottom, right) in sheet.merged:
            touches = bottom >= grid.heading and any(left <= column <= right for column in used)
            if touches and (top, left) != (bottom, right):
                value = f"{column_name(left - 1)}{top}:{column_name(right - 1)}{bottom}"
                self.complain("workbook_merged", sheet, (top, left), value=value)
        for row in sorted(sheet.hidden_rows.intersection(grid.lines)):
            self.complain("workbook_hidden_row", sheet, (row, min(used)), value=row)
        for column in sorted(sheet.hidden_columns & used):
            if any((row, column) in sheet.cells for row in grid.lines):
                value = column_name(column - 1)
                self.complain("workbook_hidden_column", sheet, (grid.heading, column), value=value)

    def new_item(self, path: Path_, sheet: Sheet, at: At) -> Path_:
        """Append to a list that is there or begins here."""
        above = look_up(self.data, path[:-1])
        items = above.setdefault(path[-1], [])
        items.append({})
        self.spots.setdefault(path, (sheet.title, (1, 1)))
        self.spots[(*path, len(items) - 1)] = (sheet.title, at)
        return (*path, len(items) - 1)

    def building(self, name: str) -> int | None:
        """The number of the building with this name, the first of them."""
        return self.buildings().get(name)

    def buildings(self) -> dict[str, int]:
        """Names of the buildings as they stand in their cells → number."""
        known: list[dict[str, Any]] = self.data.get("buildings", [])
        if len(known) != self._counted:
            self._numbers, self._counted = {}, len(known)
            for number, building in enumerate(known):
                self._numbers.setdefault(cell_text(building.get("id")), number)
        return self._numbers

    def setting(self, path: Path_, sheet: Sheet, name_at: At, value_at: At) -> None:
        """An item with its value beside it."""
        self.names[path] = (sheet.title, name_at)
        for end in range(1, len(path)):
            self.spots.setdefault(path[:end], (sheet.title, name_at))
        self.value(path, sheet, value_at)

    def value(self, path: Path_, sheet: Sheet, at: At) -> None:
        """What stands in a cell, still as it stands there; an empty cell is nothing."""
        self.spots[path] = (sheet.title, at)
        if at in sheet.without_value:
            self.complain("workbook_formula_empty", sheet, at, path, value=sheet.without_value[at])
            return
        found = sheet.cells.get(at)
        if isinstance(found, CellError):
            self.complain("workbook_cell_error", sheet, at, path, value=str(found))
        elif found is not None and not (isinstance(found, str) and not found.strip()):
            self.raw[path] = sheet
            self.put(path, found, sheet, at)

    def put(self, path: Path_, value: Any, sheet: Sheet, at: At) -> None:
        """Set one value, with the maps that lead to it."""
        self.spots[path] = (sheet.title, at)
        here: Any = self.data
        for part in path[:-1]:
            here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
            if not isinstance(here, dict | list):
                break
        if not isinstance(here, dict) or path[-1] in here:
            self.raw.pop(path, None)
            self.complain("workbook_two_values", sheet, at, path, key=".".join(map(str, path[-2:])))
            return
        here[path[-1]] = value

    def document(self) -> BookDocument:
        """All that was said, each value as its field takes it: kinds first, they decide which fields there are."""
        for path in sorted(self.raw, key=lambda path: (path[-1] != "kind", len(path))):
            above, last = look_up(self.data, path[:-1]), path[-1]
            try:
                above[last] = converted(above[last], self.data, path)
            except CellProblem as problem:
                del above[last]
                self.complain(problem.key, self.raw[path], self.spots[path][1], path, **problem.values)
        self.data.setdefault("format", 1)
        tree = Tree(self.data)
        told = [dataclasses.replace(problem, field=tree.dotted(path)) for path, problem in self.problems]
        if len(told) > MOST_PROBLEMS:
            told = [*told[:MOST_PROBLEMS], Problem("yaml_many_problems", {"limit": MOST_PROBLEMS}, self.name)]
        return BookDocument(
            self.name, self.data, None, tuple(told), spots=self.spots, names=self.names, first_sheet=self.first_sheet
        )
