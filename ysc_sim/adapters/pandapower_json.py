"""A pandapower JSON file, read as if a stranger had written it: as numbers and texts, never as objects.

pandapower's own reader [1]_ imports the module and calls the class that a file names (``_module``, ``_class``),
so a file can run any code. Here only plain JSON is parsed. The root must say that it is a ``pandapowerNet`` and a
table that it is a ``DataFrame``; every other such mark, anywhere in the file, is refused. Of the tables those in
:mod:`.pandapower_tables` are read, column by column, each value of the kind that its column has.

.. [1] ``pandapower.io_utils.FromSerializableRegistry`` (pandapower 3).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ysc_sim.adapters.pandapower_tables import (
    BUS_COLUMNS,
    ENDS,
    MUST_BE_UNSET,
    OPTIONS,
    REQUIRED,
    SWITCHED,
    TABLES,
    WITHOUT_EFFECT,
    Kind,
)
from ysc_sim.documents import suggest
from ysc_sim.documents.files import read_text
from ysc_sim.errors import Problem, ScenarioError

MOST_BYTES = 50_000_000
MOST_ROWS = 100_000
MOST_PROBLEMS = 20
ALLOWED_MARKS = frozenset(
    {("pandapower.auxiliary", "pandapowerNet"), ("pandas.core.frame", "DataFrame"), ("pandas", "DataFrame")}
)
FORMAT_MAJOR = "3"
LIMITS = {"f_hz": (1.0, 1000.0), "sn_mva": (1e-9, 1e9)}


@dataclass(frozen=True)
class PlainNetwork:
    """What a file says: name → column → values (None where one is missing), and the index of every table."""

    tables: Mapping[str, Mapping[str, list[Any]]]
    index: Mapping[str, list[int]]
    frequency_hz: float
    options: Mapping[str, Any]

    @property
    def buses(self) -> tuple[int, ...]:
        """Indices of the buses, in the order of the table."""
        return tuple(self.index["bus"])

    @property
    def bus_names(self) -> dict[str, int]:
        """Bus of each name that only one bus has."""
        names = [str(name) for name in self.tables["bus"].get("name", []) if name is not None]
        once = {name for name in names if names.count(name) == 1} if len(names) < 2000 else set(names)
        found = zip(self.tables["bus"].get("name", []), self.buses, strict=False)
        return {str(name): bus for name, bus in found if name is not None and str(name) in once}


def read_pandapower_json(path: Path) -> PlainNetwork:
    """The network in a file. Raises ``ScenarioError`` with every problem that can be told; nothing is executed."""
    return parse_pandapower_json(read_text(path, max_bytes=MOST_BYTES), str(path))


def parse_pandapower_json(text: str, name: str = "network.json") -> PlainNetwork:
    """The network in JSON text; ``name`` stands for the file in messages. Raises ``ScenarioError``.

    >>> parse_pandapower_json('{"_module": "os", "_class": "system", "_object": "true"}', "grid.json")
    Traceback (most recent call last):
    ysc_sim.errors.ScenarioError: grid.json: ...
    """
    reader = _Reader(name)
    net = reader.network(reader.parse(text))
    if reader.problems or net is None:
        raise ScenarioError(reader.problems)
    return net


class _Reader:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def wrong(self, key: str, **values: Any) -> None:
        """Note a problem; too many end the reading."""
        self.problems.append(Problem(key, values, self.name))
        if len(self.problems) >= MOST_PROBLEMS:
            raise ScenarioError(self.problems)

    def parse(self, text: str) -> Any:
        """Plain JSON; what nests too deep for the parser is refused by it. Raises ``ScenarioError``."""
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            place = Problem("json_broken", {"reason": error.msg}, self.name, error.lineno, error.colno)
            raise ScenarioError([place]) from None
        except (ValueError, RecursionError) as error:
            raise ScenarioError([Problem("json_broken", {"reason": str(error)[:200]}, self.name)]) from None

    def network(self, data: Any) -> PlainNetwork | None:
        """The network; None where it is none at all."""
        for module, cls in sorted(set(_marks(data)) - ALLOWED_MARKS):
            self.wrong("network_names_code", module=module, cls=cls)
        body = data.get("_object") if isinstance(data, dict) else None
        if not isinstance(data, dict) or data.get("_class") != "pandapowerNet" or not isinstance(body, dict):
            self.wrong("network_not_pandapower")
            return None
        if self.problems:
            return None
        version = str(body.get("format_version", "")).partition(".")[0]
        if version != FORMAT_MAJOR:
            self.wrong("network_format", found=str(body.get("format_version")), known=f"{FORMAT_MAJOR}.x")
            return None
        return self._whole(body)

    def _whole(self, body: Mapping[str, Any]) -> PlainNetwork | None:
        tables: dict[str, dict[str, list[Any]]] = {}
        index: dict[str, list[int]] = {}
        for name, value in body.items():
            if name in TABLES:
                found = self._table(name, value)
                if found is not None:
                    index[name], tables[name] = found
            elif isinstance(value, dict) and "_object" in value and not self._may_be_left(name, value):
                self.wrong("network_table_refused", table=name, known=", ".join(TABLES))
        if not index.get("bus"):
            self.wrong("network_without_bus")
            return None
        self._references(tables, index)
        if not self.problems:
            self._sources(tables, index)
        options = self._options(body.get("user_pf_options") or {})
        frequency = body.get("f_hz", 50.0)
        if not _is_number(frequency) or not LIMITS["f_hz"][0] <= frequency <= LIMITS["f_hz"][1]:
            self.wrong("network_value", table="f_hz", row="", column="", value=_short(frequency))
            return None
        return PlainNetwork(tables, index, float(frequency), options)

    def _may_be_left(self, name: str, value: Mapping[str, Any]) -> bool:
        """Whether a table has no effect on a power flow, or no rows."""
        if name in WITHOUT_EFFECT or name.startswith(("res_", "_")):
            return True
        return not self._split(name, value, quiet=True)[1]

    def _split(self, name: str, value: Any, *, quiet: bool = False) -> tuple[list[Any], list[Any], list[Any]]:
        """Columns, index and data of a table in pandas' ``split`` form."""
        body = value.get("_object") if isinstance(value, dict) else None
        try:
            body = json.loads(body) if isinstance(body, str) else body
        except (ValueError, RecursionError):
            body = None
        parts: list[Any] = [body.get(key) for key in ("columns", "index", "data")] if isinstance(body, dict) else []
        fits = len(parts) == 3 and all(isinstance(part, list) for part in parts) and len(parts[1]) == len(parts[2])
        if fits and all(isinstance(line, list) and len(line) == len(parts[0]) for line in parts[2]):
            return parts[0], parts[1], parts[2]
        if not quiet:
            self.wrong("network_table_broken", table=name)
        return [], [] if not quiet else [None], []

    def _table(self, name: str, value: Any) -> tuple[list[int], dict[str, list[Any]]] | None:
        columns, index, data = self._split(name, value)
        if len(data) > MOST_ROWS:
            self.wrong("network_table_long", table=name, rows=len(data), limit=MOST_ROWS)
            return None
        if not all(_is_whole(row) and row >= 0 for row in index) or len(set(index)) != len(index):
            self.wrong("network_index_wrong", table=name)
            return None
        known = {column: number for number, column in enumerate(columns) if column in TABLES[name]}
        required = REQUIRED[name].split()
        for column in required if data else ():
            if column not in known:
                self.wrong("network_column_missing", table=name, column=column)
        read = {
            column: [
                self._value(name, row, column, line[number], needed=column in required)
                for row, line in zip(index, data, strict=True)
            ]
            for column, number in known.items()
        }
        return index, read

    def _value(self, table: str, row: int, column: str, value: Any, *, needed: bool) -> Any:
        """One value of the kind that its column has."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            if not needed:
                return None
        elif _fits(TABLES[table][column], value) and not (column in MUST_BE_UNSET and value):
            return value
        self.wrong("network_value", table=table, row=row, column=column, value=_short(value))
        return None

    def _loops(self, table: str, ends: list[list[Any]], index: list[int]) -> None:
        """A branch joins buses that differ."""
        for row, buses in zip(index, zip(*ends, strict=True), strict=False):
            said = [bus for bus in buses if bus is not None]
            if len(set(said)) < len(said):
                self.wrong("network_loop", table=table, row=row, value=max(said, key=said.count))

    def _references(self, tables: Mapping[str, Mapping[str, list[Any]]], index: Mapping[str, list[int]]) -> None:
        """Every bus, and every element of a switch, that is named is there."""
        places = {name: set(rows) for name, rows in index.items()}
        for name, columns in tables.items():
            for column in (column for column in BUS_COLUMNS if column in columns):
                for row, bus in zip(index[name], columns[column], strict=True):
                    if bus is not None and bus not in places["bus"]:
                        self.wrong("network_no_such", table=name, row=row, column=column, value=bus, target="bus")
            self._loops(name, [columns[column] for column in ENDS if column in columns], index[name])
        switch = tables.get("switch", {})
        if not {"et", "element"} <= set(switch):
            return
        for row, kind, element in zip(index["switch"], switch["et"], switch["element"], strict=True):
            target = SWITCHED.get(str(kind))
            if target is None:
                self.wrong("network_value", table="switch", row=row, column="et", value=_short(kind))
            elif element not in places.get(target, ()):
                self.wrong("network_no_such", table="switch", row=row, column="element", value=element, target=target)

    def _sources(self, tables: Mapping[str, Mapping[str, list[Any]]], index: Mapping[str, list[int]]) -> None:
        """Something holds the voltage."""
        grid, gen = tables.get("ext_grid", {}), tables.get("gen", {})
        held = any(grid.get("in_service", ()))
        held |= any(a and b for a, b in zip(gen.get("in_service", ()), gen.get("slack", ()), strict=False))
        if not held:
            self.wrong("network_without_source")

    def _options(self, options: Any) -> dict[str, Any]:
        if not isinstance(options, dict):
            self.wrong("network_value", table="user_pf_options", row="", column="", value=_short(options))
            return {}
        for name, value in options.items():
            if name in OPTIONS and not _fits(OPTIONS[name], value):
                self.wrong("network_value", table="user_pf_options", row="", column=name, value=_short(value))
        return {name: value for name, value in options.items() if name in OPTIONS}


def _marks(data: Any) -> Iterator[tuple[str, str]]:
    """Every module and class that stands as a mark anywhere, also inside a text that is JSON itself."""
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "_module" in node or "_class" in node:
                yield str(node.get("_module", ""))[:80], str(node.get("_class", ""))[:80]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, str) and ("_module" in node or "_class" in node or "\\u005f" in node.lower()):
            try:
                stack.append(json.loads(node))
            except (ValueError, RecursionError):
                yield "?", _short(node)


def _fits(kind: Kind, value: Any) -> bool:
    if kind == "text":
        return (isinstance(value, str) and len(value) <= 1000) or _is_number(value)  # numbers as names are common
    if kind == "true":
        return isinstance(value, bool)
    return _is_whole(value) if kind == "whole" else _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _short(value: Any) -> str:
    return repr(value)[:60] if isinstance(value, str | int | float) or value is None else f"a {type(value).__name__}"


def nearest_bus(net: PlainNetwork, said: str) -> str | None:
    """The bus name that was probably meant."""
    return suggest(said, sorted(net.bus_names))
