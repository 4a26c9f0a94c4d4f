"""What stands below the bills of a page: prices past their date, and what the plans' sources do not give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said, sentence
from ysc_sim.words.assumed import assumed_field, assumed_text

WARNINGS = (
    "price_outside_validity",
    "levy_outside_table",
    "contract_is_negotiated",
    "month_partly_covered",
    "peaks_not_resolved",
)
"""Notes of a run that its bills have made."""
MOST_PLANS = 12
LONGEST = 400


def bill_warnings_of(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Notes that say what a bill cannot be relied on for."""
    notes = manifest.get("notes", ())
    return [note for note in notes if isinstance(note, Mapping) and note.get("key") in WARNINGS]


def warning_sentence(note: Mapping[str, Any]) -> Html:
    """One of them in words."""
    values: dict[str, Part] = {
        key: f"{value:.6g}" if isinstance(value, float) else name(str(value))
        for key, value in note.items()
        if key != "key"
    }
    return sentence(f"problems.{note['key']}", **values)


def bill_notes(manifest: Mapping[str, Any]) -> Html:
    """Warnings as a list, and of each plan what was assumed, folded."""
    found = bill_warnings_of(manifest)
    listed = "".join(f"<li>{warning_sentence(note)}</li>" for note in found)
    parts = [f"<ul>{listed}</ul>"] if found else []
    parts += [_assumed(plan) for plan in manifest.get("plans", ())[:MOST_PLANS] if plan["assumed"]]
    return Html("".join(parts))


def _assumed(plan: Mapping[str, Any]) -> str:
    lines = "".join(
        f"<dt>{html(_in_both(assumed_field, field))}</dt><dd>{html(_in_both(assumed_text, text))}</dd>"
        for field, text in plan["assumed"].items()
    )
    summary = html(said("report.bills_assumed", plan=name(str(plan["plan"]))))
    return f"<details><summary>{summary}</summary><dl>{lines}</dl></details>"


def _in_both(word: Callable[[str, str], str], value: str) -> Label:
    """A word of a plan in both languages, made harmless."""
    return Label(name(word(value, "en"), LONGEST).en, name(word(value, "ja"), LONGEST).ja)
