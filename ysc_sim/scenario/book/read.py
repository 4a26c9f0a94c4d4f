"""Workbook → document. Everything that is wrong with its sheets and cells is noted; the schema adds the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ysc_sim.documents import Document, suggest
from ysc_sim.documents.reader import MAX_BYTES
from ysc_sim.documents.workbook import ENDING, Sheet, read_sheets
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.scenario.book.draft import Draft
from ysc_sim.scenario.book.layout import (
    SETTINGS,
    TABLES,
    Table,
    columns_known,
    field_of,
    is_known,
    plain,
    settings_known,
    sheet_of,
    sheet_title,
)
from ysc_sim.scenario.book.sheets import Grid, heading_row
from ysc_sim.scenario.tree import Path_
from ysc_sim.words import LANGUAGES, label, text, words_of

SCENARIO_HEADINGS = ("item", "value")


def read_book(path: Path) -> Document:
    """A scenario workbook; what is wrong with it and can be stepped over stands in its ``problems``.

    Raises ``ScenarioError`` where it cannot be read at all, ``ResultError`` where openpyxl is not installed.
    """
    name = str(path)
    if path.suffix.lower() != ENDING:
        raise ScenarioError([Problem("workbook_ending", {"value": path.suffix, "known": ENDING}, name)])
    sheets = read_sheets(path, max_bytes=MAX_BYTES)
    draft = Draft(name, sheets[0].title if sheets else "")
    known = _by_meaning(draft, sheets)
    for key in SETTINGS:
        if key in known:
            _settings(draft, known[key])
    for key, table in TABLES.items():
        if key in known and (key != "devices" or draft.buildings() or "extends" in draft.data):
            _table(draft, key, table, known[key])  # without any building, no device would be right
    if "extends" not in draft.data:
        _require(draft, sheets, known)
    return draft.document()


def _by_meaning(draft: Draft, sheets: list[Sheet]) -> dict[str, Sheet]:
    """Sheet by what it is for; others are told of, hidden ones as well."""
    known: dict[str, Sheet] = {}
    for sheet in sheets:
        key = sheet_of(sheet.title)
        if not (sheet.cells or sheet.without_value) or key in ("explanations", "choices"):
            continue
        if key is None:
            near = suggest(
                sheet.title, [sheet_title(name, lang) for lang in LANGUAGES for name in (*SETTINGS, *TABLES)]
            )
            values: dict[str, Any] = {"value": sheet.title, "suggestion": near}
            draft.complain("workbook_sheet_unknown", sheet, (1, 1), severity="error" if near else "warning", **values)
        elif key in known:
            draft.complain("workbook_sheet_twice", sheet, (1, 1), value=sheet.title, first=known[key].title)
        else:
            known[key] = sheet
            if sheet.is_hidden:
                draft.complain("workbook_hidden_sheet", sheet, (1, 1), value=sheet.title)
    return known


def _require(draft: Draft, sheets: list[Sheet], known: dict[str, Sheet]) -> None:
    """The two sheets without which there is no scenario."""
    titles = [sheet.title for sheet in sheets]
    for key in ("scenario", "buildings"):
        if key not in known:
            names = [sheet_title(key, lang) for lang in LANGUAGES]
            near = next(filter(None, (suggest(name, titles) for name in names)), None)
            values: dict[str, Any] = {"key": sheet_title(key), "suggestion": near, "known": ", ".join(titles[:20])}
            draft.complain(
                "workbook_sheet_missing", None, (1, 1), ("buildings",) if key == "buildings" else (), **values
            )


def _settings(draft: Draft, sheet: Sheet) -> None:
    """Items and their values."""
    wanted = {plain(str(words_of(lang)["book"][name])): name for lang in LANGUAGES for name in SCENARIO_HEADINGS}
    row, columns = heading_row(sheet, lambda said: wanted.get(plain(said)))
    if set(columns.values()) < set(SCENARIO_HEADINGS):
        said = ", ".join(text(f"book.{name}") for name in SCENARIO_HEADINGS)
        draft.complain("workbook_headings_missing", sheet, (1, 1), known=said)
        return
    at = {name: column for column, name in columns.items()}
    grid = Grid(sheet, row, tuple(at.values()))
    draft.check_shape(grid)
    seen: dict[str, int] = {}
    for line in grid.lines:
        item = grid.text(line, at["item"])
        here, there = (line, at["item"]), (line, at["value"])
        if not item:
            draft.complain("workbook_value_only", sheet, here)
            continue
        name = field_of(item)
        if name is None or ".".join(name.split(".")[:2]) not in settings_known():
            near = suggest(item, [*_said_items(), *settings_known()])
            known = ", ".join(sorted({name.partition(".")[0] for name in settings_known()}))
            draft.complain("unknown_key", sheet, here, key=item, suggestion=near, known=known)
        elif name in seen:
            draft.complain("yaml_duplicate_key", sheet, here, key=item, first_line=seen[name])
        else:
            seen[name] = line
            draft.setting(tuple(name.split(".")), sheet, here, there)


def _said_items() -> list[str]:
    return [label("fields", name) for names in SETTINGS.values() for name in names]


def _table(draft: Draft, key: str, table: Table, sheet: Sheet) -> None:
    """Lines of one thing each."""
    row, columns = heading_row(sheet, lambda said: _column(key, said))
    if not columns:
        said = ", ".join(label("fields", name) for name in table.needs or table.columns[:3])
        draft.complain("workbook_headings_missing", sheet, (1, 1), (key,), known=said)
        return
    _other_headings(draft, key, sheet, row, columns)
    at = {name: column for column, name in sorted(columns.items(), reverse=True)}
    missing = [name for name in table.needs if name not in at]
    for name in missing:
        draft.complain("invoice_heading_missing", sheet, (row, 1), (key,), key=label("fields", name))
    at.pop("note", None)
    grid = Grid(sheet, row, tuple(at.values()))
    draft.check_shape(grid)
    if missing:
        return
    for line in grid.lines:
        item = _item_path(draft, key, grid, line, at)
        if item is not None:
            for name, column in at.items():
                if (key, name) != ("devices", "building"):
                    draft.value((*item, *name.split(".")), sheet, (line, column))


def _column(key: str, said: str) -> str | None:
    name = field_of(said)
    return name if name is not None and is_known(key, name) else None


def _other_headings(draft: Draft, key: str, sheet: Sheet, row: int, columns: dict[int, str]) -> None:
    """Headings that are not known, or stand twice."""
    first: dict[str, int] = {}
    for (line, column), value in sorted(sheet.cells.items()):
        if line != row:
            continue
        name = columns.get(column)
        said = str(value).strip()
        if name is None and said:
            candidates = [*columns_known(key), *(label("fields", known) for known in TABLES[key].columns)]
            values: dict[str, Any] = {
                "value": said,
                "suggestion": suggest(said, candidates),
                "note": label("fields", "note"),
            }
            draft.complain("workbook_heading_unknown", sheet, (row, column), **values)
        elif name is not None and first.setdefault(name, column) != column:
            draft.complain("invoice_heading_twice", sheet, (row, column), value=said)


def _item_path(draft: Draft, key: str, grid: Grid, line: int, at: dict[str, int]) -> Path_ | None:
    """Where the thing of a line goes; None, with the problem noted, where its building is unknown."""
    sheet, first = grid.sheet, (line, min(at.values()))
    if key != "devices":
        return draft.new_item((key,), sheet, first)
    named: Any = grid.text(line, at["building"])
    here = (line, at["building"])
    if not named:
        draft.complain("field_missing", sheet, here, (key,), key=label("fields", "building"))
        return None
    number = draft.building(named)
    if number is None and "extends" in draft.data:
        path = draft.new_item(("buildings",), sheet, here)
        draft.put((*path, "id"), named, sheet, here)
        number = draft.building(named)
    if number is None:
        known = list(draft.buildings())
        values = {"value": named, "suggestion": suggest(named, known), "known": ", ".join(known[:20])}
        draft.complain("building_unknown", sheet, here, (key,), **values)
        return None
    return draft.new_item(("buildings", number, "devices"), sheet, first)
