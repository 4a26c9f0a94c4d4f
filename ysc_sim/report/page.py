"""The page: one file that needs nothing else, in two languages, for screen, phone and paper."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path

from ysc_sim.report.bilingual import Label, attributes, day, html, said, told
from ysc_sim.report.reading import Reading
from ysc_sim.report.sections import PagePart, rendered
from ysc_sim.results import Results
from ysc_sim.results.files import REPORT, replace_text
from ysc_sim.words import LANGUAGES, language

LONGEST_TITLE, LONGEST_DESCRIPTION = 120, 400


def build_report(results: Results, lang: str | None = None) -> str:
    """The report of a run as one HTML document; ``lang`` (en or ja) is the language that it opens in.

    Raises ``ValueError`` for another language.
    """
    opens_in = lang or language()
    if opens_in not in LANGUAGES:
        raise ValueError(f"lang(={opens_in!r}) must be one of {LANGUAGES}.")
    reading = Reading(results)
    parts = rendered(reading, opens_in)
    title = title_of(reading)
    return document(title, header(reading, title, said("report.eyebrow"), opens_in), parts, opens_in)


def write_report(results: Results, folder: str | Path, lang: str | None = None) -> Path:
    """Write ``report.html`` into a result folder; the old page or the new one, never half of it. Returns its path."""
    path = Path(folder) / REPORT
    replace_text(path, build_report(results, lang))
    return path


def title_of(reading: Reading) -> Label:
    """The scenario's title; ours where it has none."""
    return told(reading.manifest["scenario"], "name", LONGEST_TITLE).map(lambda title: title or "ysc-sim")


def document(title: Label, top: str, parts: Sequence[PagePart], lang: str, css: str = "") -> str:
    """A whole page that needs nothing else: ``top`` is HTML, ``lang`` the language that it opens in, ``css`` the class
    of a page that is laid out otherwise.
    """
    shipped = files("ysc_sim.report")
    style = shipped.joinpath("page.css").read_text(encoding="utf-8")
    script = shipped.joinpath("page.js").read_text(encoding="utf-8")
    document_title = said("report.document_title", name=title)
    body = "".join(
        f'<section id="{escape(part.kind)}"><h2>{html(part.title)}</h2>{part.body}</section>' for part in parts
    )
    links = "".join(f'<a href="#{escape(part.kind)}">{html(part.title)}</a>' for part in parts)
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}" {_titles(document_title)}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        '<meta name="color-scheme" content="light dark"><meta name="generator" content="ysc-sim">'
        f"<title>{escape(document_title[LANGUAGES.index(lang)])}</title><style>{style}</style></head>"
        f'<body class="{css}">{top}'
        f"<nav {attributes(said('report.contents'), lang)}>{links}</nav>"
        f"<main>{body}</main><footer>{html(said('report.footer'))}</footer><script>{script}</script></body></html>\n"
    )


def _titles(title: Label) -> str:
    return f'data-title-en="{escape(title.en)}" data-title-ja="{escape(title.ja)}"'


def _policy(script: str) -> str:
    """Nothing is fetched, and no script runs but our own, whatever a name may contain."""
    digest = b64encode(sha256(script.encode("utf-8")).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"


def header(reading: Reading, title: Label, eyebrow: Label, lang: str, *, about: bool = True) -> str:
    """The top of the page of a run: what, when, how fine, and (``about``) what the scenario says of itself."""
    end = reading.at(reading.duration_s) - timedelta(seconds=1)
    first, last = day(reading.start, year=True), day(end, year=True)
    step = reading.manifest["time"]["step_s"]
    resolution = (
        said("report.step_minutes", count=f"{step / 60:g}")
        if step >= 60
        else said("report.step_seconds", count=str(step))
    )
    buildings = said("report.building_count", count=str(len(reading.buildings)))
    facts = " · ".join(html(part) for part in (buildings, _period(first, last), resolution))
    description = told(reading.manifest["scenario"], "description", LONGEST_DESCRIPTION)
    below = f'<p class="about">{html(description)}</p>' if about and any(description) else ""
    return page_header(title, eyebrow, f'<p class="facts">{facts}</p>{below}', lang)


def page_header(title: Label, eyebrow: Label, below: str, lang: str) -> str:
    """The top of a page: switches of language and light, a heading, and HTML below it."""
    languages = "".join(
        f'<button type="button" data-lang="{code}" aria-pressed="{"true" if code == lang else "false"}">'
        f"{shown}</button>"
        for code, shown in (("en", "English"), ("ja", "日本語"))
    )
    theme = attributes(said("report.theme"), lang)
    return (
        f'<header><div class="controls"><div role="group" {attributes(said("report.language"), lang)}>{languages}</div>'
        f'<button type="button" id="theme" {theme}>◐</button></div>'
        f'<p class="eyebrow">{html(eyebrow)}</p><h1>{html(title)}</h1>{below}</header>'
    )


def _period(first: Label, last: Label) -> Label:
    return first if first == last else Label(f"{first.en} – {last.en}", f"{first.ja}〜{last.ja}")
