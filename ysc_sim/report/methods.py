"""A methods paragraph that can stand in a paper: what was simulated, with which models, version and seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from ysc_sim.documents import parse_yaml
from ysc_sim.errors import ScenarioError
from ysc_sim.report.bilingual import Html, day, html, in_a_row, name, said, sentence, told
from ysc_sim.report.numbers import has, metric
from ysc_sim.report.reading import Reading
from ysc_sim.words import has as known

SHORT_DIGEST = 16


def methods(results: Reading) -> Html:
    """The paragraph in both languages; what the stored scenario does not tell is left out."""
    sentences = [*_run(results), *_models(_scenario(results)), *_checks(results)]
    return Html(f'<blockquote class="methods">{in_a_row(*sentences)}</blockquote>')


def _run(results: Reading) -> Iterator[Html]:
    manifest = results.manifest
    clock, versions = manifest["time"], manifest["versions"]
    end = results.at(results.duration_s) - timedelta(seconds=1)
    yield sentence(
        "report.methods_tool",
        version=name(str(manifest["version"])),
        python=name(str(versions.get("python", ""))),
        numpy=name(str(versions.get("numpy", ""))),
    )
    yield sentence(
        "report.methods_run",
        scenario=told(manifest["scenario"], "name").map(lambda title: title or "–"),
        digest=name(str(manifest["scenario"]["sha256"])[:SHORT_DIGEST]),
        buildings=str(len(results.buildings)),
        first=day(results.start, year=True),
        last=day(end, year=True),
        step=str(clock["step_s"]),
        seed=str(manifest["seed"]),
    )
    if results.rows > 1:
        yield sentence("report.methods_rows", rows=str(results.rows))


def _scenario(results: Reading) -> Mapping[str, Any]:
    """The resolved scenario as data; nothing where it cannot be read."""
    try:
        data = parse_yaml(results.scenario_yaml, "scenario.yaml").data
    except ScenarioError:
        return {}
    return data if isinstance(data, Mapping) else {}


def _models(scenario: Mapping[str, Any]) -> Iterator[Html]:
    devices, strategies = kinds_of(scenario)
    if devices:
        yield sentence("report.methods_devices", list=_listed(devices))
    if strategies:
        yield sentence("report.methods_strategies", list=_listed(strategies))
    market = _kind(scenario.get("market"))
    if market and market != "none":
        bidder = scenario.get("bidder")
        forecast = _kind(bidder.get("forecast")) if isinstance(bidder, Mapping) else ""
        yield sentence(
            "report.methods_market", market=_code(market), bidder=_code(_kind(bidder)), forecast=_code(forecast)
        )
    tariff = scenario.get("tariff")
    if isinstance(tariff, Mapping):
        yield sentence("report.methods_tariff", plan=_code(str(tariff.get("plan", ""))))
    power_flow = str(scenario.get("power_flow", "off"))
    if known(f"report.methods_flow_{power_flow}"):
        yield html(said(f"report.methods_flow_{power_flow}"))


def kinds_of(scenario: Mapping[str, Any]) -> tuple[Counter[str], Counter[str]]:
    """How many devices of each kind, and how many buildings under each strategy; copies counted one by one.

    >>> devices, strategies = kinds_of({"buildings": [{"count": 3, "devices": [{"kind": "solar"}]}]})
    >>> dict(devices), dict(strategies)
    ({'solar': 3}, {})
    """
    devices: Counter[str] = Counter()
    strategies: Counter[str] = Counter()
    buildings = scenario.get("buildings")
    for building in buildings if isinstance(buildings, list) else ():
        if not isinstance(building, Mapping):
            continue
        count = building.get("count", 1)
        copies = count if isinstance(count, int) else 1
        for device in building.get("devices") or ():
            devices[_kind(device)] += copies
        if kind := _kind(building.get("strategy")):
            strategies[kind] += copies
    return devices, strategies


def _kind(choice: Any) -> str:
    return str(choice.get("kind", "")) if isinstance(choice, Mapping) else ""


def _code(kind: str) -> Html:
    return Html(f"<code>{html(name(kind))}</code>")


def _listed(counts: Counter[str]) -> Html:
    """``battery (9), load (15)``"""
    return Html(", ".join(f"{_code(kind)} ({count})" for kind, count in sorted(counts.items())))


def _checks(results: Reading) -> Iterator[Html]:
    names = {"energy": "energy_residual_kwh", "ledger": "ledger_residual_mwh", "money": "money_residual_jpy"}
    if has(results, *names.values()):
        yield sentence("report.methods_checks", **{gap: metric(results, number) for gap, number in names.items()})
