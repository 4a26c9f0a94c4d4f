"""What the JSON files of a result folder must hold for a reader to rely on them; a file may hold more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ysc_sim.results.tables import zone_of

TEXT, TRUTH, NUMBER, WHOLE, COUNT = "text", "truth", "number", "whole number", "whole number above 0"
MOST = 2**53
LONGEST = 1_000_000
"""Of any text; the longest that we write is the scenario's description."""
BRANCH = {"name": TEXT, "max_loading_percent": NUMBER, "over_100_h": NUMBER}
CHARGE = {
    "item": TEXT,
    "supplier_jpy_per_kwh": NUMBER,
    "neighbour_jpy_per_kwh": NUMBER,
    "avoided_jpy_per_kwh": NUMBER,
}
SHARED_KWH = {
    "plan": TEXT,
    "buildings": COUNT,
    "charges": [CHARGE],
    "least_avoided_jpy_per_kwh": NUMBER,
    "most_avoided_jpy_per_kwh": NUMBER,
    "demand_jpy_per_kw": NUMBER,
    "demand_meter": TEXT,
}
MANIFEST: dict[str, Any] = {
    "version": TEXT,
    "scenario": {"name": TEXT, "description": TEXT, "name_ja?": TEXT, "description_ja?": TEXT, "sha256": TEXT},
    "inputs?": {"*": TEXT},
    "seed": WHOLE,
    "rows": COUNT,
    "time": {"start": TEXT, "zone": TEXT, "step_s": COUNT, "count": COUNT, "slot_s": COUNT, "record_s": COUNT},
    "terms": {"wires": TEXT, "one_contract": TRUTH, "power_factor_percent": NUMBER, "co2_kg_per_kwh": NUMBER},
    "network?": {
        "kind": TEXT,
        "in_balance": TRUTH,
        "limits_pu": [NUMBER, NUMBER],
        "mismatch_kva": NUMBER,
        "branch_count": WHOLE,
        "branches": [BRANCH],
        "map_left_out?": WHOLE,
        "unsolved": {"*": WHOLE},
    },
    "shared_kwh?": [SHARED_KWH],
    "plans?": [{"plan": TEXT, "buildings": COUNT, "assumed": {"*": TEXT}}],
    "better": {"*": NUMBER},
    "residuals": {"*": NUMBER},
    "notes": [{"key": TEXT}],
    "versions": {"*": TEXT},
    "wall_time_s": NUMBER,
    "files": {"*": TEXT},
    "digest": TEXT,
}
METRICS: dict[str, Any] = {"community": {"*": NUMBER}, "buildings": {"*": {"*": NUMBER}}, "units": {"*": TEXT}}


def wrong_in_manifest(manifest: Mapping[str, Any]) -> str:
    """The first place where a manifest cannot be relied on; empty where there is none."""
    wrong = next(_wrong(manifest, MANIFEST, ""), "")
    return wrong or _wrong_clock(manifest["time"])


def wrong_in_metrics(metrics: Mapping[str, Any]) -> str:
    """The first place where metrics cannot be relied on; empty where there is none."""
    wrong = next(_wrong(metrics, METRICS, ""), "")
    if wrong:
        return wrong
    named = set(metrics["community"]).union(*metrics["buildings"].values())
    return next((f"units.{name}" for name in sorted(named - set(metrics["units"]))), "")


def _wrong_clock(clock: Mapping[str, Any]) -> str:
    try:
        zone_of(clock["zone"])
    except ValueError:
        return "time.zone"
    try:
        aware = datetime.fromisoformat(clock["start"]).tzinfo is not None
    except ValueError:
        aware = False
    return "" if aware else "time.start"


def _wrong(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Paths at which a value has not the shape.

    >>> list(_wrong({"a": [1, "x"], "b": {}}, {"a": [NUMBER], "b": {"c": TEXT}, "d?": TRUTH}, ""))
    ['a.1', 'b.c']
    """
    if isinstance(shape, str):
        if not _fits(value, shape):
            yield path
    elif isinstance(shape, list):
        yield from _wrong_items(value, shape, path)
    elif not isinstance(value, Mapping):
        yield path
    else:
        for key, inner in shape.items():
            yield from _wrong_entry(value, key, inner, path)


def _wrong_items(value: Any, shapes: Sequence[Any], path: str) -> Iterator[str]:
    """One shape is that of every item; several are those of the items one by one."""
    if not isinstance(value, list) or len(value) != len(shapes) > 1:
        yield path
        return
    for position, item in enumerate(value):
        yield from _wrong(item, shapes[position % len(shapes)], _join(path, str(position)))


def _wrong_entry(value: Mapping[str, Any], key: str, shape: Any, path: str) -> Iterator[str]:
    """``*`` stands for every key, ``key?`` for one that may be absent."""
    if key == "*":
        for name, item in value.items():
            yield from _wrong(item, shape, _join(path, name))
    elif (name := key.removesuffix("?")) in value:
        yield from _wrong(value[name], shape, _join(path, name))
    elif name == key:
        yield _join(path, key)


def _fits(value: Any, shape: str) -> bool:
    """Whether a single value is of a kind; true is no number.

    >>> _fits(True, NUMBER), _fits(1, NUMBER), _fits(0, COUNT), _fits(2, WHOLE), _fits(2.0, WHOLE)
    (False, True, False, True, False)
    """
    if shape == TEXT:
        return isinstance(value, str) and len(value) <= LONGEST
    if shape == TRUTH:
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e300:
        return False
    if shape == NUMBER:
        return True
    return isinstance(value, int) and value >= (1 if shape == COUNT else 0) and value <= MOST


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
