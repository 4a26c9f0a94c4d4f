"""Where all this comes from: scenario, seed, versions, residuals, assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, ClassVar

from ysc_sim.report.bilingual import Html, Label, Part, dated_instant, html, name, said, sentence, told
from ysc_sim.report.bill_notes import WARNINGS, warning_sentence
from ysc_sim.report.methods import methods
from ysc_sim.report.new_peaks import NOTE as NEW_PEAK
from ysc_sim.report.numbers import metric
from ysc_sim.report.reading import Reading
from ysc_sim.results.results import RESIDUALS
from ysc_sim.words import harmless as inert
from ysc_sim.words import has

LONGEST_SCENARIO = 100_000


class Provenance:
    """What somebody needs who wants to repeat the run, or to doubt it."""

    kind: ClassVar[str] = "provenance"
    order: ClassVar[int] = 110
    needs_course: ClassVar[bool] = False

    def title(self) -> Label:
        """Heading."""
        return said("report.provenance")

    def applies(self, results: Reading) -> bool:
        """Always."""
        return bool(results.manifest)

    def render(self, results: Reading, lang: str) -> Html:
        """Facts, notes on the inputs, and the scenario as it was resolved."""
        facts = "".join(f"<dt>{html(label)}</dt><dd>{html(value)}</dd>" for label, value in _facts(results))
        told = [note for note in results.manifest.get("notes", ()) if isinstance(note, Mapping)]
        notes = [_note(note) for note in told if note.get("key") != NEW_PEAK]
        listed = ""
        if notes:
            items = "".join(f"<li>{html(note)}</li>" for note in notes)
            listed = f"<h3>{html(said('report.notes'))}</h3><ul>{items}</ul>"
        text = results.scenario_yaml
        cut = html(said("report.scenario_cut")) if len(text) > LONGEST_SCENARIO else ""
        scenario = (
            f"<details><summary>{html(said('report.scenario_text'))}</summary>"
            f"<pre>{escape(_lines(text[:LONGEST_SCENARIO]))}</pre>{cut}</details>"
        )
        paragraph = f"<h3>{html(said('report.methods'))}</h3>{methods(results)}"
        return Html(f"<dl>{facts}</dl>{paragraph}{listed}{scenario}")


def _facts(results: Reading) -> Iterator[tuple[Label, Part]]:
    manifest = results.manifest
    clock, terms, scenario = manifest["time"], manifest["terms"], manifest["scenario"]
    yield said("report.scenario"), told(scenario, "name", 200)
    if scenario.get("description"):
        yield said("report.description"), told(scenario, "description", 1000)
    yield Label("SHA-256", "SHA-256"), Html(f"<code>{html(name(str(scenario['sha256']), 64))}</code>")
    yield said("report.seed"), str(manifest["seed"])
    if results.rows > 1:
        yield said("report.rows"), str(results.rows)
    began, ended = dated_instant(results.start), dated_instant(results.at(results.duration_s))
    zone = name(str(clock["zone"]))
    yield said("report.period"), Label(f"{began.en} – {ended.en} ({zone.en})", f"{began.ja}〜{ended.ja}({zone.ja})")
    yield said("report.step"), Label(f"{clock['step_s']} s", f"{clock['step_s']} 秒")
    wires = str(terms["wires"])
    yield said("report.wires"), said(f"report.wires_{wires}") if has(f"report.wires_{wires}") else name(wires)
    yield said("report.power_factor"), f"{terms['power_factor_percent']:g} %"
    yield said("report.co2"), f"{terms['co2_kg_per_kwh']:g} kg/kWh"
    for residual in RESIDUALS:
        if residual in results.metrics["community"]:
            yield said(f"metrics.{residual}"), metric(results, residual)
    versions = ", ".join(f"{key} {value}" for key, value in manifest["versions"].items() if value)
    yield said("report.versions"), name(f"ysc-sim {manifest['version']}, {versions}", 400)
    yield said("report.wall_time"), Label(f"{manifest['wall_time_s']:g} s", f"{manifest['wall_time_s']:g} 秒")


def _note(note: Mapping[str, Any]) -> Html | Label:
    """A note in words where there are some, else as it stands."""
    if note.get("key") in WARNINGS:
        return warning_sentence(note)
    key = f"report.note_{note.get('key', '')}"
    values = {str(gap): name(str(value)) for gap, value in note.items() if gap != "key"}
    if has(key):
        return sentence(key, **values)
    return name(", ".join(f"{gap}: {value}" for gap, value in note.items()), 300)


def _lines(text: str) -> str:
    """A text of several lines, each made harmless."""
    return "\n".join(inert(line, 400) for line in text.splitlines())
