"""Demand-response events: what was awarded, what was delivered, what is paid, and which event was the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from ysc_sim.report.bilingual import Html, Label, Part, html, instant, said, sentence
from ysc_sim.report.numbers import digits, percent, stored
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table

STUDY = "demand_response"
NUMBERS = (("award_kw", "kW"), ("baseline_kwh", "kWh"), ("delivered_kwh", "kWh"), ("payment_jpy", "JPY"))
MOST_LINES = 200


class DemandResponse:
    """Every event of a run, all called buildings together."""

    kind: ClassVar[str] = "demand_response"
    order: ClassVar[int] = 44

    def title(self) -> Label:
        """Heading."""
        return said("report.demand_response")

    def applies(self, results: Reading) -> bool:
        """Where events were settled."""
        return bool(events_in(results.studies))

    def render(self, results: Reading, lang: str) -> Html:
        """The worst event first, then the table."""
        events = events_in(results.studies)
        number = min(range(len(events)), key=lambda k: float(events[k]["ratio"]))
        worst = events[number]
        shown = stored(float(worst["ratio"]), percent(float(worst["ratio"])), f'data-study="{STUDY}.{number}.ratio"')
        lead = sentence("report.demand_response_lead", count=str(len(events)), ratio=shown, when=_when(worst))
        note = html(said("report.demand_response_note"))
        rest = _unsettled(results.studies)
        return Html(f'<p class="lead">{lead}</p>{_table(events)}{rest}<p class="note">{note}</p>')


def events_in(studies: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Settled events of a result; what is damaged is left out."""
    kept = studies.get(STUDY)
    if not isinstance(kept, Sequence) or isinstance(kept, str):
        return []
    return [event for event in kept if isinstance(event, Mapping) and _is_whole(event)]


def _unsettled(studies: Mapping[str, Any]) -> str:
    """Which events have no baseline; nothing where all have one."""
    rest = [event for event in studies[STUDY] if isinstance(event, Mapping) and event.get("ratio", 0) is None]
    found = {str(event.get("start")): _when(event) for event in rest}
    if not found:
        return ""
    shown = list(found.values())[:MOST_LINES]
    when = Label("; ".join(label.en for label in shown), "、".join(label.ja for label in shown))
    return f"<p>{sentence('report.demand_response_unsettled', count=str(len(found)), when=when)}</p>"


def _is_whole(event: Mapping[str, Any]) -> bool:
    keys = ("event", "row", "sites", "ratio", *(key for key, _ in NUMBERS))
    return isinstance(event.get("start"), str) and all(
        isinstance(event.get(key), int | float) and event[key] == event[key] for key in keys
    )


def _table(events: Sequence[Mapping[str, Any]]) -> str:
    several = len({event["row"] for event in events}) > 1
    heads = [Head(said("report.demand_response_event"), numeric=False)]
    if several:
        heads.append(Head(said("report.demand_response_row")))
    heads.append(Head(said("report.demand_response_sites")))
    # Without a price every payment is nothing, and says nothing.
    columns = [(key, unit) for key, unit in NUMBERS if key != "payment_jpy" or any(event[key] for event in events)]
    heads += [
        Head(said(f"report.demand_response_{key}"), Label(unit, "円" if unit == "JPY" else unit))
        for key, unit in columns
    ]
    heads.append(Head(said("report.demand_response_ratio"), Label("%", "%")))
    lines = [_line(event, number, several, columns) for number, event in enumerate(events[:MOST_LINES])]
    return table(heads, lines, said("report.demand_response_table"))


def _line(event: Mapping[str, Any], number: int, several: bool, columns: Sequence[tuple[str, str]]) -> list[Part]:
    cells: list[Part] = [_when(event)]
    if several:
        cells.append(str(int(event["row"])))
    cells.append(str(int(event["sites"])))
    for key, unit in columns:
        value = float(event[key])
        cells.append(stored(value, digits(value, unit), f'data-study="{STUDY}.{number}.{key}"'))
    ratio = float(event["ratio"])
    cells.append(stored(ratio, percent(ratio), f'data-study="{STUDY}.{number}.ratio"'))
    return cells


def _when(event: Mapping[str, Any]) -> Label:
    try:
        return instant(datetime.fromisoformat(str(event["start"])))
    except ValueError:
        return Label("–", "–")
