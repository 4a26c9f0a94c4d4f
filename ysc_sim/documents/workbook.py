"""An Excel workbook (``.xlsx``) as values in named cells, read as if it came from a stranger.

A workbook is a zip of XML. Its size unpacked is bounded before anything is opened; a document type (which can make a
parser expand a few bytes into gigabytes), macros and passwords are refused. Formulas are never computed: the value that
was saved with them counts. What a reader of the sheet does not see (hidden rows, columns and sheets, cells below a
merged one) is told, so that nobody simulates what he did not see.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ysc_sim.documents.files import read_bytes
from ysc_sim.errors import Problem, ResultError, ScenarioError

ENDING = ".xlsx"
OTHER_ENDINGS = (".xls", ".xlsm", ".xlsb", ".xltx", ".xltm", ".ods", ".numbers")
"""Of other workbooks, which are not read: old, with macros, templates, of other programs."""
MOST_UNPACKED = 60_000_000
MOST_PARTS = 2_000
MOST_CELLS = 400_000
MOST_ROWS, MOST_COLUMNS = 100_000, 400
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How an encrypted workbook begins, and one of Excel 97."""
BROKEN = (zipfile.BadZipFile, zlib.error, expat.error, OSError, RuntimeError, NotImplementedError, EOFError, ValueError,
          LookupError)  # fmt: skip
"""What reading a damaged zip and its XML raises; LookupError: an encoding that nobody knows."""
NO_SHEETS = ("sharedStrings.xml", "styles.xml", ".rels", "theme1.xml")
PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")

At = tuple[int, int]
"""Row and column, from 1."""


class CellError(str):
    """What a formula gave that failed: ``#DIV/0!``."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """What stands in one sheet: number, text, truth, date or time, by row and column."""

    title: str
    cells: Mapping[At, Any]
    without_value: Mapping[At, str]
    """Formulas with which no value was saved."""
    merged: tuple[tuple[At, At], ...] = ()
    """First and last cell of each merged range."""
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    is_hidden: bool = False


def column_name(index: int) -> str:
    """Letters of a column, counted from 0.

    >>> column_name(0), column_name(25), column_name(26), column_name(701), column_name(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(sheet: str, at: At) -> str:
    """The place of a cell, as a spreadsheet names it.

    >>> cell_name("buildings", (5, 3))
    'buildings!C5'
    """
    return f"{sheet}!{column_name(at[1] - 1)}{at[0]}"


def is_workbook(path: Path) -> bool:
    """Whether the name is that of a workbook, one that can be read or not.

    >>> is_workbook(Path("Block.XLSX")), is_workbook(Path("block.yaml"))
    (True, False)
    """
    return path.suffix.lower() in (ENDING, *OTHER_ENDINGS)


def read_sheets(path: Path, *, max_bytes: int) -> list[Sheet]:
    """All sheets of a workbook.

    Raises ``ScenarioError`` where it is none or is refused, ``ResultError`` where openpyxl is not installed.
    """
    name = str(path)
    data = read_bytes(path, max_bytes=max_bytes)
    if data.startswith(OLE):
        raise ScenarioError([Problem("workbook_locked", {}, name)])
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise ResultError("excel_not_installed") from None
    shapes = _shapes(data, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of decoration that it drops
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            return [_sheet(sheet, shapes) for sheet in book.worksheets]
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ScenarioError([Problem("workbook_broken", {"reason": reason}, name)]) from None


def _sheet(sheet: Any, shapes: Mapping[str, _Shape]) -> Sheet:
    shape = shapes[str(sheet._worksheet_path).lstrip("/")]
    sheet.reset_dimensions()  # what the file says of its own extent may be wrong
    cells: dict[At, Any] = {}
    if shape.last_row:
        for row in sheet.iter_rows(max_row=shape.last_row):
            for cell in row:
                if cell.value is not None:
                    cells[cell.row, cell.column] = _value(cell)
    for at in shape.without_value:
        cells.pop(at, None)
    return Sheet(
        title=str(sheet.title),
        cells=cells,
        without_value=shape.without_value,
        merged=tuple(shape.merged),
        hidden_rows=frozenset(shape.hidden_rows),
        hidden_columns=frozenset(shape.hidden_columns),
        is_hidden=sheet.sheet_state != "visible",
    )


def _value(cell: Any) -> Any:
    """A value; a day where the cell shows no time of day."""
    value = cell.value
    if cell.data_type == "e":
        return CellError(value)
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        shows_time = "h" in re.sub(r'"[^"]*"|\[[^\]]*\]', "", str(cell.number_format).lower())
        return value if shows_time else value.date()
    return value


@dataclass
class _Shape:
    """What openpyxl does not tell of a sheet while it reads on: extent, what is hidden or merged, formulas in vain."""

    last_row: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[At, At]] = field(default_factory=list)
    without_value: dict[At, str] = field(default_factory=dict)


def _shapes(data: bytes, name: str) -> dict[str, _Shape]:
    """The shape of every sheet by its name in the zip; bombs and macros are refused. Raises ``ScenarioError``."""
    shapes: dict[str, _Shape] = {}
    cells = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED or len(parts) > MOST_PARTS:
                raise ScenarioError([Problem("file_too_large", {"path": name, "limit_mb": MOST_UNPACKED / 1e6}, name)])
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise ScenarioError([Problem("workbook_macro", {}, name)])
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    scan = _Scan(name, MOST_CELLS - cells, counts=not part.filename.endswith(NO_SHEETS))
                    shapes[part.filename] = scan.read(archive.read(part))
                    cells += scan.cells
    except ScenarioError:
        raise
    except BROKEN as error:
        raise ScenarioError([Problem("workbook_broken", {"reason": str(error)}, name)]) from None
    return shapes


class _Scan:
    """One pass over the XML of a part."""

    def __init__(self, name: str, most_cells: int, *, counts: bool) -> None:
        self.name, self.most_cells, self.counts = name, most_cells, counts
        self.cells = 0
        self.shape = _Shape()
        self.at: At = (0, 0)
        self.type = ""
        self.inside = ""
        self.formula: str | None = None
        self.has_value = False

    def read(self, xml: bytes) -> _Shape:
        """The shape of a sheet; of any other part an empty one. Raises ``ScenarioError``, ``expat.error``."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self.refuse
        if self.counts:
            parser.StartElementHandler = self.begin
            parser.EndElementHandler = self.end
            parser.CharacterDataHandler = self.characters
        parser.Parse(xml, True)
        return self.shape

    def refuse(self, *args: Any) -> None:
        """A document type: entities could grow without end."""
        raise ScenarioError([Problem("workbook_broken", {"reason": "DOCTYPE"}, self.name)])

    def begin(self, tag: str, said: Mapping[str, str]) -> None:
        """An element begins."""
        tag = tag.rpartition(" ")[2]
        if tag == "c":
            self.cell(said)
        elif tag in ("f", "v", "is"):
            self.inside = tag
            self.formula = "=" if tag == "f" else self.formula
            self.has_value = self.has_value or tag == "is"
        elif tag == "row":
            self.at = (int(said.get("r", self.at[0] + 1)), 0)
            if said.get("hidden") in ("1", "true"):
                self.shape.hidden_rows.add(self.at[0])
        elif tag == "col" and said.get("hidden") in ("1", "true"):
            last = min(int(said["max"]), MOST_COLUMNS + 1)
            self.shape.hidden_columns.update(range(int(said["min"]), last + 1))
        elif tag == "mergeCell" and (found := _range(said.get("ref", ""))):
            self.shape.merged.append(found)

    def cell(self, said: Mapping[str, str]) -> None:
        """A cell begins."""
        place = _at(said["r"]) if "r" in said else None
        self.at = place or (self.at[0], self.at[1] + 1)
        self.type, self.formula, self.has_value = said.get("t", "n"), None, False
        self.cells += 1
        if self.cells > self.most_cells:
            raise ScenarioError([Problem("workbook_too_large", {"cells": MOST_CELLS}, self.name)])

    def characters(self, text: str) -> None:
        """Text inside an element."""
        if self.inside == "f":
            self.formula = (self.formula or "=") + text
        elif self.inside == "v" and text.strip():
            self.has_value = True

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = tag.rpartition(" ")[2]
        if tag == self.inside:
            self.inside = ""
        if tag != "c" or (self.formula is None and not self.has_value):
            return
        row, column = self.at
        if row > MOST_ROWS or column > MOST_COLUMNS:
            values = {"rows": MOST_ROWS, "columns": MOST_COLUMNS, "cell": f"{column_name(column - 1)}{row}"}
            raise ScenarioError([Problem("workbook_too_wide", values, self.name)])
        self.shape.last_row = max(self.shape.last_row, row)
        if self.formula is not None and not self.has_value and self.type != "str":
            self.shape.without_value[self.at] = self.formula


def _at(place: str) -> At | None:
    """Row and column of ``C5``."""
    found = PLACE.fullmatch(place)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    return int(found[2]), column


def _range(ref: str) -> tuple[At, At] | None:
    """First and last cell of ``A1:C5``."""
    first, _, last = ref.partition(":")
    begin, end = _at(first), _at(last or first)
    return (begin, end) if begin and end else None
