"""From what stands in a cell to what the same field of a YAML file would hold.

What a spreadsheet cannot say otherwise is taken as it is meant: whole numbers as ids, dates and times of day as cells
have them, lists with commas, maps in YAML's short form. What could be a slip is told: a number that is text, a date
where a number belongs, the serial number of a date.
"""

from __future__ import annotations

import re
import types
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ysc_sim.documents import parse_yaml
from ysc_sim.documents.scalars import ScalarError, plain_value
from ysc_sim.errors import ScenarioError
from ysc_sim.scenario.book.layout import chosen, group_in, kinds_of
from ysc_sim.scenario.kinds import flat_class
from ysc_sim.scenario.messages import hints_of, walk
from ysc_sim.scenario.overrides import BESIDE_ID
from ysc_sim.scenario.tree import Path_

MOMENTS = ("start", "end", "first")
"""Fields that hold a day, or a day and a time."""
SLASHES = re.compile(r"(\d{4})[/年](\d{1,2})[/月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
SEPARATORS = re.compile(r"\s*[,、;，；\n]\s*")
EPOCH = datetime(1899, 12, 30)
SERIALS = range(20_000, 80_000)
"""Days of 1954 to 2119 as Excel counts them."""


class CellProblem(Exception):
    """A value that cannot be taken as it stands; carries the key of a problem and its values."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def hint_at(data: Any, path: Path_) -> Any:
    """The annotation of the field at ``path``; of a load beside the id of its building, too."""
    if len(path) == 3 and path[0] == "buildings" and path[2] in BESIDE_ID:
        return hints_of(flat_class("devices", "load"))[str(path[2])]
    return walk(data, path)[1]


def wanted(hint: Any) -> frozenset[str]:
    """What an annotation takes, of text, number, truth, list and map.

    >>> sorted(wanted(float | None)), sorted(wanted(tuple[float, ...])), sorted(wanted(Literal["a"]))
    (['number'], ['list'], ['text'])
    """
    origin = get_origin(hint)
    if group_in(hint) is not None and origin is Annotated:
        return frozenset({"map"})
    if origin is Annotated:
        return wanted(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        return frozenset().union(*(wanted(part) for part in get_args(hint)))
    if origin is Literal:
        return frozenset({"text" if isinstance(value, str) else "number" for value in get_args(hint)})
    known = {str: "text", bool: "truth", int: "number", float: "number", tuple: "list", list: "list"}
    word = known.get(origin or hint)
    return frozenset({word} if word else () if hint in (None, type(None)) else {"map"})


def converted(value: Any, data: Any, path: Path_) -> Any:
    """The value of the field at ``path``. Raises ``CellProblem``."""
    hint = hint_at(data, path)
    takes = frozenset({"text"}) if path[-1] == "kind" else wanted(hint)
    if isinstance(value, str):
        return _of_text(value.strip(), data, path, hint, takes)
    if isinstance(value, datetime | date | time | timedelta):
        return _of_moment(value, takes)
    if isinstance(value, bool):
        return value
    return _of_number(value, path, takes)


def _of_number(value: int | float, path: Path_, takes: frozenset[str]) -> Any:
    if "number" in takes or takes == {"map"} or not takes:
        return value
    if "list" in takes:
        return [value]
    if path[-1] in MOMENTS and int(value) in SERIALS:
        raise CellProblem("workbook_serial", value=value, date=str((EPOCH + timedelta(days=int(value))).date()))
    if "text" in takes:
        return str(int(value)) if float(value).is_integer() else repr(value)
    return value


def _of_moment(value: datetime | date | time | timedelta, takes: frozenset[str]) -> str:
    said = moment(value)
    if "text" not in takes and takes:
        raise CellProblem("workbook_date_as_number", value=said)
    return said


def moment(value: datetime | date | time | timedelta) -> str:
    """A date, a date and time or a time of day as a scenario writes it.

    >>> moment(datetime(2026, 8, 3)), moment(date(2026, 8, 3)), moment(time(8, 30)), moment(timedelta(hours=24))
    ('2026-08-03T00:00', '2026-08-03', '08:30', '24:00')
    """
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, datetime):
        nearest = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return nearest.isoformat("T", "seconds" if nearest.second else "minutes")
    return value.isoformat()


def _of_text(text: str, data: Any, path: Path_, hint: Any, takes: frozenset[str]) -> Any:
    last = path[-1]
    if last == "kind":
        return _kind(text, data, path, hint)
    if "text" in takes:
        return _meant(text, last, hint)
    if text[:1] in ("{", "["):
        return _short_form(text)
    if "list" in takes:
        parts = [part for part in SEPARATORS.split(text) if part]
        return [_item(part, hint) for part in parts]
    if "number" in takes and _is_number(text):
        raise CellProblem("workbook_number_as_text", value=text)
    return text


def _kind(text: str, data: Any, path: Path_, hint: Any) -> str:
    group = group_in(hint_at(data, path[:-1]))
    if group is not None:
        return chosen(text, group, kinds_of(group))
    return chosen(text, str(path[-2]), [str(name) for name in _literals(hint)])


def _meant(text: str, last: str | int, hint: Any) -> str:
    if last in MOMENTS and (found := SLASHES.fullmatch(unicodedata.normalize("NFKC", text))):
        year, month, day, *clock = (int(part) if part else 0 for part in found.groups())
        hours = f"T{clock[0]:02d}:{clock[1]:02d}" + (f":{clock[2]:02d}" if clock[2] else "")
        return f"{year:04d}-{month:02d}-{day:02d}" + (hours if found[4] else "")
    if last == "profile":
        from ysc_sim.timeseries.profiles import profile_names

        return chosen(text, "profile", profile_names())
    names = [str(name) for name in _literals(hint)]
    return chosen(text, str(last), names) if names else text


def _literals(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [name for part in get_args(hint) for name in _literals(part)]


def _short_form(text: str) -> Any:
    try:
        return parse_yaml(text, "").data
    except ScenarioError as error:
        first = error.problems[0]
        raise CellProblem(first.key, **first.values) from None


def _item(text: str, hint: Any) -> Any:
    """One of a list: a number where numbers belong."""
    if "text" in wanted(_item_hint(hint)):
        return text
    try:
        return plain_value(unicodedata.normalize("NFKC", text))
    except ScalarError as error:
        raise CellProblem(error.key, **error.values) from None


def _item_hint(hint: Any) -> Any:
    if get_origin(hint) in (tuple, list):
        return get_args(hint)[0]
    inner = [_item_hint(part) for part in get_args(hint) if "list" in wanted(part)]
    return inner[0] if inner else None


def _is_number(text: str) -> bool:
    try:
        return isinstance(plain_value(unicodedata.normalize("NFKC", text)), int | float)
    except ScalarError:
        return False


def choices_at(data: Any, path: Path_) -> tuple[str, tuple[str, ...]]:
    """Group and names of what can be chosen for a field; nothing where it is free."""
    hint = hint_at(data, path)
    if path[-1] == "kind":
        group = group_in(hint_at(data, path[:-1]))
        names = kinds_of(group) if group else tuple(str(name) for name in _literals(hint))
        return group or str(path[-2]), names
    if path[-1] == "profile":
        from ysc_sim.timeseries.profiles import profile_names

        return "profile", profile_names()
    if path[-1] == "plan":
        from ysc_sim.billing.plan_file import plan_names

        return "plan", tuple(plan_names())
    return str(path[-1]), tuple(str(name) for name in _literals(hint))
