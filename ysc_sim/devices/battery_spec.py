"""What a scenario says of a stationary battery, and the datasheet that it makes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le, Len

from ysc_sim.devices.datasheet import Datasheet, ResponseTime, check_datasheet, load_datasheet
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.axis import TimeAxis
from ysc_sim.units import Efficiency, Fraction, JPYPerKWh, PositiveKW, PositiveKWh, Unit

PLAIN_EFFICIENCY = 0.95
OVERRIDES = (
    "energy_kwh",
    "power_kw",
    "soc_min",
    "soc_max",
    "dead_time_s",
    "settling_s",
    "ageing",
    "price_jpy_per_kwh",
    "grid_forming",
)
"""Fields that, if they are given, take the place of the datasheet's."""
OF_THE_MODEL = ("charge_efficiency", "discharge_efficiency")
"""Fields that only a battery without a datasheet has."""


@dataclass(frozen=True, kw_only=True)
class BatterySpec:
    """One stationary battery."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("model",), ("energy_kwh", "power_kw"))
    """A datasheet, or size and power."""
    model: Annotated[str, Len(0, 200)] = ""
    """Datasheet: a shipped one (generic_home, generic_business) or a YAML file beside the scenario."""
    energy_kwh: PositiveKWh | None = None
    """Nominal energy; needed without a datasheet."""
    power_kw: PositiveKW | None = None
    """Largest charging and discharging power at the terminals; needed without a datasheet."""
    charge_efficiency: Efficiency | None = None
    """Stored per charged energy; 0.95 if not given (0.95 × 0.95 is a usual home system, HTW Berlin). Not with a
    datasheet."""
    discharge_efficiency: Efficiency | None = None
    """Delivered per energy taken from the store; 0.95 if not given. Not with a datasheet."""
    soc_min: Fraction | None = None
    """Floor that is never crossed, share of the nominal energy; 0 or the datasheet's."""
    soc_max: Fraction | None = None
    """Ceiling, share of the nominal energy; 1 or the datasheet's."""
    soc_start: Fraction = 0.5
    """Stored at the start, share of the energy that it can hold then."""
    grid_forming: bool | None = None
    """Whether it can hold an island's voltage and frequency (自立運転); yes if not given."""
    dead_time_s: ResponseTime | None = None
    """Time from a new set-point until the power begins to change (measured: 0.6 to 1.6 s); 0, or the datasheet's."""
    settling_s: ResponseTime | None = None
    """Time in which the power then goes from nothing to rated power (measured: 2.7 to 14 s); 0, or the datasheet's. In
    an island a battery follows at once."""
    ageing: Literal["none", "lfp"] | None = None
    """Law of ageing; none, or the datasheet's."""
    price_jpy_per_kwh: JPYPerKWh | None = None
    """Price per nominal kWh, installed: what wear is worth."""
    temperature_c: Annotated[float, Ge(-30), Le(60), Unit("°C")] = 25.0
    """Temperature of the cells, for ageing."""
    age_years: Annotated[float, Ge(0), Le(50), Unit("a")] = 0.0
    """Age at the start, for ageing."""
    full_cycles_before: Annotated[float, Ge(0), Le(1e5), Unit("1")] = 0.0
    """Full equivalent cycles made before the start, for ageing."""

    def __post_init__(self) -> None:
        if not self.model:
            for name, value in (
                *((name, PLAIN_EFFICIENCY) for name in OF_THE_MODEL),
                ("soc_min", 0.0),
                ("soc_max", 1.0),
                ("grid_forming", True),
            ):
                if getattr(self, name) is None:
                    object.__setattr__(self, name, value)

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if self.model:
            said = [name for name in OF_THE_MODEL if getattr(self, name) is not None]
            return [("datasheet_says_that", name, {"key": name, "model": self.model}) for name in said]
        missing = [name for name in ("energy_kwh", "power_kw") if getattr(self, name) is None]
        found: list[tuple[str, str, dict[str, object]]] = [("field_missing", "", {"key": name}) for name in missing]
        return found or self._window_problems(design_of(self, Path()))

    def check_files(self, folder: Path, axis: TimeAxis) -> list[Problem]:
        """What is wrong with its datasheet, or with what it says beside it."""
        if not self.model:
            return []
        try:
            design = design_of(self, folder)
        except ScenarioError as error:
            return list(error.problems)
        return [Problem(key, values, field=name) for key, name, values in self._window_problems(design)]

    def _window_problems(self, design: Datasheet) -> list[tuple[str, str, dict[str, object]]]:
        found: list[tuple[str, str, dict[str, object]]] = list(check_datasheet(design))
        low, high = design.soc_min, design.soc_max
        if not found and not low <= self.soc_start <= high:
            values: dict[str, object] = {"soc_start": self.soc_start, "soc_min": low, "soc_max": high}
            found.append(("soc_start_outside", "soc_start", values))
        return found


def design_of(spec: BatterySpec, folder: Path) -> Datasheet:
    """All figures of a battery: its datasheet with what the scenario says instead. Raises ``ScenarioError``.

    >>> design_of(BatterySpec(model="generic_home", energy_kwh=5.0), Path()).power_kw
    4.0
    """
    said = {name: getattr(spec, name) for name in OVERRIDES if getattr(spec, name) is not None}
    if spec.model:
        return replace(load_datasheet(spec.model, folder), **said)
    plain = {name: getattr(spec, name) for name in OF_THE_MODEL}
    return Datasheet(name="battery", source="scenario", **plain, **said)
