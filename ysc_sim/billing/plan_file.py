"""Reading plan files: YAML into a :class:`Tariff`, every error with its line and column.

A plan may begin with ``extends: NAME_OR_FILE`` and say only what differs, e.g. how one's own supplier rounds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ysc_sim.billing.adjustment import Adjustment, Market, MarketUnit
from ysc_sim.billing.clock import Rule
from ysc_sim.billing.levy import LevyPeriod
from ysc_sim.billing.tariff import Base, EnergyPrice, ExportPrice, Rounding, Tariff, Tax
from ysc_sim.documents import Document, inside, read_yaml, suggest
from ysc_sim.errors import Problem, ScenarioError, TariffError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PLANS = Path(__file__).with_name("plans")
MAX_BYTES = 1_000_000
SUFFIXES = (".yaml", ".yml")
DEEPEST_EXTENDS = 8
FIELDS: tuple[tuple[tuple[str, ...], type], ...] = (
    ((), Tariff),
    (("base",), Base),
    (("energy", "*"), EnergyPrice),
    (("clock", "*"), Rule),
    (("adjustment",), Adjustment),
    (("adjustment", "clock", "*"), Rule),
    (("adjustment", "market"), Market),
    (("adjustment", "market", "units", "*"), MarketUnit),
    (("levy", "*"), LevyPeriod),
    (("tax",), Tax),
    (("rounding",), Rounding),
    (("export", "*"), ExportPrice),
)
"""Which fields may stand where; ``*`` is any name or number."""


@cache
def plan_names() -> tuple[str, ...]:
    """Names of the shipped plans.

    >>> "tepco_hv_basic_2026" in plan_names()
    True
    """
    return tuple(sorted(path.stem for path in PLANS.glob("*.yaml")))


def load_tariff(name_or_path: str | Path) -> Tariff:
    """A shipped plan by its name, or a plan file of one's own by its path (ending in ``.yaml`` or ``.yml``).

    Raises ``TariffError`` where no such plan is shipped, ``ScenarioError`` with every problem of a file.

    >>> load_tariff("kepco_hv_as").energy["summer"].price_jpy_per_kwh
    13.94
    """
    if isinstance(name_or_path, Path) or str(name_or_path).endswith(SUFFIXES):
        return _read(Path(name_or_path))
    return _shipped(str(name_or_path))


@cache
def _shipped(name: str) -> Tariff:
    return _read(_path_of_shipped(name))


def _path_of_shipped(name: str) -> Path:
    if name not in plan_names():
        raise TariffError(
            "plan_unknown", plan=name, suggestion=suggest(name, plan_names()), known=", ".join(plan_names())
        )
    return PLANS / f"{name}.yaml"


def _read(path: Path) -> Tariff:
    from pydantic import ValidationError

    document = read_yaml(path, max_bytes=MAX_BYTES)
    data = _resolve(document, path, DEEPEST_EXTENDS)
    data.setdefault("name", path.stem)
    try:
        # JSON is where strict validation knows lists for tuples and texts for dates, and nothing else.
        tariff = _adapter().validate_json(json.dumps(data))
    except ValidationError as error:
        raise ScenarioError(_problems(error.errors(), data, document)) from None
    assert tariff is not None, "a mapping was read"
    return tariff


def _resolve(document: Document, path: Path, depth: int) -> dict[str, Any]:
    """The plan's data over those of the plan that it extends. Raises ``ScenarioError``."""
    if not isinstance(document.data, dict):
        raise ScenarioError([Problem("not_a_map", {"value": document.data}, document.name, 1, 1)])
    data = dict(document.data)
    base = data.pop("extends", None)
    if base is None:
        return data
    line, column = document.place(("extends",))
    if not isinstance(base, str) or depth == 0:
        raise ScenarioError(
            [Problem("plan_extends_wrong", {"value": str(base)}, document.name, line, column, "extends")]
        )
    other = inside(path.parent, base) if base.endswith(SUFFIXES) else _path_of_shipped(base)
    data.setdefault("name", path.stem)
    return _merged(_resolve(read_yaml(other, max_bytes=MAX_BYTES), other, depth - 1), data)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value
        for key, value in above.items()
    }
    return {**below, **both}


@cache
def _adapter() -> TypeAdapter[Tariff | None]:
    from pydantic import ConfigDict, TypeAdapter

    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    # pydantic takes no configuration for a bare dataclass, but hands that of an outer type down to it.
    return TypeAdapter(Tariff | None, config=config)


def _problems(details: Sequence[Any], data: dict[str, Any], document: Document) -> list[Problem]:
    """Findings without those about a whole whose parts are complained of: other branches of a union."""
    paths = [_path(detail["loc"], data, keep_last=_is_missing(detail)) for detail in details]
    return [
        _problem(detail, data, document)
        for detail, path in zip(details, paths, strict=True)
        if not any(len(other) > len(path) > 0 and other[: len(path)] == path for other in paths)
    ]


def _problem(detail: Any, data: dict[str, Any], document: Document) -> Problem:
    """One finding of the validator, worded at the edge, placed in the file."""
    missing, unknown = _is_missing(detail), detail["type"] == "unexpected_keyword_argument"
    where = _path(detail["loc"], data, keep_last=missing)
    line, column = document.place(where, key=unknown)
    place = (document.name, line, column, ".".join(str(part) for part in where))
    if missing:
        return Problem("field_missing", {"key": where[-1]}, *place)
    if unknown:
        known = _fields_at(where[:-1])
        near = suggest(str(where[-1]), known)
        return Problem("unknown_key", {"key": where[-1], "suggestion": near, "known": ", ".join(known)}, *place)
    reason = detail["msg"].removeprefix("Value error, ").removesuffix(".")
    shown = detail["input"] if isinstance(detail["input"], str | int | float) else document.name
    return Problem("value_wrong", {"value": shown, "reason": reason}, *place)


def _is_missing(detail: Any) -> bool:
    return str(detail["type"]).startswith("missing")


def _path(loc: tuple[str | int, ...], data: Any, *, keep_last: bool) -> tuple[str | int, ...]:
    """The validator's path without the names of union branches, which stand nowhere in the file."""
    path: list[str | int] = []
    for number, part in enumerate(loc):
        inside = isinstance(data, dict) and part in data
        inside |= isinstance(data, list) and isinstance(part, int) and part < len(data)
        if inside:
            data = data[part]
        if inside or (keep_last and number == len(loc) - 1):
            path.append(part)
    return tuple(path)


def _fields_at(where: tuple[str | int, ...]) -> list[str]:
    """Keys that may stand at a place of a plan file."""
    for beginning, cls in FIELDS:
        if len(where) == len(beginning) and all(b in ("*", w) for b, w in zip(beginning, where, strict=True)):
            return [field.name for field in fields(cls)]
    return []
