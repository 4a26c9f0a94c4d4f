"""The page of ``ysc survival``: the price of an hour first, where it was computed; then who lives how long and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ysc_sim.report.chart import STYLE, Chart, heat
from ysc_sim.study.frontier import Frontier
from ysc_sim.study.survival import Survival
from ysc_sim.words import harmless, in_language, label, text

MOST_CELLS = 6
POINTS = 200
PROMISE_HEADS = ("outages_of", "outages", "kept", "on_curve", "kept_on_curve", "lost_kwh")


def survival_page(
    found: Survival,
    frontier: Frontier | None,
    lang: str,
    by_size: Sequence[dict[str, Any]] = (),
    gap: Mapping[str, Any] | None = None,
    promise: Mapping[str, Any] | None = None,
) -> str:
    """One offline page in one language.

    ``by_size``: entries of :func:`ysc_sim.study.survival.by_size`; ``gap``: summary of
    :class:`ysc_sim.study.optimism.OptimismGap`; ``promise``: that of :class:`ysc_sim.study.promise.Promise`.
    """
    say = _Words(lang)
    title = escape(say("survival_title", name=harmless(in_language(found.scenario, "name", lang), 60)))
    view = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    parts = [f'<!doctype html><html lang="{lang}">{view}<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>']
    if frontier is not None:
        parts += _price(frontier, say)
    for c in range(min(len(found.cells), MOST_CELLS)):
        parts += _curves(found, c, say)
        parts += _calendar(found, c, say)
        parts += _sizes([entry for entry in by_size if entry["cell"] == found.cells[c]], found.promised_h, say)
    if gap is not None:
        parts.append(_gap(gap, say))
    if promise is not None:
        parts.append(_promise(promise, say))
    if found.left_out:
        parts.append(f"<p>{escape(say('survival_not_counted', kinds=', '.join(found.left_out)))}</p>")
    return "".join([*parts, "</html>\n"])


class _Words:
    """Texts of the report section in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, key: str, **gaps: str) -> str:
        return text(f"report.{key}", self.lang).format(**gaps)


def _price(frontier: Frontier, say: _Words) -> Iterator[str]:
    """The figure, and the table behind it."""
    table = frontier.table()
    hours = [entry["guaranteed_h"] for entry in table]
    extra = [entry["extra_jpy"] / 1000.0 for entry in table]
    chart = Chart(1.08 * max(*hours, 1.0), min(*extra, 0.0), 1.1 * max(*extra, 1.0))
    line = [number for number, entry in enumerate(table) if entry["kind"] in ("none", "curve")]
    line.sort(key=lambda number: hours[number])
    chart.line([hours[n] for n in line], [extra[n] for n in line], 0, say("price_curve"))
    for number, entry in enumerate(table):
        chart.point(hours[number], extra[number], 1 if entry["kind"] == "level" else 0, _policy(entry, say))
    yield f"<h2>{escape(say('price_head'))}</h2><p>{escape(say('price_lead'))}</p><figure>"
    yield chart.svg(say("price_x"), say("price_y"), say("price_head"))
    yield "</figure><div class=wide><table><tr>"
    for head in ("policy", "guaranteed", "lives", "extra", "expected", "break_even"):
        yield f"<th>{escape(say(f'price_col_{head}', hours=f'{frontier.damage.outage_h:g}'))}</th>"
    yield "</tr>"
    for entry in table:
        rate = entry.get("break_even_events_per_year")
        cells = [
            _policy(entry, say),
            f"{entry['guaranteed_h']:.1f}",
            f"{entry['lives_ratio']:.1%}",
            f"{entry['extra_jpy']:,.0f}",
            f"{entry['expected_cost_jpy']:,.0f}",
            "–" if rate is None else f"{rate:.2f}",
        ]
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield f"</table></div><p>{escape(say('price_rate', rate=f'{frontier.damage.events_per_year:g}'))}</p>"


def _policy(entry: dict[str, Any], say: _Words) -> str:
    parameter = f"{entry['parameter']:.0%}" if entry["kind"] == "level" else f"{entry['parameter']:g}"
    key = {"none": "price_none", "level": "price_level", "curve": "price_curve_point"}[entry["kind"]]
    return say(key, parameter=parameter)


def _curves(found: Survival, c: int, say: _Words) -> Iterator[str]:
    """Share of starts that live at least so long."""
    longest = 1.2 * max(found.promised_h)
    lengths = np.linspace(0.0, longest, POINTS)
    chart = Chart(longest, 0.0, 100.0)
    for kept in range(4):
        for values, css in ((found.hours_left, ""), (found.hours_full, "full")):
            ordered = np.sort(values[:, c, kept].ravel())
            share = 100.0 * (1.0 - np.searchsorted(ordered, lengths * (1 - 1e-9)) / len(ordered))
            label = say("survival_line_full" if css else "survival_line", tiers="1" if kept == 0 else f"1–{kept + 1}")
            chart.line(lengths.tolist(), share.tolist(), kept, label, css)
    head = say("survival_head", cell=harmless(found.cells[c], 60))
    yield f"<h2>{escape(head)}</h2><p>{escape(say('survival_lead'))}</p><figure>"
    yield chart.svg(say("survival_x"), say("survival_y"), head) + "</figure>"


def _calendar(found: Survival, c: int, say: _Words) -> Iterator[str]:
    """Mean hours by month and hour of the start, critical demand."""
    columns = found.by_month_and_hour()
    mine = (columns["cell"].codes == c) & (columns["tiers"] == 1)
    months = sorted(set(columns["month"][mine].tolist()))
    values = np.full((len(months), 24), np.nan)
    for month, hour, mean in zip(
        columns["month"][mine], columns["hour"][mine], columns["survived_h_mean"][mine], strict=True
    ):
        values[months.index(month), int(hour)] = mean
    head = say("survival_calendar")
    yield f"<h3>{escape(head)}</h3><figure>"
    yield heat(values, [str(month) for month in months], [str(hour) for hour in range(24)], "h", head) + "</figure>"


def _gap(gap: Mapping[str, Any], say: _Words) -> str:
    """Algebra and engine side by side, in a sentence."""
    said = say(
        "gap_text",
        outages=f"{gap['outages']:,}",
        hours=f"{gap['outage_h']:g}",
        algebra=f"{gap['algebra_h_mean']:.1f}",
        engine=f"{gap['engine_h_mean']:.1f}",
        largest=f"{gap['gap_h_max']:.1f}",
        share=f"{gap['shorter_ratio']:.1%}",
    )
    length = f"{gap['outage_h']:g}"
    lines = [f"<tr><th></th><th>{escape(say('gap_mean'))}</th><th>{escape(say('gap_lives', hours=length))}</th></tr>"]
    for who in ("algebra", "engine"):
        cells = (say(f"gap_{who}"), f"{gap[f'{who}_h_mean']:.1f}", f"{gap[f'{who}_lives_ratio']:.1%}")
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    for cause, count in gap["causes"].items():
        words = say("gap_cause", cause=label("causes", cause, say.lang))
        lines.append(f"<tr><td>{escape(words)}</td><td></td><td>{count:,}</td></tr>")
    return f"<h2>{escape(say('gap_head'))}</h2><p>{escape(said)}</p><table>{''.join(lines)}</table>"


def _promise(promise: Mapping[str, Any], say: _Words) -> str:
    """What became of a promise, first and later outages apart, and the saving that it costs."""
    tiers = "1" if promise["tiers"] == 1 else f"1–{promise['tiers']}"
    hours, lost = f"{promise['outage_h']:g}", f"{promise['lost_saving_jpy']:,.0f}"
    heads = [escape(say(f"promise_col_{head}")) for head in PROMISE_HEADS]
    lines = ["<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    for which in ("first", "later"):
        part = promise[which]
        cells = [say(f"promise_{which}"), *(f"{part[name]:,}" for name in PROMISE_HEADS[1:-1])]
        cells.append(f"{part['lost_kwh']:,.2f}")
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    told = escape(say("promise_text", hours=hours, tiers=tiers, lost=lost))
    head = escape(say("promise_head"))
    return f"<h2>{head}</h2><p>{told}</p><div class=wide><table>{''.join(lines)}</table></div>"


def _sizes(entries: Sequence[dict[str, Any]], promised_h: Sequence[float], say: _Words) -> Iterator[str]:
    """Share of starts that live long enough over the size of the stores, critical demand, one line per length."""
    mine = sorted((entry for entry in entries if entry["tiers"] == 1), key=lambda entry: float(entry["energy_kwh"]))
    if not mine:
        return
    energy = [float(entry["energy_kwh"]) for entry in mine]
    chart = Chart(1.05 * max(energy), 0.0, 100.0)
    for number, promised in enumerate(promised_h):
        share = [100.0 * entry[f"survives_full_{promised:g}h_ratio"] for entry in mine]
        chart.line(energy, share, number % 4, say("survival_share_of", hours=f"{promised:g}"))
        chart.point(energy[-1], share[-1], number % 4, say("survival_share_of", hours=f"{promised:g}"))
    head = say("survival_sizes")
    yield f"<h3>{escape(head)}</h3><figure>{chart.svg('kWh', say('survival_y'), head)}</figure>"
