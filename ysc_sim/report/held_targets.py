"""Whether targets held: in how many of the draws each was broken, and what a break costs in twelve months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ysc_sim.report.bilingual import Html, Label, Part, html, in_a_row, name, said, sentence
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table

STUDY = "held_targets"
KW, YEN = Label("kW", "kW"), Label("JPY", "円")
NUMBERS = (
    ("target_kw", KW),
    ("mean_kw", KW),
    ("worst_kw", KW),
    ("worst_break_jpy", YEN),
    ("expected_break_jpy", YEN),
)
MOST_LINES = 200
DAY_S, DAYS_OF_YEAR = 86_400, 365


class HeldTargets:
    """Every target that the scenario names."""

    kind: ClassVar[str] = "held_targets"
    order: ClassVar[int] = 43

    def title(self) -> Label:
        """Heading."""
        return said("report.held_targets")

    def applies(self, results: Reading) -> bool:
        """Where a strategy has a target."""
        return bool(targets_in(results.studies))

    def render(self, results: Reading, lang: str) -> Html:
        """The one that was broken most often first in words, then the table."""
        found = targets_in(results.studies)
        worst = max(found, key=lambda line: (line["broken"] / max(line["rows"], 1), line["worst_break_jpy"]))
        key = "report.held_targets_lead" if worst["broken"] else "report.held_targets_held"
        lead = sentence(key, who=_who(worst), broken=str(int(worst["broken"])), rows=str(int(worst["rows"])))
        short = html(said("report.held_targets_short")) if results.duration_s < DAYS_OF_YEAR * DAY_S else ""
        note = html(said("report.held_targets_note"))
        return Html(f'<p class="lead">{lead}</p>{_table(found)}<p class="note">{in_a_row(note, short)}</p>')


def targets_in(studies: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Targets of a result; what is damaged is left out."""
    kept = studies.get(STUDY)
    if not isinstance(kept, Sequence) or isinstance(kept, str):
        return []
    return [line for line in kept if isinstance(line, Mapping) and _is_whole(line)]


def _is_whole(line: Mapping[str, Any]) -> bool:
    keys = ("rows", "broken", *(key for key, _ in NUMBERS))
    return isinstance(line.get("building"), str) and all(
        isinstance(line.get(key), int | float) and abs(line[key]) < float("inf") for key in keys
    )


def _who(line: Mapping[str, Any]) -> Label:
    return name(line["building"]) if line["building"] else said("report.new_peaks_together")


def _table(found: Sequence[Mapping[str, Any]]) -> str:
    heads = [Head(said("report.new_peaks_meter"), numeric=False)]
    heads += [Head(said(f"report.held_targets_{key}"), unit) for key, unit in NUMBERS]
    heads.append(Head(said("report.held_targets_broken")))
    lines: list[list[Part]] = []
    for number, line in enumerate(found[:MOST_LINES]):
        cells: list[Part] = [_who(line)]
        for key, _ in NUMBERS:
            value = float(line[key])
            shown = digits(value, "JPY" if key.endswith("_jpy") else "kW")
            cells.append(stored(value, shown, f'data-study="{STUDY}.{number}.{key}"'))
        cells.append(f"{int(line['broken'])} / {int(line['rows'])}")
        lines.append(cells)
    return table(heads, lines, said("report.held_targets_table"))
