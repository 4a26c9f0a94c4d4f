"""A stored run, repeated: the same scenario, seed and input files, then the same numbers or which are not.

Numbers of metrics, energy, trade and money are equal bit by bit where nothing but the machine differs. Power flow
agrees within ``POWER_FLOW_TOLERANCE``, as its linear algebra may add in another order, and so does everything under
``power_flow: control``, where losses are part of the balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ysc_sim.documents.files import inside
from ysc_sim.engine.simulate import run
from ysc_sim.errors import Problem, ResultError, ScenarioError
from ysc_sim.results import Results, load_results
from ysc_sim.results.files import MANIFEST, SCENARIO, file_sha256, read_json, read_text
from ysc_sim.results.results import NOT_DIGESTED
from ysc_sim.scenario import Scenario, parse_scenario

POWER_FLOW_TOLERANCE = 1e-6
"""Relative; the same as of the shipped expected metrics."""


@dataclass(frozen=True)
class Difference:
    """A number that came out otherwise; None where one side has none."""

    building: str
    """Empty for the community."""
    metric: str
    stored: float | None
    found: float | None


@dataclass(frozen=True)
class Replay:
    """What came of repeating a stored run."""

    results: Results
    """Of the second run."""
    stored_digest: str
    digest: str
    differences: tuple[Difference, ...]
    """Metrics that differ: at all, or for power flow beyond its tolerance."""
    versions: Mapping[str, tuple[str, str]]
    """Package → version then and now, where they differ."""
    bit_by_bit: bool
    """Whether equal bits are promised: not under ``power_flow: control``."""

    @property
    def identical(self) -> bool:
        """Whether metrics, energy, trade and money are the same bit by bit, and power flow within its tolerance."""
        return not self.differences and (self.digest == self.stored_digest or not self.bit_by_bit)


def stored_scenario(manifest: str | Path, inputs: str | Path = ".") -> Scenario:
    """The scenario of a stored run, with its input files from ``inputs`` after a look at their checksums.

    ``manifest``: the file, or its folder. Raises ``ResultError`` and ``ScenarioError``.
    """
    folder = _folder_of(Path(manifest))
    stored = read_json(folder / MANIFEST)
    named = stored.get("inputs", {})
    if not isinstance(named, dict):
        raise ResultError("result_damaged", path=str(folder / MANIFEST), reason="inputs")
    problems = list(_changed(named, Path(inputs)))
    if problems:
        raise ScenarioError(problems)
    load_results(folder)
    return parse_scenario(read_text(folder / SCENARIO), folder=inputs, name=SCENARIO)


def replay(manifest: str | Path, inputs: str | Path = ".", *, progress: bool = False) -> Replay:
    """Run a stored scenario again and hold the numbers against the stored ones.

    ``inputs`` is the folder of the files that the scenario names. Raises ``ResultError`` where the stored result was
    changed or is none, ``ScenarioError`` where an input is missing, was changed, or is refused by this version.
    """
    folder = _folder_of(Path(manifest))
    scenario = stored_scenario(folder, inputs)
    kept = read_json(folder / MANIFEST)
    before = load_results(folder)
    results = run(scenario, progress=progress)
    bit_by_bit = scenario.power_flow != "control"
    return Replay(
        results,
        str(kept.get("digest")),
        results.digest(),
        tuple(_differences(before.metrics, results.metrics, loosely=not bit_by_bit)),
        _other_versions(before.manifest, results.manifest),
        bit_by_bit,
    )


def _folder_of(manifest: Path) -> Path:
    """The result folder of a manifest, which may itself be named."""
    return manifest if manifest.is_dir() else manifest.parent


def _changed(named: Mapping[str, Any], inputs: Path) -> Iterator[Problem]:
    for name, digest in named.items():
        try:
            if file_sha256(inside(inputs, str(name))) != digest:
                yield Problem("replay_input_changed", {"path": str(name), "folder": str(inputs)})
        except ScenarioError:
            yield Problem("replay_input_missing", {"path": str(name), "folder": str(inputs)})


def _differences(stored: Mapping[str, Any], found: Mapping[str, Any], *, loosely: bool) -> Iterator[Difference]:
    places = sorted({*stored["buildings"], *found["buildings"]})
    pairs = [("", stored["community"], found["community"])]
    pairs += [(name, stored["buildings"].get(name, {}), found["buildings"].get(name, {})) for name in places]
    for place, old, new in pairs:
        for metric in sorted({*old, *new}):
            a, b = old.get(metric), new.get(metric)
            if not _same(a, b, loosely or metric.startswith(NOT_DIGESTED)):
                yield Difference(place, metric, a, b)


def _same(a: float | None, b: float | None, loosely: bool) -> bool:
    """Equal, or equal within the tolerance of power flow.

    >>> _same(1.0, 1.0 + 1e-9, True), _same(1.0, 1.0 + 1e-9, False), _same(None, 1.0, True)
    (True, False, False)
    """
    if a is None or b is None or not loosely:
        return a == b
    return abs(a - b) <= POWER_FLOW_TOLERANCE * max(abs(a), abs(b), 1.0)


def _other_versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    old = {"ysc-sim": str(then.get("version")), **then.get("versions", {})}
    new = {"ysc-sim": str(now.get("version")), **now.get("versions", {})}
    return {name: (str(old.get(name, "")), new[name]) for name in new if old.get(name) != new[name]}
