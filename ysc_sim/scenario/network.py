"""What a scenario may say about its wires: a generated street, or a pandapower network in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_type_hints

from annotated_types import Ge, Gt, Le, Len

from ysc_sim.units import Fraction, Metres, Unit

Name = Annotated[str, Len(1, 200)]
PowerFactor = Annotated[float, Gt(0), Le(1), Unit("1")]
VoltWatt = tuple[Annotated[float, Gt(1), Le(1.5), Unit("pu")], Annotated[float, Gt(1), Le(1.5), Unit("pu")]]
DEFAULT_VOLT_WATT = (1.0545, 1.0594)
Volts = Annotated[float, Ge(5000), Le(8000), Unit("V")]


@dataclass(frozen=True, kw_only=True)
class Street:
    """A low-voltage street: pole transformers 6,600/210-105 V, single-phase three-wire lines from pole to pole, and a
    service to every building. Buildings stand along it in the order of their ids."""

    kind: Literal["street"] = "street"
    """A generated street."""
    transformer: Name = "auto"
    """A transformer of the library; auto: the smallest that carries what is planned behind it."""
    buildings_per_transformer: Annotated[int, Ge(1), Le(200), Unit("1")] = 8
    """Most buildings behind one transformer (reported practice: 8 homes on 30 kVA)."""
    trunk: Name = "auto"
    """Conductor from pole to pole, of the library; auto: the smallest usual one that carries what is planned."""
    service: Name = "auto"
    """Conductor from the pole to a building, of the library; auto: as for the trunk, for each building."""
    pole_spacing_m: Annotated[Metres, Gt(0)] = 30.0
    """Distance between poles (assumed)."""
    buildings_per_pole: Annotated[int, Ge(1), Le(20), Unit("1")] = 2
    """Buildings that are connected at one pole (assumed)."""
    service_m: Annotated[Metres, Gt(0)] = 15.0
    """Length of a service (assumed)."""
    service_m_of: Mapping[str, Annotated[Metres, Gt(0)]] = field(default_factory=dict)
    """Length of the service of single buildings, by id; the id of a building with copies means all of them."""
    supply_v: Volts = 6600.0
    """Voltage held at the high-voltage side of the transformers."""
    tap_v: Literal[6750, 6600, 6450, 6300, 6150] = 6600
    """Tap of the transformers: at this voltage they give 210/105 V without load."""
    load_power_factor: PowerFactor = 0.95
    """Power factor of the demand, lagging (assumed)."""
    share_100v: Fraction = 0.6
    """Share of the demand on 100 V circuits; the rest, and every generator and store, is between the 200 V wires
    (assumed)."""
    imbalance: Fraction = 0.2
    """By how much the two 100 V sides of a building differ, of their sum; the heavier side changes from building to
    building (assumed; the interior wiring rules allow installed capacities to differ by 40 % of their mean)."""
    volt_watt_pu: VoltWatt = DEFAULT_VOLT_WATT
    """Volt-watt of solar inverters, with ``power_flow: control``: voltage at the service entrance, p.u. of 202 V, up to
    which they give all they can, and from which on nothing: 106.5 V and 107 V on 101 V stand for a regulator that holds
    107 V there."""


@dataclass(frozen=True, kw_only=True)
class GridFile:
    """A balanced network from a pandapower JSON file; nothing in the file is executed."""

    kind: Literal["pandapower"]
    """A network from a file."""
    file: Name
    """JSON file (pandapower 3) in the folder of the scenario."""
    buses: Annotated[Mapping[str, int | str | tuple[int | str, ...]], Len(1, 100_000)]
    """Bus of every building, by id: the index or name of the bus; for copies one for all, or a list."""
    own_loads: Literal["replace", "keep", "drop"] = "replace"
    """The file's own loads and generators: replace: those at a bus with a building give way to it, others stay and are
    constant; keep: all stay; drop: none does."""
    load_power_factor: PowerFactor = 0.95
    """Power factor of the demand, lagging (assumed)."""
    volt_watt_pu: VoltWatt = DEFAULT_VOLT_WATT
    """Volt-watt of solar inverters, with ``power_flow: control``: voltage of their bus, p.u., up to which they give all
    they can, and from which on nothing."""


class ByKind:
    """Marks a union of dataclasses whose ``kind`` says which is meant; without one it is a street."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Validate by the one class that is meant, so that only its fields are told of."""
        from pydantic_core import core_schema

        classes = {get_args(kind_of(cls))[0]: cls for cls in get_args(source)}
        choices = {kind: handler.generate_schema(cls) for kind, cls in classes.items()}
        return core_schema.tagged_union_schema(choices, kind_in)


def kind_of(cls: type) -> Any:
    """The annotation of ``kind``."""
    return get_type_hints(cls, include_extras=True)["kind"]


def kind_in(data: Any) -> Any:
    """What stands as the kind; a street where nothing does."""
    return data.get("kind", "street") if isinstance(data, dict) else None


AnyNetwork = Annotated[Street | GridFile, ByKind()]
