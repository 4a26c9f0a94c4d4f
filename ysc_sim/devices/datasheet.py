"""Datasheets of battery products: one YAML file each, shipped or beside the scenario.

``model: generic_home`` in a battery takes ``catalogue/generic_home.yaml`` of this package; ``model: our_product.yaml``
takes a file in the scenario's folder, and so does ``model: our_product`` where nothing of that name is shipped. Every
figure of a file is checked, and what is wrong is told with its line and column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le, Len

from ysc_sim.documents import Document, inside, read_yaml, suggest
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.units import KW, Efficiency, Floats, Fraction, JPYPerKWh, PositiveKW, PositiveKWh, Unit

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CATALOGUE = Path(__file__).with_name("catalogue")
MAX_BYTES = 100_000
SUFFIXES = (".yaml", ".yml")
ResponseTime = Annotated[float, Ge(0), Le(600), Unit("s")]
Factor = Annotated[float, Ge(0), Le(100), Unit("1")]


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Loss of the converter that is on, in one direction, as shares of the rated power."""

    no_load: Fraction = 0.0
    """At any power."""
    linear: Fraction = 0.0
    """At rated power, in proportion to the power."""
    quadratic: Fraction = 0.0
    """At rated power, in proportion to the power squared."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Less than rated power near full or empty."""

    soc: Fraction
    """Charging: from this state of charge upwards; discharging: from it downwards."""
    power: Fraction
    """Share of the rated power."""


@dataclass(frozen=True, kw_only=True)
class Datasheet:
    """One battery product."""

    name: Annotated[str, Len(1, 100)]
    """What it is called."""
    source: Annotated[str, Len(1, 2000)]
    """Where the figures are from."""
    energy_kwh: PositiveKWh
    """Nominal energy of the cells."""
    power_kw: PositiveKW
    """Rated power at the AC terminals, both ways."""
    soc_min: Fraction = 0.0
    """Floor of the usable window, share of the nominal energy."""
    soc_max: Fraction = 1.0
    """Ceiling of the usable window."""
    charge_efficiency: Efficiency = 1.0
    """Of the cells when they are charged; converter apart."""
    discharge_efficiency: Efficiency = 1.0
    """Of the cells when they are discharged; converter apart."""
    charge_losses: Losses = field(default_factory=Losses)
    """Of the converter when it charges."""
    discharge_losses: Losses = field(default_factory=Losses)
    """Of the converter when it discharges."""
    standby_kw: KW = 0.0
    """Taken from the cells while the converter rests and they are not at their floor."""
    dead_time_s: ResponseTime = 0.0
    """Time from a new set-point until the power begins to change."""
    settling_s: ResponseTime = 0.0
    """Time in which the power then goes from nothing to rated power, evenly."""
    charge_limits: Annotated[tuple[Limit, ...], Len(0, 8)] = ()
    """Less power near full; ``soc`` rises, ``power`` falls."""
    discharge_limits: Annotated[tuple[Limit, ...], Len(0, 8)] = ()
    """Less power near empty; ``soc`` falls, ``power`` falls."""
    ageing: Literal["none", "lfp"] = "none"
    """Law of ageing."""
    calendar_factor: Factor = 1.0
    """Multiplies the calendar loss of the law."""
    cycle_factor: Factor = 1.0
    """Multiplies the cycle loss of the law."""
    end_of_life: Fraction = 0.7
    """Share of the nominal energy at which it counts as worn out."""
    price_jpy_per_kwh: JPYPerKWh | None = None
    """Price per nominal kWh, installed: what wear is worth."""
    grid_forming: bool = True
    """Whether it can hold an island's voltage and frequency (自立運転)."""


def limit_columns(limits: Sequence[Sequence[Limit]], outside: float) -> list[tuple[Floats, Floats]]:
    """The k-th limit of every device: state of charge and share, (m,) each; at ``outside`` with share 1 where none is.

    >>> soc, power = limit_columns([[Limit(soc=0.8, power=0.5)], []], 1.0)[0]
    >>> soc.tolist(), power.tolist()
    ([0.8, 1.0], [0.5, 1.0])
    """
    deepest = max((len(each) for each in limits), default=0)
    padded = [[*each, *[Limit(soc=outside, power=1.0)] * (deepest - len(each))] for each in limits]
    return [
        (np.array([each[k].soc for each in padded]), np.array([each[k].power for each in padded]))
        for k in range(deepest)
    ]


FIELDS: Mapping[tuple[str, ...], type] = {
    (): Datasheet,
    ("charge_losses",): Losses,
    ("discharge_losses",): Losses,
    ("charge_limits", "*"): Limit,
    ("discharge_limits", "*"): Limit,
}


@cache
def model_names() -> tuple[str, ...]:
    """Names of the shipped datasheets.

    >>> "generic_home" in model_names()
    True
    """
    return tuple(sorted(path.stem for path in CATALOGUE.glob("*.yaml")))


def load_datasheet(model: str, folder: Path) -> Datasheet:
    """The datasheet ``model``, shipped or in ``folder``. Raises ``ScenarioError`` with every problem of it.

    >>> load_datasheet("generic_home", Path()).energy_kwh
    9.8
    """
    path = _path_of(model, folder)
    return _read(path, path.stat().st_mtime_ns)


def _path_of(model: str, folder: Path) -> Path:
    if model in model_names():
        return CATALOGUE / f"{model}.yaml"
    if model.endswith(SUFFIXES):
        return inside(folder, model)
    try:
        return inside(folder, f"{model}.yaml")
    except ScenarioError:
        values = {"model": model, "known": ", ".join(model_names()), "suggestion": suggest(model, model_names())}
        raise ScenarioError([Problem("model_unknown", values, field="model")]) from None


@cache
def _read(path: Path, changed: int) -> Datasheet:
    """A file is read once, however many batteries name it, until it changes."""
    from pydantic import ValidationError

    document = read_yaml(path, max_bytes=MAX_BYTES)
    if not isinstance(document.data, dict):
        raise ScenarioError([Problem("not_a_map", {"value": document.data}, document.name, 1, 1)])
    try:
        sheet = _adapter().validate_json(json.dumps(document.data))
    except ValidationError as error:
        raise ScenarioError([_problem(detail, document) for detail in error.errors()]) from None
    assert sheet is not None, "a mapping was read"
    problems = [_placed(*found, document) for found in check_datasheet(sheet)]
    if problems:
        raise ScenarioError(problems)
    return sheet


@cache
def _adapter() -> TypeAdapter[Datasheet | None]:
    from pydantic import ConfigDict, TypeAdapter

    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    # pydantic takes no configuration for a bare dataclass, but hands that of an outer type down to it.
    return TypeAdapter(Datasheet | None, config=config)


def check_datasheet(sheet: Datasheet) -> list[tuple[str, str, dict[str, Any]]]:
    """Cross rules: (problem key, field, values)."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    if sheet.soc_min >= sheet.soc_max:
        found.append(("soc_band_empty", "soc_min", {"soc_min": sheet.soc_min, "soc_max": sheet.soc_max}))
    if sheet.end_of_life >= 1.0:
        found.append(("end_of_life_at_start", "end_of_life", {"end_of_life": sheet.end_of_life}))
    for name, sign in (("charge_limits", 1.0), ("discharge_limits", -1.0)):
        limits: tuple[Limit, ...] = getattr(sheet, name)
        order = [sign * limit.soc for limit in limits]
        powers = [limit.power for limit in limits]
        if order != sorted(set(order)) or powers != sorted(set(powers), reverse=True) or 0.0 in powers:
            found.append(("limits_out_of_order", name, {"soc": ", ".join(f"{limit.soc:g}" for limit in limits)}))
    for name in ("charge_losses", "discharge_losses"):
        losses: Losses = getattr(sheet, name)
        whole = losses.no_load + losses.linear + losses.quadratic
        # The loss must stay below the power and rise slower than it, else more power would store less.
        if whole >= 1.0 or losses.linear + 2.0 * losses.quadratic >= 1.0:
            found.append(("losses_eat_power", name, {"loss": whole}))
    return found


def _placed(key: str, name: str, values: dict[str, Any], document: Document) -> Problem:
    line, column = document.place((name,))
    return Problem(key, values, document.name, line, column, name)


def _problem(detail: Any, document: Document) -> Problem:
    """One finding of the validator, worded at the edge, placed in the file."""
    kind = str(detail["type"])
    missing, unknown = kind.startswith("missing"), kind == "unexpected_keyword_argument"
    where = _path_in(detail["loc"], document.data, keep_last=missing)
    line, column = document.place(where, key=unknown)
    place = (document.name, line, column, ".".join(str(part) for part in where))
    if missing:
        return Problem("field_missing", {"key": where[-1]}, *place)
    if unknown:
        known = [item.name for item in fields(FIELDS[tuple("*" if isinstance(p, int) else p for p in where[:-1])])]
        near = suggest(str(where[-1]), known)
        return Problem("unknown_key", {"key": where[-1], "suggestion": near, "known": ", ".join(known)}, *place)
    shown = detail["input"] if isinstance(detail["input"], str | int | float) else document.name
    return Problem("value_wrong", {"value": shown, "reason": detail["msg"].removesuffix(".")}, *place)


def _path_in(loc: tuple[str | int, ...], data: Any, *, keep_last: bool) -> tuple[str | int, ...]:
    """The validator's path without the names of union branches, which stand nowhere in the file."""
    path: list[str | int] = []
    for number, part in enumerate(loc):
        there = isinstance(data, dict) and part in data
        there |= isinstance(data, list) and isinstance(part, int) and part < len(data)
        if there:
            data = data[part]
        if there or (keep_last and number == len(loc) - 1):
            path.append(part)
    return tuple(path)
