"""``kind: battery`` and what follows it: which plug-in was chosen, and what its ``Spec`` was told.

A plug-in's ``Spec`` is a plain frozen dataclass that knows neither its kind nor its id. Here both are put
beside its fields, so that one flat definition validates what stands in the file, gives the JSON Schema and
finds every wrong field at once. A plug-in is imported when a file first uses its kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_type_hints

from annotated_types import Len

from ysc_sim.errors import PluginError
from ysc_sim.plugins import plugin, registry
from ysc_sim.scenario.investment import Bought

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A plug-in by its kind, and an instance of that plug-in's ``Spec``."""

    kind: str
    spec: Any

    @classmethod
    def default(cls, group: str, kind: str) -> Self:
        """A kind with nothing said about it."""
        return cls(kind=kind, spec=plugin(group, kind).Spec())  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Named(Bought, Choice):
    """A device: a choice with a name inside its building, and with prices where it is to be bought."""

    id: Annotated[str, Len(1, 64)] = ""
    """Name inside its building; the kind (``solar``, then ``solar_2``) if not given."""


@dataclass(frozen=True)
class Chooses:
    """Marks a field that holds a plug-in of ``group``."""

    group: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Validate by the kind that stands in the data, unknown while the schema is built."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """A place-holder; :func:`ysc_sim.scenario.json_schema.json_schema` puts the kinds there."""
        return {"$kinds": self.group}

    def read(self, data: Any) -> Choice:
        """A choice from plain data. Raises pydantic's ``ValidationError`` with places inside ``data``."""
        if not isinstance(data, dict):
            raise self._wrong((), "kind_not_a_map", {"group": self.group}, data)
        if self.group in KIND_IF_NONE:
            data = {"kind": KIND_IF_NONE[self.group], **data}
        kind = data.get("kind")
        if not isinstance(kind, str):
            missing = "kind_not_text" if "kind" in data else "kind_missing"
            raise self._wrong(("kind",), missing, {"known": ", ".join(registry(self.group).kinds)}, kind)
        try:
            adapter = flat_adapter(self.group, kind)
        except PluginError as error:
            raise self._wrong(("kind",), error.key, error.values, kind) from None
        flat = self._validated(adapter, data, lacking(spec_of(self.group, kind), data))
        names = {field.name for field in dataclasses.fields(spec_of(self.group, kind))}
        said = {name: getattr(flat, name) for name in names}
        beside = {name: getattr(flat, name) for name in own_fields(self.group, kind)}
        return choice_of(self.group, kind)(kind=kind, spec=spec_of(self.group, kind)(**said), **beside)

    def _validated(self, adapter: TypeAdapter[Any], data: Any, missing: list[str]) -> Any:
        """What the data says, or all that is wrong with it, what is missing as well."""
        from pydantic_core import InitErrorDetails, ValidationError, to_json

        wrong = [InitErrorDetails(type="missing", loc=(name,), input=data) for name in missing]
        try:
            flat = adapter.validate_json(to_json(data))
        except ValidationError as error:
            if not wrong:
                raise
            for item in error.errors(include_url=False):
                known: Any = {key: item[key] for key in ("type", "loc", "input", "ctx") if key in item}
                wrong.append(known)
        if wrong:
            raise ValidationError.from_exception_data(self.group, wrong, input_type="json")
        return flat

    def _wrong(self, where: tuple[str, ...], key: str, values: Any, found: Any) -> Exception:
        """A message of ours in pydantic's clothes, so that it travels with the others."""
        from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

        message = PydanticCustomError("problem", "{text}", {"text": key, "key": key, "values": dict(values)})
        detail = InitErrorDetails(type=message, loc=where, input=found)
        return ValidationError.from_exception_data(self.group, [detail], input_type="json")


@dataclass(frozen=True, kw_only=True)
class Forecasting(Choice):
    """A bidder, and the forecast that it is given."""

    forecast: Annotated[Choice, Chooses("forecasts")] = dataclasses.field(
        default_factory=lambda: Choice.default("forecasts", "persistence")
    )
    """What it expects of the coming slot."""

    @classmethod
    def truthful(cls) -> Self:
        """The bidder of a scenario that names none."""
        return cls.default("bidders", "truthful")


@dataclass(frozen=True, kw_only=True)
class Wrapping(Choice):
    """A strategy around another one."""

    inner: Annotated[Choice, Chooses("strategies")] = dataclasses.field(
        default_factory=lambda: Choice.default("strategies", "self_consumption")
    )
    """The strategy whose wishes it changes."""


@dataclass(frozen=True, kw_only=True)
class Planning(Choice):
    """A strategy, and the forecast that it plans with: one that rather says too much, for a peak is paid for long."""

    forecast: Annotated[Choice, Chooses("forecasts")] = dataclasses.field(
        default_factory=lambda: Choice.default("forecasts", "like_days")
    )
    """What it expects of the coming slots."""


@dataclass(frozen=True, kw_only=True)
class WrappingPlanning(Wrapping, Planning):
    """A strategy around another one that also looks ahead."""

    forecast: Annotated[Choice, Chooses("forecasts")] = dataclasses.field(
        default_factory=lambda: Choice.default("forecasts", "weekly")
    )
    """What it expects of the coming slots."""


CHOICES: Mapping[str, type[Choice]] = {"devices": Named, "bidders": Forecasting}
"""What a group is read into, where that is more than a :class:`Choice`."""
TAKING: Mapping[frozenset[str], type[Choice]] = {
    frozenset(): Choice,
    frozenset({"inner"}): Wrapping,
    frozenset({"forecast"}): Planning,
    frozenset({"inner", "forecast"}): WrappingPlanning,
}
"""What a strategy is read into, by what it ``takes``."""
KIND_IF_NONE: Mapping[str, str] = {"outages": "windows"}
"""Kind of what is written without one: ``{start, duration_h}`` is a window."""


def choice_of(group: str, kind: str) -> type[Choice]:
    """The class that a choice of this kind is read into. Raises ``PluginError``."""
    if group == "strategies":
        return TAKING[frozenset(getattr(plugin(group, kind), "takes", ()))]
    return CHOICES.get(group, Choice)


def own_fields(group: str, kind: str) -> Iterator[str]:
    """Fields that a choice has beside its kind and the plug-in's own."""
    return (field.name for field in dataclasses.fields(choice_of(group, kind)) if field.name not in ("kind", "spec"))


def parts_of(choice: Choice) -> Iterator[tuple[str, Choice]]:
    """The choices inside a choice, each with the name of its field."""
    for field in dataclasses.fields(choice):
        part = getattr(choice, field.name)
        if isinstance(part, Choice):
            yield field.name, part


def spec_of(group: str, kind: str) -> type:
    """The ``Spec`` of a plug-in. Raises ``PluginError``."""
    return plugin(group, kind).Spec  # type: ignore[attr-defined, no-any-return]


def lacking(spec: type, data: Any) -> list[str]:
    """Fields of a ``Spec`` that data must give and does not: its ``needs`` are sets of fields of which one suffices.

    >>> class Spec:
    ...     needs = (("model",), ("energy_kwh", "power_kw"))
    >>> lacking(Spec, {"power_kw": 1}), lacking(Spec, {"model": "ours"}), lacking(int, {})
    (['energy_kwh'], [], [])
    """
    needs: tuple[tuple[str, ...], ...] = getattr(spec, "needs", ())
    gaps = [[name for name in option if data.get(name) in (None, "")] for option in needs]
    return gaps[-1] if gaps and all(gaps) else []


@cache
def flat_class(group: str, kind: str) -> type:
    """One dataclass with ``kind``, what the choice adds, and every field of the plug-in's ``Spec``.

    Raises ``PluginError`` where a plug-in's field has a name that is taken.
    """
    spec, into = spec_of(group, kind), choice_of(group, kind)
    kind_type: Any = Literal[kind]
    fields: list[Any] = [("kind", kind_type, kind) if KIND_IF_NONE.get(group) == kind else ("kind", kind_type)]
    for cls in (into, spec):
        hints = get_type_hints(cls, include_extras=True)
        for field in dataclasses.fields(cls):
            if field.name in ("kind", "spec") and cls is into:
                continue
            if field.name in [name for name, *_ in fields]:
                raise PluginError("plugin_field_taken", group=group, kind=kind, field=field.name)
            fields.append((field.name, hints[field.name], copy_of_default(field)))
    return dataclasses.make_dataclass(f"{kind} ({group})", fields, kw_only=True, frozen=True)


def copy_of_default(field: dataclasses.Field[Any]) -> Any:
    """The same default in a field of its own."""
    if field.default_factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=field.default_factory)
    return dataclasses.field(default=field.default) if field.default is not dataclasses.MISSING else dataclasses.field()


@cache
def flat_adapter(group: str, kind: str) -> TypeAdapter[Any]:
    """Validator of :func:`flat_class`."""
    return strict_adapter(flat_class(group, kind))


def strict_adapter(cls: type) -> TypeAdapter[Any]:
    """Validator of a plain dataclass and all in it: unknown keys, NaN, silent conversions are errors."""
    from pydantic import ConfigDict, TypeAdapter

    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    # pydantic takes no configuration for a bare dataclass, but hands that of an outer type down to it.
    either: Any = cls | None
    return TypeAdapter(either, config=config)
