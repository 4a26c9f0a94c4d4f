"""Each outage as it was lived through: modes, what was served of each tier, what was left in the stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from math import isfinite
from typing import Any, ClassVar, NamedTuple

from ysc_sim.report.bilingual import Html, Label, Part, html, instant, name, said, said_or
from ysc_sim.report.numbers import digits, stored
from ysc_sim.report.reading import MOST_POINTS, Reading, Span
from ysc_sim.report.storage import stores_of
from ysc_sim.report.tables import Head, table
from ysc_sim.report.timechart import Series, TimeChart

MOST_OUTAGES, MOST_CELLS, MOST_LINES, MOST_EVENTS, MOST_TICKS = 4, 8, 200, 16, 200
MARGIN_S = 2 * 3600
TIERS = (1, 2, 3, 4)


class Stretch(NamedTuple):
    """A cell was in one mode for a while; seconds from the start of the run."""

    mode: str
    first_s: float
    last_s: float


class Outages:
    """Outage timeline and table."""

    kind: ClassVar[str] = "outages"
    order: ClassVar[int] = 70

    def title(self) -> Label:
        """Heading."""
        return said("report.outages")

    def applies(self, results: Reading) -> bool:
        """Where the grid was away."""
        return bool(results.outages_s)

    def render(self, results: Reading, lang: str) -> Html:
        """The first outages as figures, all of them as a table."""
        shown = results.outages_s[:MOST_OUTAGES]
        figures = "".join(_figure(results, first, last, lang) for first, last in shown)
        return Html(figures + _table(results))


def window(results: Reading, first_s: float, last_s: float) -> Span:
    """The outage with some hours around it, in points of the recorded interval or a multiple of it."""
    record = results.record_s
    start = max(0, int((first_s - MARGIN_S) // record) * record)
    end = min(results.duration_s, -int(-(last_s + MARGIN_S) // record) * record)
    return Span(start, end, record * max(1, -(-(end - start) // (record * MOST_POINTS))))


def _figure(results: Reading, first_s: float, last_s: float, lang: str) -> str:
    span = window(results, first_s, last_s)
    served = results.mean_kw("load_kwh", span) - results.mean_kw("unserved_kwh", span)
    missing = [
        Series(
            said(f"metrics.unserved_kwh_tier{tier}"), f"tier{tier}", results.mean_kw(f"unserved_kwh_tier{tier}", span)
        )
        for tier in TIERS
    ]
    demand = TimeChart(
        results,
        span,
        said("units.kW"),
        said("report.outage_says"),
        up=[Series(said("metrics.served_kwh"), "served", served), *(tier for tier in missing if tier.values.any())],
        lines=[Series(said("metrics.load_kwh"), "load", results.mean_kw("load_kwh", span))],
        height_px=220,
    )
    present = stores_of(results)
    stores = ""
    if present:
        up = [Series(said(f"columns.{column}"), css, results.last(column, span)) for column, css in present]
        stores = TimeChart(results, span, said("units.kWh"), said("report.storage_says"), up=up, height_px=140).html(
            lang
        )
    when = html(instant(results.at(first_s)))
    return (
        f"<figure><h3>{when} – {html(instant(results.at(last_s)))}</h3>{_modes(results, span)}"
        f"{demand.html(lang)}{stores}<figcaption>{html(said('report.outage_note'))}</figcaption></figure>"
        f"{_events(results, span)}"
    )


def _events(results: Reading, span: Span) -> str:
    """What changed and why, in the order in which it happened: the bands in words, and frequency where it swung."""
    frame = results.frame("events")
    mine = frame[frame["row"] == 0]
    swings = bool(mine["frequency_hz"].notna().any())
    lines: list[list[Part]] = []
    for number, event in enumerate(mine.to_dict("records")):
        moment = event["time"].to_pydatetime(warn=False)
        if span.start_s <= results.seconds(moment) <= span.end_s:
            lines.append(
                [
                    instant(moment),
                    _cell(str(event["cell"])),
                    said_or(f"modes.{event['from_mode']}", str(event["from_mode"])),
                    said_or(f"modes.{event['to_mode']}", str(event["to_mode"])),
                    said_or(f"causes.{event['cause']}", str(event["cause"])),
                    *([_hertz(number, float(event["frequency_hz"]))] if swings else []),
                ]
            )
    if not lines:
        return ""
    heads = [
        Head(said(f"columns.{column}"), numeric=False) for column in ("time", "cell", "from_mode", "to_mode", "cause")
    ]
    if swings:
        heads.append(Head(said("columns.frequency_hz"), said("units.Hz")))
    more = ""
    if len(lines) > MOST_EVENTS:
        more = f'<p class="more">{html(said("report.more_lines", count=str(len(lines) - MOST_EVENTS)))}</p>'
    return table(heads, lines[:MOST_EVENTS], said("report.events_table")) + more


def _hertz(number: int, hertz: float) -> Html:
    """The frequency farthest from nominal, where a transient was looked at; nothing where it had no end."""
    if not isfinite(hertz):
        return Html("")
    return stored(hertz, digits(hertz, places=2), f'data-event="{number}.frequency_hz"')


def _cell(cell: str) -> Label:
    return said("report.community") if cell == "community" else name(cell)


def stretches(results: Reading, cell: str, span: Span) -> Iterator[Stretch]:
    """Modes of a cell of the first row during ``span``, in order, without gaps."""
    frame = results.frame("events")
    mine = frame[(frame["row"] == 0) & (frame["cell"] == cell)]
    at = float(span.start_s)
    mode = str(mine["from_mode"].iloc[0]) if len(mine) else "GRID"
    for time, after in zip(mine["time"], mine["to_mode"], strict=True):
        seconds = results.seconds(time.to_pydatetime(warn=False))
        if seconds >= span.end_s:
            break
        if seconds > at and str(after) != mode:
            yield Stretch(mode, at, seconds)
            at = seconds
        mode = str(after)
    yield Stretch(mode, at, float(span.end_s))


def _modes(results: Reading, span: Span) -> str:
    """A band of colours for each cell."""
    frame = results.frame("events")
    cells = sorted(set(frame.loc[frame["row"] == 0, "cell"]))
    length = span.end_s - span.start_s
    bands = []
    for cell in cells[:MOST_CELLS]:
        parts = "".join(
            f'<span class="mode {escape(s.mode.lower())}" style="width:{(s.last_s - s.first_s) / length:.3%}">'
            f"<b>{html(said_or(f'modes.{s.mode}', s.mode))}</b></span>"
            for s in stretches(results, cell, span)
        )
        label = html(said("report.community")) if cell == "community" else html(name(cell, 24))
        whose = f"<i>{label}</i>" if len(cells) > 1 else ""
        bands.append(f'<div class="band">{whose}<div class="modes">{parts}{_ticks(results, cell, span)}</div></div>')
    more = ""
    if len(cells) > MOST_CELLS:
        more = f'<p class="more">{html(said("report.more_cells", count=str(len(cells) - MOST_CELLS)))}</p>'
    return "".join(bands) + more


def _ticks(results: Reading, cell: str, span: Span) -> str:
    """Marks where something happened that left the mode as it was: a swing of the frequency that was ridden through."""
    frame = results.frame("events")
    mine = frame[(frame["row"] == 0) & (frame["cell"] == cell)]
    marks = []
    for time, before, after in zip(mine["time"], mine["from_mode"], mine["to_mode"], strict=True):
        share = (results.seconds(time.to_pydatetime(warn=False)) - span.start_s) / (span.end_s - span.start_s)
        if str(before) == str(after) and 0.0 <= share <= 1.0:
            marks.append(f'<i class="tick" style="left:{share:.2%}"></i>')
    return "".join(marks[:MOST_TICKS])


def _table(results: Reading) -> str:
    frame = results.frame("outages")
    mine = frame[frame["row"] == 0]
    hours, kwh = said("units.h"), said("units.kWh")
    heads = [
        Head(said("columns.start"), numeric=False),
        Head(said("columns.hours"), hours),
        Head(said("columns.cell"), numeric=False),
        Head(said("columns.soc_start_kwh"), kwh),
        Head(said("columns.survived_h"), hours),
        *(Head(said("report.unserved_tier", tier=str(tier)), kwh) for tier in TIERS),
        Head(said("columns.cause"), numeric=False),
        Head(said("columns.device"), numeric=False),
    ]
    lines = [_line(number, record) for number, record in enumerate(mine.head(MOST_LINES).to_dict("records"))]
    more = ""
    if len(mine) > MOST_LINES:
        more = f'<p class="more">{html(said("report.more_lines", count=str(len(mine) - MOST_LINES)))}</p>'
    return table(heads, lines, said("report.outages_table")) + more


def _stored(record: Mapping[Any, Any], number: int, column: str) -> Html:
    """A number of the table, with what is stored."""
    return stored(record[column], digits(record[column]), f'data-outage="{number}.{column}"')


def _line(number: int, record: Mapping[Any, Any]) -> list[Html | Label | str]:
    return [
        instant(record["start"].to_pydatetime(warn=False)),
        _stored(record, number, "hours"),
        _cell(str(record["cell"])),
        _stored(record, number, "soc_start_kwh"),
        _stored(record, number, "survived_h"),
        *(_stored(record, number, f"unserved_kwh_tier{tier}") for tier in TIERS),
        said_or(f"causes.{record['cause']}", str(record["cause"])),
        name(str(record["device"])),
    ]
