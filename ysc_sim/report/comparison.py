"""The page of a comparison: the verdict first, every number behind it, then what differs in the inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ysc_sim.report.bilingual import Html, Label, Part, html, name, said, said_or, sentence
from ysc_sim.report.mechanisms import mechanisms_part
from ysc_sim.report.numbers import MINUS, of_metric
from ysc_sim.report.page import document, page_header
from ysc_sim.report.sections import PagePart
from ysc_sim.report.strategies_part import strategies_part
from ysc_sim.report.tables import Head, table
from ysc_sim.results.files import replace_text
from ysc_sim.study.bound import Values
from ysc_sim.study.comparison import Comparison, Difference, Outcome, Pairing

if TYPE_CHECKING:
    import pandas as pd

NOTHING = Html("")
GROUPS = (
    ("compare_better", (Outcome.BETTER,)),
    ("compare_worse", (Outcome.WORSE,)),
    ("compare_changed", (Outcome.HIGHER, Outcome.LOWER)),
    ("compare_not_shown", (Outcome.NOT_SHOWN,)),
    ("compare_equal", (Outcome.EQUAL,)),
)
COLOURS = {Outcome.BETTER: "var(--wind)", Outcome.WORSE: "var(--limit)"}
WIDE, HIGH = 120, 12
"""Size of the bar of a difference."""


def write_comparison(path: Path, comparison: Comparison, lang: str, strategies: pd.DataFrame | None = None) -> Path:
    """Write the page; returns its path. Raises ``ResultError``."""
    replace_text(path, build_comparison(comparison, lang, strategies))
    return path


def build_comparison(comparison: Comparison, lang: str, strategies: pd.DataFrame | None = None) -> str:
    """The page as one HTML document that opens in ``lang``.

    ``strategies``: the runs' costs beside no control and the bound (``ysc_sim.study.strategies.against_bound``).
    """
    title = said("report.compare_title", baseline=name(comparison.names[0]))
    runs = [name(other) for other in comparison.names[1:]]
    below = "".join(f'<p class="facts">{html(run)}</p>' for run in runs)
    parts = [PagePart("verdict", said("report.compare_verdict"), _verdicts(comparison))]
    if strategies is not None:
        parts.append(strategies_part(strategies, Values()))
    mechanisms = mechanisms_part(comparison.names, comparison.results)
    if mechanisms is not None:  # who looks at rules of sharing asks who gains; the community's bill is the same
        parts.insert(0, mechanisms)
    parts.append(PagePart("differences", said("report.compare_all"), _all(comparison)))
    if comparison.inputs:
        parts.append(PagePart("inputs", said("report.compare_inputs"), _inputs(comparison)))
    parts.append(PagePart("runs", said("report.compare_runs"), _runs(comparison)))
    return document(title, page_header(title, said("report.compare_eyebrow"), below, lang), parts, lang)


def _verdicts(comparison: Comparison) -> Html:
    """A paragraph for each run, and a table of the main numbers where one differs."""
    blocks = []
    for run in range(1, len(comparison.results)):
        found = comparison.verdict(run)
        heading = said("report.compare_against", name=name(comparison.names[run]), baseline=name(comparison.names[0]))
        blocks.append(f"<h3>{html(heading)}</h3>")
        blocks += [f'<p class="lead">{html(part)}</p>' for part in verdict_labels(found)]
        blocks.append(f"<p>{html(pairing_label(comparison, run))}</p>")
        if not all_equal(found):
            blocks.append(_differences(found, comparison.names[0], comparison.names[run]))
    return Html("".join(blocks))


def all_equal(found: list[Difference]) -> bool:
    """Whether a table would say nothing that the sentence above it does not say."""
    return all(difference.outcome is Outcome.EQUAL for difference in found)


def verdict_labels(found: list[Difference]) -> list[Label]:
    """The verdict in sentences, in both languages."""
    labels = []
    for key, outcomes in GROUPS:
        members = [difference for difference in found if difference.outcome in outcomes]
        if members:
            listed = [_short(difference) for difference in members]
            both = Label("; ".join(label.en for label in listed), "、".join(label.ja for label in listed))
            labels.append(said(f"report.{key}", list=both))
    return labels


def _short(difference: Difference) -> Label:
    """A number's name, with its difference where there is one to speak of."""
    title = said_or(f"metrics.{difference.metric}", difference.metric)
    if difference.outcome in (Outcome.EQUAL, Outcome.NOT_SHOWN):
        return title
    shown, unit = _signed(difference, difference.difference)
    relative = difference.percent if "_ratio" not in difference.metric else None
    percent = "" if relative is None else f" ({_plus(relative)} %)"
    return Label(*(f"{t} {shown} {u}{percent}".replace("  ", " ") for t, u in zip(title, unit, strict=True)))


def _signed(difference: Difference, value: float) -> tuple[str, Label]:
    """A difference with its sign, in the unit in which its number is shown; of percents, in points."""
    shown, unit = of_metric(difference.metric, value, difference.unit)
    if unit.en == "%":
        unit = said("report.compare_points")
    return (shown if shown.startswith(MINUS) or value == 0 else f"+{shown}"), unit


def _plus(percent: float) -> str:
    shown = f"{abs(percent):.1f}"
    return f"{MINUS if percent < 0 else '+'}{shown}"


def pairing_label(comparison: Comparison, run: int) -> Label:
    """On what the verdict stands."""
    pairing = comparison.pairing(run)
    rows = min(int(comparison.results[k].manifest.get("rows", 1)) for k in (0, run))
    keys = {
        Pairing.PAIRED: "pairing_paired",
        Pairing.INDEPENDENT: "pairing_independent",
        Pairing.SINGLE: "pairing_single",
        Pairing.OTHER_TIME: "pairing_other_time",
    }
    return said(f"report.{keys[pairing]}", rows=str(rows))


def _differences(found: list[Difference], baseline: str, other: str) -> Html:
    heads = [
        Head(said("report.number"), numeric=False),
        Head(name(baseline)),
        Head(name(other)),
        Head(said("report.compare_difference")),
        Head(said("report.compare_percent")),
        Head(said("report.compare_interval")),
        Head(said("report.compare_outcome"), numeric=False),
        Head(Label("", ""), numeric=False),
    ]
    largest = max((abs(d.percent) for d in found if d.percent is not None), default=0.0)
    return table(heads, [_line(d, largest) for d in found], said("report.compare_table"))


def _line(difference: Difference, largest: float) -> list[Part]:
    base, unit = of_metric(difference.metric, difference.base, difference.unit)
    value, _ = of_metric(difference.metric, difference.value, difference.unit)
    title = said_or(f"metrics.{difference.metric}", difference.metric)
    label = Html(f'{html(title)} <span class="u">{html(unit)}</span>')
    interval: Part = NOTHING
    equal = difference.outcome is Outcome.EQUAL
    if difference.interval is not None and not equal:
        ends = [_signed(difference, end)[0] for end in difference.interval]
        interval = sentence("report.compare_from_to", low=ends[0], high=ends[1], rows=str(difference.rows))
    percent = NOTHING if difference.percent is None or equal else Html(_plus(difference.percent))
    outcome = said(f"report.outcome_{difference.outcome.value}")
    numbers = [_data(difference, "base", base), _data(difference, "value", value)]
    change = _data(difference, "difference", "0" if equal else _signed(difference, difference.difference)[0])
    return [label, *numbers, change, percent, interval, outcome, _bar(difference, largest)]


def _data(difference: Difference, which: str, shown: str) -> Html:
    """A number that carries what it stands for, to the last digit."""
    stored = getattr(difference, which)
    return Html(f'<data class="n" data-metric="{html(difference.metric)}" value="{stored!r}">{shown}</data>')


def _bar(difference: Difference, largest: float) -> Html:
    """The relative difference as a bar from the middle; the numbers beside it say the same."""
    if difference.percent is None or not largest or difference.outcome is Outcome.EQUAL:
        return NOTHING
    half = WIDE / 2
    length = half * abs(difference.percent) / largest
    left = half - length if difference.percent < 0 else half
    colour = COLOURS.get(difference.outcome, "var(--mute)")
    return Html(
        f'<svg width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" aria-hidden="true">'
        f'<rect x="{left:.1f}" y="1" width="{max(length, 0.5):.1f}" height="{HIGH - 2}" fill="{colour}"/>'
        f'<line x1="{half}" x2="{half}" y1="0" y2="{HIGH}" stroke="var(--ink)"/></svg>'
    )


def _all(comparison: Comparison) -> Html:
    return Html(
        "".join(
            _differences(comparison.differences(run), comparison.names[0], comparison.names[run])
            for run in range(1, len(comparison.results))
        )
    )


def _inputs(comparison: Comparison) -> Html:
    heads = [Head(said("report.compare_key"), numeric=False)]
    heads += [Head(name(run), numeric=False) for run in comparison.names]
    lines: list[list[Part]] = [
        [name(difference.key, 120), *(name(value, 80) for value in difference.values)]
        for difference in comparison.inputs
    ]
    return table(heads, lines, said("report.compare_inputs_table"))


def _runs(comparison: Comparison) -> Html:
    """Where the numbers come from."""
    heads = [
        Head(said("report.compare_run"), numeric=False),
        Head(said("cli.summary_start"), numeric=False),
        Head(said("cli.summary_rows")),
        Head(said("cli.summary_seed")),
        Head(Label("SHA-256", "SHA-256"), numeric=False),
    ]
    lines: list[list[Part]] = []
    for label, result in zip(comparison.names, comparison.results, strict=True):
        manifest = result.manifest
        clock = str(manifest.get("time", {}).get("start", ""))
        digest = str(manifest["scenario"].get("sha256", ""))[:16]
        lines.append(
            [name(label), name(clock), str(manifest.get("rows", 1)), str(manifest.get("seed", "")), name(digest)]
        )
    return table(heads, lines, said("report.compare_runs"))
