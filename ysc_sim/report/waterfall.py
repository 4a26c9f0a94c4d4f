"""From today's bill to this one: what generation, stores, control and sharing each take off it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from ysc_sim.report.bilingual import Html, Label, Part, html, said, said_or
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.reading import Reading
from ysc_sim.report.tables import Head, table
from ysc_sim.units import MJPY_PER_JPY

STUDY = "stages"
FEWEST = 2


class Bar(NamedTuple):
    """One line of the figure: where its bar begins and ends, in thousandths of a yen."""

    label: Label
    css: str
    first_mjpy: int
    last_mjpy: int
    shown: Html


class Waterfall:
    """The bill in stages, as ``ysc run --stages`` stored it."""

    kind: ClassVar[str] = "waterfall"
    order: ClassVar[int] = 13

    def title(self) -> Label:
        """Heading."""
        return said("report.waterfall")

    def applies(self, results: Reading) -> bool:
        """Where the stages were asked for, and anything changes between them."""
        stages = stages_in(results.studies)
        return len(stages) >= FEWEST and any(stage["step_mjpy"] for stage in stages)

    def render(self, results: Reading, lang: str) -> Html:
        """Bars, then a table of what was left unserved."""
        stages = stages_in(results.studies)
        bars = list(bars_of(stages))
        low = min(0, *(min(bar.first_mjpy, bar.last_mjpy) for bar in bars))
        high = max(0, *(max(bar.first_mjpy, bar.last_mjpy) for bar in bars))
        lines = "".join(_line(bar, low, max(high - low, 1)) for bar in bars)
        note = html(said("report.waterfall_note"))
        return Html(
            f'<figure><div class="fall" style="--zero:{-low / max(high - low, 1):.4%}">{lines}</div>'
            f"<figcaption>{note}</figcaption></figure>{_table(stages)}"
        )


def stages_in(studies: Any) -> Sequence[dict[str, Any]]:
    """The stored stages, or nothing where they are not what was written."""
    stages = studies.get(STUDY, ())
    sound = isinstance(stages, list) and all(
        isinstance(stage, dict)
        and isinstance(stage.get("stage"), str)
        and all(isinstance(stage.get(key), int) for key in ("bill_mjpy", "step_mjpy"))
        and all(isinstance(value, int | float) for key, value in stage.items() if key != "stage")
        for stage in stages
    )
    return stages if sound else ()


def bars_of(stages: Sequence[dict[str, Any]]) -> Sequence[Bar]:
    """The first bill, each step that changed anything, the last bill."""
    bars = [Bar(_name(stages[0]), "total", 0, stages[0]["bill_mjpy"], yen(stages[0], 0, "bill_mjpy"))]
    for number, stage in enumerate(stages[1:], start=1):
        if stage["step_mjpy"]:
            before = stages[number - 1]["bill_mjpy"]
            side = "won" if stage["step_mjpy"] < 0 else "lost"
            bars.append(Bar(_name(stage), side, before, stage["bill_mjpy"], yen(stage, number, "step_mjpy")))
    last = yen(stages[-1], len(stages) - 1, "bill_mjpy")
    return [*bars, Bar(said("report.stage_result"), "total", 0, stages[-1]["bill_mjpy"], last)]


def yen(stage: dict[str, Any], number: int, key: str) -> Html:
    """A stored amount in yen; a step carries its sign."""
    value = stage[key] / MJPY_PER_JPY
    sign = "+" if key == "step_mjpy" and value > 0 else ""
    shown = stored(stage[key], f"{sign}{digits(value, 'JPY')}", f'data-study="{STUDY}.{number}.{key}"')
    return Html(f'{shown}<span class="u">{html(said("units.JPY"))}</span>')


def _name(stage: dict[str, Any]) -> Label:
    return said_or(f"report.stage_{stage['stage']}", stage["stage"])


def _line(bar: Bar, low: int, span: int) -> str:
    first, last = sorted((bar.first_mjpy, bar.last_mjpy))
    place = f"--from:{(first - low) / span:.4%};--size:{(last - first) / span:.4%}"
    return (
        f'<p class="{bar.css}"><span class="who">{html(bar.label)}</span>'
        f'<span class="track"><i style="{place}"></i></span><span class="sum">{bar.shown}</span></p>'
    )


def _table(stages: Sequence[dict[str, Any]]) -> str:
    if not all("unserved_kwh" in stage for stage in stages) or not any(stage["unserved_kwh"] for stage in stages):
        return ""
    heads = [
        Head(said("report.stage"), numeric=False),
        Head(said("metrics.bill_jpy")),
        Head(said("metrics.unserved_kwh"), said("units.kWh")),
    ]
    lines: list[list[Part]] = [
        [
            _name(stage),
            yen(stage, number, "bill_mjpy"),
            stored(stage["unserved_kwh"], digits(stage["unserved_kwh"]), f'data-study="{STUDY}.{number}.unserved_kwh"'),
        ]
        for number, stage in enumerate(stages)
    ]
    return table(heads, lines, said("report.stages_table"))
