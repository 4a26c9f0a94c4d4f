"""One sheet of A4 for the meeting at which results are shown: the answer, the peak, who gained, where it comes from."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ysc_sim.report.bilingual import Html, Label, html, name, said
from ysc_sim.report.demand import Demand
from ysc_sim.report.flows import Flows
from ysc_sim.report.gains import Gains
from ysc_sim.report.headline import Headline
from ysc_sim.report.numbers import metric
from ysc_sim.report.page import document, header, title_of
from ysc_sim.report.reading import Reading
from ysc_sim.report.sections import PagePart
from ysc_sim.report.waterfall import Waterfall
from ysc_sim.results import Results
from ysc_sim.results.files import SHEET, replace_text

LONGEST_TITLE = 60
MOST_BARS = 10


def build_sheet(results: Results, lang: str) -> str:
    """The sheet as an HTML document that opens in ``lang``; printed it is one page."""
    reading = Reading(results)
    parts: list[PagePart] = []
    for section in (Headline(), Waterfall(), Flows(), Gains(MOST_BARS, splits=False), Demand()):
        if not section.applies(reading):
            continue
        if isinstance(section, Flows) and any(part.kind == Waterfall.kind for part in parts):
            continue  # the steps of the bill say more than the flows of energy
        body = section.peak_day(reading, lang) if isinstance(section, Demand) else section.render(reading, lang)
        parts.append(PagePart(section.kind, section.title(), body))
    parts.append(PagePart("provenance", said("report.provenance"), _origin(reading)))
    top = header(reading, title_of(reading), said("report.eyebrow"), lang, about=False)
    return document(title_of(reading), top, parts, lang, css="a4")


def write_sheet(results: Results, folder: str | Path, lang: str) -> Path:
    """Write ``report_a4.html`` into a result folder and return its path."""
    path = Path(folder) / SHEET
    replace_text(path, build_sheet(results, lang))
    return path


def _origin(reading: Reading) -> Html:
    """Scenario, seed, version, residuals in one line."""
    manifest = reading.manifest
    facts: list[tuple[Label, Html]] = [
        (said("report.seed"), html(str(manifest["seed"]))),
        (Label("SHA-256", "SHA-256"), Html(f"<code>{escape(str(manifest['scenario']['sha256'])[:16])}</code>")),
        (Label("ysc-sim", "ysc-sim"), html(name(str(manifest["version"])))),
    ]
    facts += [
        (said(f"metrics.{residual}"), metric(reading, residual))
        for residual in ("energy_residual_kwh", "money_residual_jpy")
        if residual in reading.metrics["community"]
    ]
    return Html(f"<p>{' · '.join(f'{html(label)} {value}' for label, value in facts)}</p>")
