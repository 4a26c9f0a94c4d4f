"""Peaks that control made: months and meters in which the largest half-hour is higher than without any control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from ysc_sim.report.bilingual import Html, Label, Part, html, month, name, said, sentence
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table

NOTE = "new_peak"
MOST_LINES = 60


class NewPeaks:
    """A warning, and which peaks they are."""

    kind: ClassVar[str] = "new_peaks"
    order: ClassVar[int] = 12
    needs_course: ClassVar[bool] = False

    def title(self) -> Label:
        """Heading."""
        return said("report.new_peaks")

    def applies(self, results: Reading) -> bool:
        """Where there are any."""
        return bool(new_peaks_of(results.manifest))

    def render(self, results: Reading, lang: str) -> Html:
        """What is paid for first, then what each meter drew."""
        found = new_peaks_of(results.manifest)
        billed = [note for note in found if note["billed"]]
        key = "report.new_peaks_billed" if billed else "report.new_peaks_not_billed"
        worst = max(billed or found, key=rise_kw)
        lead = sentence(key, count=str(len(billed or found)), kw=digits(rise_kw(worst)), who=who(worst))
        return Html(
            f'<p class="lead">⚠ {lead}</p>{_table(found)}<p class="note">{html(said("report.new_peaks_note"))}</p>'
        )


def new_peaks_of(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Notes of a result on new peaks: billed ones first, the highest rise first; damaged ones are left out."""
    found = [note for note in manifest.get("notes", ()) if isinstance(note, Mapping) and note.get("key") == NOTE]
    whole = [note for note in found if _is_whole(note)]
    return sorted(whole, key=lambda note: (not note["billed"], -rise_kw(note)))


def _is_whole(note: Mapping[str, Any]) -> bool:
    numbers = (note.get(key) for key in ("kw", "without_kw", "rows", "of"))
    texts = (note.get(key) for key in ("building", "month"))
    return (
        all(isinstance(number, int | float) and number == number for number in numbers)
        and all(isinstance(text, str) for text in texts)
        and isinstance(note.get("billed"), bool)
    )


def rise_kw(note: Mapping[str, Any]) -> float:
    """By how much the peak is higher."""
    return float(note["kw"]) - float(note["without_kw"])


def who(note: Mapping[str, Any]) -> Label:
    """The building, or the point of connection."""
    return name(note["building"]) if note["building"] else said("report.new_peaks_together")


def _table(found: Sequence[Mapping[str, Any]]) -> str:
    several = any(note["of"] > 1 for note in found)
    kw = Label("kW", "kW")
    heads = [
        Head(said("report.new_peaks_meter"), numeric=False),
        Head(said("report.new_peaks_month"), numeric=False),
        Head(said("report.new_peaks_kw"), kw),
        Head(said("report.new_peaks_without"), kw),
        Head(said("report.new_peaks_rise"), kw),
    ]
    if several:
        heads.append(Head(said("report.new_peaks_rows")))
    lines = [_line(note, number, several) for number, note in enumerate(found[:MOST_LINES])]
    more = ""
    if len(found) > MOST_LINES:
        more = f'<p class="more">{html(said("report.new_peaks_more", count=str(len(found) - MOST_LINES)))}</p>'
    return table(heads, lines, said("report.new_peaks_table")) + more


def _line(note: Mapping[str, Any], number: int, several: bool) -> list[Part]:
    label = who(note)
    unbilled = said("report.new_peaks_own") if not note["billed"] else Label("", "")
    cells: list[Part] = [Label(f"{label.en} {unbilled.en}".strip(), f"{label.ja}{unbilled.ja}"), _month(note["month"])]
    for key, value in (("kw", note["kw"]), ("without_kw", note["without_kw"]), ("rise_kw", rise_kw(note))):
        cells.append(stored(float(value), digits(float(value)), f'data-new-peak="{number}.{key}"'))
    if several:
        cells.append(f"{int(note['rows'])} / {int(note['of'])}")
    return cells


def _month(text: str) -> Part:
    try:
        moment = datetime.strptime(text, "%Y-%m")
    except ValueError:
        return name(text)
    label = month(moment)
    return Label(f"{label.en} {moment.year}", f"{moment.year} 年 {label.ja}")
