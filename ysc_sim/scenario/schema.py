"""What a scenario says once its file has been read: plain frozen data, each field with its unit and bounds.

The JSON Schema, the manual and the checks of the loader all come from these definitions. What a plug-in wants
to know is said by the plug-in's own ``Spec``; here stands only that a *kind* has been chosen
(:class:`Choice`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from ysc_sim.errors import Problem
from ysc_sim.scenario.investment import Finance, Sizing
from ysc_sim.scenario.island import Cell, Island
from ysc_sim.scenario.kinds import Choice, Chooses, Forecasting, Named
from ysc_sim.scenario.network import AnyNetwork
from ysc_sim.scenario.retailer import Retailer
from ysc_sim.timeseries import TimeAxis
from ysc_sim.timeseries.weather_file import WeatherFile
from ysc_sim.units import KW, SECONDS_PER_HOUR, Fraction, JPYPerKWh, Latitude, Longitude, Seconds, Unit

FORMAT = 1
"""The format of scenario files that this version reads and writes."""

Text = Annotated[str, Len(0, 400)]
Id = Annotated[str, Len(1, 64)]


@dataclass(frozen=True, kw_only=True)
class Time:
    """Which time is simulated, and how finely."""

    start: str
    """First instant, local date and time such as 2026-08-03T00:00, on a full or half hour."""
    days: Annotated[float, Gt(0), Le(36_600), Unit("d")] | None = None
    """Length; either this or ``end``."""
    end: str | None = None
    """First instant that is no longer simulated; either this or ``days``."""
    step_s: Annotated[int, Ge(1), Le(3600), Unit("s")] = 1800
    """Step: a divisor of the half-hour, 1800 or 3600. Peaks inside the half-hour need 60 or less."""
    tz: Text = "Asia/Tokyo"
    """Time zone of all local times in this file."""

    @property
    def axis(self) -> TimeAxis:
        """The clock of the run."""
        assert self.days is not None, "the loader sets the days"
        return TimeAxis.of(self.start, step_s=self.step_s, days=self.days, tz=self.tz)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the buildings stand."""

    latitude_deg: Latitude = 35.45
    """Degrees north (Yokohama: 35.45)."""
    longitude_deg: Longitude = 139.64
    """Degrees east (Yokohama: 139.64)."""
    weather: Literal["standard", "synthetic", "file"] = "standard"
    """standard: the published standard year; synthetic: drawn for every seed around monthly normals; file: a weather
    year of your own, ``weather_file``."""
    weather_variability: Fraction = 1.0
    """Of synthetic weather: 1 as restless as real weather, 0 the monthly normals on every day."""
    weather_normals_file: Text = ""
    """Monthly normals of synthetic weather, a CSV file in the scenario's folder with the columns month, temp_mean_c,
    temp_max_mean_c, temp_min_mean_c, sunshine_h and wind_mean_m_s; Yokohama's if not given."""
    weather_file: Text = ""
    """A weather year in the scenario's folder: EPW, TMY2, TMY3, METPV-20, METPV-11, JMA, or a table of
    ``ysc import``."""
    weather_format: Annotated[str, Len(1, 40)] = "auto"
    """Format of the file, as ``ysc import`` names it."""
    weather_column: Text = ""
    """Station of a file that holds several."""
    weather_fill_hours: Annotated[float, Ge(0), Le(744), Unit("h")] = 0.0
    """Gaps of the file up to so many hours are bridged by straight lines."""
    weather_wind_height_m: Annotated[float, Gt(0), Le(300), Unit("m")] = 10.0
    """Height of the file's anemometer (10 m is the height of the World Meteorological Organization)."""

    @property
    def own_weather(self) -> WeatherFile | None:
        """The file, where the weather is one."""
        if self.weather != "file":
            return None
        said = self.weather_format, self.weather_column, self.weather_fill_hours, self.weather_wind_height_m
        return WeatherFile(self.weather_file, *said)


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """A supply contract: the plan and what belongs to the customer rather than to the plan."""

    plan: Text = "tepco_hv_basic_2026"
    """Name of a shipped plan, or a plan file of one's own in the folder of the scenario."""
    power_factor_percent: Annotated[float, Ge(0), Le(100), Unit("%")] = 100.0
    """Power factor (力率) of the customer; it moves the demand charge."""
    contract: Annotated[float, Gt(0), Le(1e9), Unit("kW, kVA or A, as the plan counts")] | None = None
    """Contracted capacity; only where the plan does not find it from the half-hour peaks."""
    previous_kw: Annotated[tuple[KW, ...], Len(0, 11)] = ()
    """Half-hour peaks of the months before the start, oldest first."""
    adjustments: Annotated[Mapping[str, JPYPerKWh | Mapping[str, JPYPerKWh]], Unit("JPY/kWh")] = field(
        default_factory=dict, hash=False
    )
    """Fuel and market adjustment by month (2026-08: -1.5), or by month and price band."""
    export_jpy_per_kwh: JPYPerKWh | None = None
    """What an exported kWh earns; as the plan says if not given."""
    wheeling_jpy_per_kwh: Annotated[float, Ge(0), Le(1e6), Unit("JPY/kWh")] | None = None
    """Charge (託送) for a kWh traded over the utility's wires; only with ``wires: utility``."""


@dataclass(frozen=True, kw_only=True)
class NoExport:
    """How a meter is kept from running backwards (逆潮流禁止): generation follows the load, a relay watches."""

    margin_kw: KW = 0.0
    """Import that the load-following control keeps, so that a falling load does not at once reverse the flow."""
    relay_kw: KW = 0.0
    """Reverse power at which the relay (RPR) trips; 0: 5 % of the rated generation behind the meter (assumed)."""
    relay_delay_s: Seconds = 0.5
    """Time of reverse power before it trips (0.5 s: a usual setting, from memory)."""
    response_s: Seconds = 5.0
    """Time that the control needs to follow a change of the load (assumed); the relay trips only if it is faster."""
    restart_s: Seconds = 300.0
    """Time until generation comes back after a trip (300 s: usual waiting time of inverters)."""


@dataclass(frozen=True, kw_only=True)
class Diversity:
    """How the copies of one building differ; drawn anew in every row of the ensemble."""

    shift_minutes: Annotated[float, Ge(0), Le(720), Unit("min")] | None = None
    """Standard deviation of the shift of a building's habits in time; 90 for dwellings, 30 for others if not given. (A
    hundred houses coincide at 0.44 in half-hours with 90, at 0.73 with 30; 0.30 in Britain, CREST.)"""
    size_spread: Annotated[float, Ge(0), Le(2), Unit("1")] | None = None
    """Relative standard deviation of a building's consumption; 0.3 for dwellings, 0.15 for others if not given
    (assumed)."""


Strategy = Annotated[Choice, Chooses("strategies")]
Device = Annotated[Named, Chooses("devices")]


@dataclass(frozen=True, kw_only=True)
class Building:
    """One participant, or several alike."""

    id: Id
    """Name: letters and digits of any script, ``_``, ``-`` and ``.``."""
    devices: tuple[Device, ...] = ()
    """What stands in it; a load may be written beside the id: ``profile``, ``load_kwh_per_year``."""
    strategy: Strategy = field(default_factory=lambda: Choice.default("strategies", "self_consumption"))
    """How its flexible devices are controlled."""
    export: Literal["allowed", "forbidden"] = "allowed"
    """Whether power may flow out through its meter, to neighbours too."""
    no_export: NoExport = NoExport()
    """How that is ensured, where it is forbidden."""
    tariff: Tariff | None = None
    """Its own contract, where that differs from the scenario's."""
    count: Annotated[int, Ge(1), Le(100_000), Unit("1")] = 1
    """Number of copies; ``house`` with 8 copies becomes ``house_1`` to ``house_8``."""
    diversity: Diversity | None = None
    """How copies differ; 30 minutes and 15 % where there are copies and nothing is said."""

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Names of its copies."""
        if self.count == 1:
            return (self.id,)
        width = len(str(self.count))
        return tuple(f"{self.id}_{number:0{width}d}" for number in range(1, self.count + 1))


@dataclass(frozen=True, kw_only=True)
class EnsembleOutages:
    """One more outage in every row, each with a start of its own; the same starts for every seed."""

    duration_h: Annotated[float, Gt(0), Le(8784), Unit("h")]
    """How long the grid is away."""
    draws: Annotated[int, Ge(1), Le(1_000_000), Unit("1")] | None = None
    """Number of starts drawn at random, on whole steps, so that the outage lies inside the simulated time."""
    every_h: Annotated[float, Gt(0), Le(8784), Unit("h")] | None = None
    """Instead of drawing: a start every so many hours, from ``first_h`` on."""
    first_h: Annotated[float, Ge(0), Le(876_000), Unit("h")] = 0.0
    """No start before this time after the beginning: stores then have left their starting level behind."""

    def check(self) -> list[tuple[str, str, dict[str, object]]]:
        """Cross rules: (problem key, field, values)."""
        if (self.draws is None) == (self.every_h is None):
            return [("draws_or_every", "", {})]
        return []

    def starts_s(self, axis: TimeAxis, seed: int) -> tuple[int, ...]:
        """Starts in seconds from the start of the axis, at least one where the outage fits."""
        step_s, length_s = axis.step_s, round(self.duration_h * SECONDS_PER_HOUR)
        first = -(-round(self.first_h * SECONDS_PER_HOUR) // step_s)
        last = (axis.duration_s - length_s) // step_s
        if last < first or (self.draws is None and self.every_h is None):
            return ()
        if self.draws is not None:
            words = np.random.SeedSequence([seed, 0x6F7574, self.draws])
            drawn = np.random.default_rng(words).integers(first, last + 1, self.draws)
            return tuple(int(step) * step_s for step in drawn)
        apart_s = max(round((self.every_h or 0.0) * SECONDS_PER_HOUR), step_s)
        return tuple(at // step_s * step_s for at in range(first * step_s, last * step_s + 1, apart_s))


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Copies of the whole scenario, run as one batch: a row for each seed, point of ``vary`` and start of an outage."""

    seeds: Annotated[int, Ge(1), Le(1_000_000), Unit("1")] = 1
    """Number of seeds; the k-th draws with seed ``seed + k``."""
    vary: Mapping[str, Annotated[tuple[float, ...], Len(1, 1_000_000)]] = field(default_factory=dict, hash=False)
    """Sizes in which rows differ: dotted keys (buildings.shop.devices.battery.energy_kwh) with lists of one length; the
    k-th point takes the k-th of each. All points share the draws of a seed."""
    outages: EnsembleOutages | None = None
    """An outage that starts elsewhere in every row."""

    @property
    def points(self) -> int:
        """Number of points of ``vary``, at least 1."""
        return max((len(values) for values in self.vary.values()), default=1)

    def rows(self, axis: TimeAxis | None, seed: int) -> int:
        """Number of rows."""
        if self.outages is None or axis is None:
            return self.seeds * self.points
        return self.seeds * self.points * max(len(self.outages.starts_s(axis, seed)), 1)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What the result folder keeps."""

    record: Literal["step", "slot", "none"] = "step"
    """Every step, means of the settlement slots, or no course of time at all: numbers of every row, and its outages. A
    large ensemble then needs little memory."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """All that a scenario file may say."""

    format: Literal[1]
    """Format of this file."""
    name: Text = ""
    """Title of the scenario, shown in reports."""
    description: Annotated[str, Len(0, 10_000)] = ""
    """What it is about; kept with the results."""
    name_ja: Text = ""
    """Title in Japanese; ``name`` stands there where it is not given."""
    description_ja: Annotated[str, Len(0, 10_000)] = ""
    """What it is about, in Japanese; ``description`` stands there where it is not given."""
    time: Time
    """Which time is simulated."""
    seed: Annotated[int, Ge(0), Le(2**53)] = 1
    """Seed of all random draws."""
    site: Place = Place()
    """Where the buildings stand."""
    tariff: Tariff = Tariff()
    """Contract of the community's point of connection, or of each building."""
    market: Annotated[Choice, Chooses("markets")] = field(default_factory=lambda: Choice.default("markets", "none"))
    """How neighbours trade."""
    bidder: Annotated[Forecasting, Chooses("bidders")] = field(default_factory=Forecasting.truthful)
    """How everybody bids in the market."""
    power_flow: Literal["off", "report", "control"] = "off"
    """Whether the network is solved: not at all, after the run, or inside it."""
    network: AnyNetwork | None = None
    """The wires that are solved; a generated street with its defaults where ``power_flow`` asks for one and nothing is
    said."""
    export: Literal["allowed", "forbidden"] = "allowed"
    """Whether power may flow out through the point of connection; over the utility's wires each building says so."""
    no_export: NoExport = NoExport()
    """How that is ensured, where it is forbidden."""
    wires: Literal["same_site", "private_line", "utility"] | None = None
    """Whose wires join the buildings, and thus which charges a shared kWh avoids; needed for two or more."""
    retailer: Retailer = field(default_factory=Retailer)
    """Who carries trade over the utility's wires; only with ``wires: utility``."""
    islanding_agreement: bool = False
    """Whether the network operator lets its wires be used as an island; only with ``wires: utility``."""
    island: Island = field(default_factory=Island)
    """Rules of an island."""
    cells: tuple[Cell, ...] = ()
    """Parts of the community that can live alone, each behind a switch."""
    buildings: Annotated[tuple[Building, ...], Len(1, 100_000)]
    """Who takes part."""
    outages: tuple[Annotated[Choice, Chooses("outages")], ...] = ()
    """When the grid is away."""
    ensemble: Ensemble = Ensemble()
    """Rows of random copies."""
    results: Recording = Recording()
    """What the result folder keeps."""
    co2_kg_per_kwh: Annotated[float, Ge(0), Le(10), Unit("kg/kWh")] = 0.42
    """CO2 of a kWh from the grid (assumed, of the order of the Japanese mean; put in your supplier's)."""
    finance: Finance | None = None
    """What money is worth over the years; its defaults if not given."""
    size: Sizing | None = None
    """What ``ysc size`` may choose from."""


@dataclass(frozen=True, kw_only=True)
class Scenario(Declared):
    """A scenario that has been read and checked."""

    folder: Path = field(default=Path(), compare=False)
    """Where the files that it names lie."""
    file: str = field(default="", compare=False)
    """The file it was read from."""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What is allowed, but looks wrong."""

    @cached_property
    def source_text(self) -> str:
        """The scenario as resolved: YAML with every default written out."""
        from ysc_sim.scenario.resolved import resolved_yaml

        return resolved_yaml(self)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of ``source_text``."""
        return sha256(self.source_text.encode()).hexdigest()

    def with_seed(self, seed: int) -> Scenario:
        """The same scenario with other random draws. Raises ``ValueError`` for a seed below 0."""
        if seed < 0:
            raise ValueError(f"seed(={seed}) must be ≥ 0.")
        return replace(self, seed=seed)

    def clock(self) -> TimeAxis | None:
        """The clock of the run; None where it is wrong, which the rules tell."""
        try:
            return None if self.time.days is None else self.time.axis
        except (ValueError, KeyError, OSError, OverflowError):
            return None

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Names of all buildings, copies counted one by one, in the order of the file."""
        return tuple(name for building in self.buildings for name in building.member_ids)

    def identity(self) -> dict[str, Any]:
        """What results must know: ``name``, ``description``, both in Japanese where given, ``sha256``, ``seed``,
        ``text`` (as resolved), ``inputs`` (name → SHA-256 of the files that it names).
        """
        from ysc_sim.scenario.named_files import named_files

        japanese = {"name_ja": self.name_ja, "description_ja": self.description_ja}
        return {
            "name": self.name,
            "description": self.description,
            **{key: said for key, said in japanese.items() if said},
            "sha256": self.sha256,
            "seed": self.seed,
            "text": self.source_text,
            "inputs": named_files(self.source_text, self.folder),
        }
