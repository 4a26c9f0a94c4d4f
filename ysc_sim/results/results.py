"""Results of a run: numbers, tables, where they came from; stored and read back without loss.

A fresh result makes its tables from the run's arrays, a loaded one from parquet files; nothing else differs.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ysc_sim.errors import PluginError, ResultError
from ysc_sim.results import frames
from ysc_sim.results.arrays import RunArrays
from ysc_sim.results.assemble import assemble_metrics
from ysc_sim.results.files import (
    FORMAT,
    MANIFEST,
    METRICS,
    PACKAGE,
    REPORT,
    SCENARIO,
    STUDIES,
    TABLE_SUFFIX,
    file_sha256,
    json_text,
    read_json,
    read_text,
    write_folder,
)
from ysc_sim.results.parquet import MOST_CELLS, read_parquet, write_parquet
from ysc_sim.results.shape import wrong_in_manifest, wrong_in_metrics
from ysc_sim.results.tables import Columns, completed, digest_of, to_frame, zone_name

if TYPE_CHECKING:
    import pandas as pd

    from ysc_sim import Plots
    from ysc_sim.contracts import Metric, MetricInfo, MetricValues

TABLE_NAMES = (*frames.TABLES, "power_flow", "network_day", "rows")
DIGESTED = ("community", "buildings", "trades", "bills")
NOT_DIGESTED = (
    "loss_kwh",
    "min_voltage_pu",
    "max_voltage_pu",
    "voltage_violation_h",
    "max_line_loading_percent",
    "max_transformer_loading_percent",
)
"""Power-flow numbers agree within 1e-10, not bit by bit."""
RESIDUALS = ("energy_residual_kwh", "ledger_residual_mwh", "meter_rounding_mwh", "money_residual_jpy")
VERSIONS = ("numpy", "simpy", "pydantic", "PyYAML", "pandas", "pyarrow", "pvlib")


class _Tables(Protocol):
    """Where the tables of a result come from."""

    zone: str

    def names(self) -> Sequence[str]: ...

    def chunks(self, name: str) -> Iterable[Columns]: ...


class _FromArrays:
    """Tables made from a finished run."""

    def __init__(self, arrays: RunArrays) -> None:
        self.arrays = arrays
        self.zone = zone_name(arrays.axis.start.tzinfo)

    def names(self) -> Sequence[str]:
        return frames.tables_of(self.arrays)

    def chunks(self, name: str) -> Iterator[Columns]:
        return frames.chunks(self.arrays, name)


class _FromFolder:
    """Tables read from a result folder, when they are asked for, after a look at their checksum."""

    def __init__(self, folder: Path, zone: str, files: Mapping[str, Any], most_cells: int) -> None:
        self.folder, self.zone, self.files, self.most_cells = folder, zone, files, most_cells

    def names(self) -> Sequence[str]:
        return [name for name in TABLE_NAMES if name + TABLE_SUFFIX in self.files]

    def chunks(self, name: str) -> Iterator[Columns]:
        path = self.folder / (name + TABLE_SUFFIX)
        if file_sha256(path) != self.files[path.name]:
            raise ResultError("result_changed", path=str(path))
        return read_parquet(path, self.most_cells)


IDENTITY = ("name", "description", "name_ja", "description_ja", "sha256")
"""What the manifest keeps of a scenario; in Japanese where it was given."""


class Results:
    """What a run leaves to its readers. Made by the engine (:meth:`of_run`) or by :func:`load_results`.

    ``metrics`` is ``metrics.json`` as a dictionary, ``manifest`` what is known of the run itself,
    ``scenario_yaml`` the scenario as resolved, ``arrays`` the run's arrays (None where the result was loaded
    from a folder, or no course of time was recorded). ``studies``: what was asked beside the run (name → plain
    data), stored as ``studies.json``.
    """

    def __init__(
        self,
        *,
        manifest: Mapping[str, Any],
        metrics: Mapping[str, Any],
        scenario_yaml: str,
        tables: _Tables,
        arrays: RunArrays | None = None,
        studies: Mapping[str, Any] | None = None,
    ) -> None:
        self.manifest = dict(manifest)
        self.metrics = dict(metrics)
        self.scenario_yaml = scenario_yaml
        self.arrays = arrays
        self.studies = dict(studies or {})
        self._tables = tables

    @classmethod
    def of_run(
        cls, arrays: RunArrays, metrics: Iterable[Metric], *, scenario: Mapping[str, Any], wall_s: float
    ) -> Results:
        """Measure a finished run. ``scenario``: name, description, sha256, seed, text and, where files were named,
        inputs (``Scenario.identity()``).
        """
        return cls.of_values(arrays, *measure(arrays, metrics), scenario=scenario, wall_s=wall_s)

    @classmethod
    def of_values(
        cls,
        arrays: RunArrays,
        values: Sequence[MetricValues],
        infos: Mapping[str, MetricInfo],
        *,
        scenario: Mapping[str, Any],
        wall_s: float,
    ) -> Results:
        """The same where metrics have been computed: see :func:`measure`."""
        numbers = assemble_metrics(values, infos, arrays.buildings, arrays.seeds)
        manifest = _manifest(arrays, numbers, infos, scenario, wall_s)
        return cls(
            manifest=manifest,
            metrics=numbers,
            scenario_yaml=str(scenario["text"]),
            tables=_FromArrays(arrays),
            arrays=None if arrays.row_numbers else arrays,
        )

    @property
    def buildings(self) -> tuple[str, ...]:
        """Identifiers of the buildings, in order."""
        return tuple(sorted(self.metrics["buildings"]))

    @property
    def plot(self) -> Plots:
        """Figures: ``results.plot.demand()`` and so on, each a plotly figure (:class:`ysc_sim.Plots`)."""
        import ysc_sim  # the package's face knows where they are drawn; results do not

        return ysc_sim.Plots(self)

    @property
    def frames(self) -> tuple[str, ...]:
        """Names that :meth:`frame` knows in this result."""
        return tuple(self._tables.names())

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a pandas frame of its own: community, buildings, trades, bills, events, outages,
        power_flow.

        Raises ``ResultError`` where the run has no such table, or the stored one cannot be trusted.
        """
        if name not in self._tables.names():
            raise ResultError("result_no_table", name=name, known=", ".join(self._tables.names()))
        return completed(name, to_frame(self._tables.chunks(name), self._tables.zone))

    def digest(self) -> str:
        """SHA-256 of metrics, energy, trade and money, power flow apart: equal where these are equal."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        kept = {
            "community": _without_power_flow(self.metrics["community"]),
            "buildings": {name: _without_power_flow(own) for name, own in self.metrics["buildings"].items()},
        }
        whole = hashlib.sha256(json_text(kept).encode())
        for name in DIGESTED:
            whole.update(digest_of(self._tables.chunks(name)).encode())
        return whole.hexdigest()

    def save(self, folder: str | Path, report_html: str | None = None) -> Path:
        """Write the result folder, complete or not at all, and return its path.

        Raises ``ResultError`` where something else stands there, or the disk refuses.
        """
        write_folder(Path(folder), lambda partial: self._fill(partial, report_html))
        return Path(folder)

    def _fill(self, folder: Path, report_html: str | None) -> None:
        def put(name: str, text: str) -> None:
            (folder / name).write_text(text, encoding="utf-8", newline="\n")

        put(SCENARIO, self.scenario_yaml)
        put(METRICS, json_text(self.metrics))
        if self.studies:
            put(STUDIES, json_text({"format": FORMAT, **self.studies}))
        for name in self._tables.names():
            write_parquet(folder / (name + TABLE_SUFFIX), self._tables.chunks(name), self._tables.zone)
        files = {path.name: file_sha256(path) for path in sorted(folder.iterdir())}
        put(MANIFEST, json_text({**self.manifest, "digest": self.digest(), "files": files}))
        if report_html is not None:
            put(REPORT, report_html)


def load_results(folder: str | Path, *, most_cells: int = MOST_CELLS) -> Results:
    """The result that is stored in ``folder``; tables are read when they are asked for.

    ``most_cells`` bounds rows × columns of a table. Raises ``ResultError`` for a folder that is not a result,
    was changed after it was written, or is of a format that this version does not read.
    """
    folder = Path(folder)
    manifest = read_json(folder / MANIFEST)
    if manifest.get("package") != PACKAGE:
        raise ResultError("not_a_result", path=str(folder))
    if wrong := wrong_in_manifest(manifest):
        raise ResultError("result_damaged", path=str(folder / MANIFEST), reason=wrong)
    files = manifest.pop("files")
    manifest.pop("digest")
    for name in (METRICS, SCENARIO, *((STUDIES,) if STUDIES in files else ())):
        if file_sha256(folder / name) != files.get(name):
            raise ResultError("result_changed", path=str(folder / name))
    metrics = read_json(folder / METRICS)
    if wrong := wrong_in_metrics(metrics):
        raise ResultError("result_damaged", path=str(folder / METRICS), reason=wrong)
    tables = _FromFolder(folder, manifest["time"]["zone"], files, most_cells)
    if missing := [name for name in frames.TABLES if name not in tables.names()]:
        raise ResultError("file_missing", path=str(folder / (missing[0] + TABLE_SUFFIX)))
    studies = read_json(folder / STUDIES) if STUDIES in files else {}
    studies.pop("format", None)
    text = read_text(folder / SCENARIO)
    return Results(manifest=manifest, metrics=metrics, scenario_yaml=text, tables=tables, studies=studies)


def measure(arrays: RunArrays, metrics: Iterable[Metric]) -> tuple[list[MetricValues], dict[str, MetricInfo]]:
    """What each metric says of a finished run, and what its names mean."""
    values: list[MetricValues] = []
    infos: dict[str, MetricInfo] = {}
    for metric in metrics:
        _declare(infos, metric.defines)
        values.append(metric.compute(arrays))
        _declare(infos, values[-1].infos)
    return values, infos


def _declare(infos: dict[str, MetricInfo], defines: Mapping[str, MetricInfo]) -> None:
    for name, info in defines.items():
        if name in infos:
            raise PluginError("metric_twice", name=name)
        infos[name] = info


def _without_power_flow(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if not name.startswith(NOT_DIGESTED)}


def _manifest(
    arrays: RunArrays,
    metrics: Mapping[str, Any],
    infos: Mapping[str, MetricInfo],
    scenario: Mapping[str, Any],
    wall_s: float,
) -> dict[str, Any]:
    """What is known of the run itself: identity, clock, versions, residuals, what the reader must know."""
    axis = arrays.axis
    community = metrics["community"]
    network = {} if arrays.power_flow is None else {"network": arrays.power_flow.summary()}
    return {
        "format": FORMAT,
        "package": PACKAGE,
        "version": _version(PACKAGE),
        "scenario": {key: scenario[key] for key in IDENTITY if key in scenario},
        "inputs": dict(scenario.get("inputs", {})),
        "seed": scenario["seed"],
        "rows": len(arrays.seeds),
        "time": {
            "start": axis.start.isoformat(),
            "zone": zone_name(axis.start.tzinfo),
            "step_s": axis.step_s,
            "count": axis.count,
            "slot_s": axis.slot_s,
            "record_s": arrays.record_s,
        },
        "terms": {
            "wires": arrays.wires,
            "one_contract": arrays.community_contract_kw is not None,
            "power_factor_percent": arrays.power_factor_percent,
            "co2_kg_per_kwh": arrays.co2_kg_per_kwh,
        },
        **network,
        **({"shared_kwh": [dict(contract) for contract in arrays.shared_kwh]} if arrays.shared_kwh else {}),
        **({"plans": [dict(plan) for plan in arrays.plans]} if arrays.plans else {}),
        "better": {name: info.better for name, info in infos.items() if name in metrics["units"]},
        "residuals": {name: community[name] for name in RESIDUALS if name in community},
        "notes": [dict(note) for note in arrays.notes],
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in VERSIONS}},
        "wall_time_s": round(wall_s, 3),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
