"""A scenario's workbook to be filled in: sheets with drop-downs, units and explanations, in English or Japanese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ysc_sim.documents.workbook import column_name
from ysc_sim.errors import ResultError
from ysc_sim.scenario.book.flat import Flat, flat
from ysc_sim.scenario.book.layout import choice_label, group_in, kinds_of, sheet_title
from ysc_sim.scenario.book.values import choices_at, hint_at
from ysc_sim.scenario.kinds import flat_class
from ysc_sim.scenario.messages import hints_of, unit_of
from ysc_sim.scenario.tree import Path_
from ysc_sim.words import label, text

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
LINES = 500
"""Lines below the headings that have drop-downs."""
LONGEST_MESSAGE = 250
SCRATCH: Mapping[str, Any] = {"buildings": [{"devices": [{}]}], "outages": [{}], "cells": [{}]}
"""Data from which the fields of an empty line are looked up."""
OPEN_CHOICES = ("profile", "plan")
"""Files of one's own may stand there, too."""


def write_book(path: Path, data: Mapping[str, Any], lang: str, *, called: str = "") -> None:
    """Write plain data of a scenario as a workbook, ``called`` so in its explanations.

    Raises ``ResultError`` where xlsxwriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise ResultError("excel_not_installed") from None
    with xlsxwriter.Workbook(str(path), dict(OPTIONS)) as book:
        _Writing(book, flat(data, lang), data, lang).fill(called or path.name)


class _Writing:
    def __init__(self, book: Any, found: Flat, data: Mapping[str, Any], lang: str) -> None:
        self.book, self.found, self.data, self.lang = book, found, data, lang
        self.bold = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#E3F0EE"}
        )
        self.grey = book.add_format({"font_color": "#666666", "text_wrap": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.input = book.add_format({"bg_color": "#FFFBE6", "border": 4, "border_color": "#BBBBBB", "align": "left"})
        self.moment = book.add_format(
            {
                "num_format": "yyyy-mm-dd hh:mm",
                "align": "left",
                "bg_color": "#FFFBE6",
                "border": 4,
                "border_color": "#BBBBBB",
            }
        )
        self.exact = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
        self.choices: dict[str, tuple[str, ...]] = {}

    def fill(self, file: str) -> None:
        """All sheets."""
        sheets = {key: self.sheet(key) for key in (*self.found.settings, *self.found.tables, "explanations", "choices")}
        for key, items in self.found.settings.items():
            self.settings(sheets[key], items)
        for key in self.found.tables:
            self.table(sheets[key], key)
        self.explain(sheets["explanations"], file)
        self.offer(sheets["choices"])
        sheets["scenario"].activate()

    def sheet(self, key: str) -> Any:
        """An empty sheet, called in the language of the workbook."""
        return self.book.add_worksheet(sheet_title(key, self.lang))

    def settings(self, sheet: Any, items: Mapping[str, Any]) -> None:
        """Items, values, units, explanations."""
        heads = [text(f"book.{name}", self.lang) for name in ("item", "value", "unit", "meaning")]
        sheet.write_row(0, 0, heads, self.bold)
        for column, width in enumerate((30, 28, 10, 70)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for row, (name, value) in enumerate(items.items(), 1):
            path = tuple(name.split("."))
            sheet.write_string(row, 0, label("fields", name, self.lang))
            self.put(sheet, row, 1, value, self.input)
            sheet.write_string(row, 2, self.unit(unit_of(hint_at(self.data, path))))
            sheet.write_string(row, 3, label("hints", name, self.lang) if _has_hint(name) else "", self.grey)
            self.validate(sheet, (row, 1, row, 1), name, *choices_at(self.data, path))

    def table(self, sheet: Any, key: str) -> None:
        """Headings with units, lines, and drop-downs below them."""
        columns = self.found.columns(key)
        for column, name in enumerate(columns):
            heading = self.heading(key, name)
            sheet.write_string(0, column, heading, self.bold)
            sheet.set_column(column, column, 18 if name in ("id", "building", "kind", "profile", "start") else 14)
            self.validate(sheet, (1, column, LINES, column), name, *self.offered(key, name))
        sheet.freeze_panes(1, 1)
        for row, line in enumerate(self.found.tables[key], 1):
            for name, value in line.items():
                self.put(sheet, row, columns.index(name), value, None)

    def heading(self, table: str, name: str) -> str:
        """A label with its unit."""
        unit = self.unit(unit_of_column(table, name))
        return label("fields", name, self.lang) + (f" ({unit})" if unit else "")

    def unit(self, unit: str) -> str:
        """A unit in words."""
        return label("units", unit, self.lang) if unit else ""

    def put(self, sheet: Any, row: int, column: int, value: Any, form: Any) -> None:
        """One value: a date as one, a number as such, everything else as text, whatever it begins with."""
        if value is None:
            if form is not None:
                sheet.write_blank(row, column, None, form)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, column, value, self.exact if value.second else self.moment)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, form)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value, form)
        else:
            sheet.write_string(row, column, value, form)

    def offered(self, table: str, name: str) -> tuple[str, tuple[str, ...]]:
        """Group and names of what a column offers."""
        if name == "building" or name == "note":
            return "", ()
        path: Path_ = (table, 0, *name.split("."))
        return choices_at(SCRATCH, ("buildings", 0, "devices", 0, name) if table == "devices" else path)

    def validate(
        self, sheet: Any, span: tuple[int, int, int, int], name: str, group: str, names: Sequence[str]
    ) -> None:
        """A drop-down with the choices, or the names of the buildings, and the explanation beside the cell."""
        rule: dict[str, Any] = {"validate": "any"}
        if name == "building":
            title = sheet_title("buildings", self.lang)
            rule = {"validate": "list", "source": f"='{title}'!$A$2:$A${LINES + 1}"}
        elif names:
            self.choices[group] = tuple(
                choice_label(group, word, self.lang) if self.lang != "en" else word for word in names
            )
            column = column_name(list(self.choices).index(group))
            source = f"='{sheet_title('choices', self.lang)}'!${column}$2:${column}${len(names) + 1}"
            rule = {"validate": "list", "source": source, "show_error": name.rpartition(".")[2] not in OPEN_CHOICES}
        if _has_hint(name):
            rule["input_title"] = label("fields", name, self.lang)[:32]
            rule["input_message"] = label("hints", name, self.lang)[:LONGEST_MESSAGE]
        if len(rule) > 1:
            sheet.data_validation(*span, rule)

    def explain(self, sheet: Any, file: str) -> None:
        """How the workbook is used, then what each item and column means."""
        for column, width in enumerate((14, 30, 34, 10, 80)):
            sheet.set_column(column, column, width)
        row = 0
        for line in text("book.how", self.lang).format(file=file).splitlines():
            sheet.merge_range(row, 0, row, 4, line, self.wrapped)
            sheet.set_row(row, 32)
            row += 1
        row += 1
        heads = [text(f"book.{name}", self.lang) for name in ("sheet", "heading", "key", "unit", "meaning")]
        sheet.write_row(row, 0, heads, self.bold)
        entries = [
            (key, name, unit_of(hint_at(self.data, tuple(name.split(".")))))
            for key, items in self.found.settings.items()
            for name in items
        ]
        entries += [
            (key, name, unit_of_column(key, name)) for key in self.found.tables for name in self.found.columns(key)
        ]
        for key, name, unit in entries:
            row += 1
            meaning = label("hints", name, self.lang) if _has_hint(name) else ""
            said = (sheet_title(key, self.lang), label("fields", name, self.lang), name, self.unit(unit), meaning)
            for column, word in enumerate(said):
                sheet.write_string(row, column, word, self.wrapped)

    def offer(self, sheet: Any) -> None:
        """The choices from which the drop-downs are filled; plans with what they are beside them."""
        for column, (group, names) in enumerate(self.choices.items()):
            sheet.write_string(0, column, group, self.bold)
            sheet.set_column(column, column, 28)
            for row, name in enumerate(names, 1):
                sheet.write_string(row, column, name)


def _has_hint(name: str) -> bool:
    return label("hints", name) != name


@cache
def unit_of_column(table: str, name: str) -> str:
    """Unit of a column; none where kinds differ in it."""
    if name == "note" or (table == "devices" and name == "building"):
        return ""
    if table in ("devices", "outages") and "." not in name:
        found = {
            unit_of(hints_of(flat_class(table, kind)).get(name))
            for kind in kinds_of(table)
            if name in hints_of(flat_class(table, kind))
        }
        return found.pop() if len(found) == 1 else ""
    first, _, rest = name.partition(".")
    group = group_in(hint_at(SCRATCH, (table, 0, first))) if rest else None
    if group is not None:
        kinds = [hints_of(flat_class(group, kind)) for kind in kinds_of(group)]
        found = {unit_of(hints[rest]) for hints in kinds if rest in hints}
        return found.pop() if len(found) == 1 else ""
    return unit_of(hint_at(SCRATCH, (table, 0, *name.split("."))))
