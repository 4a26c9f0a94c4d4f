"""Text of the page in both languages at once: the reader switches, the page need not be built again.

A :class:`Label` is a text in English and Japanese, not yet escaped. It becomes HTML with both versions, of which the
style sheet shows the one of the page's language. Whatever comes from a scenario is shown inert: escaped, cut, without
characters that could turn a line round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from string import Formatter
from typing import Any, NamedTuple

from ysc_sim.words import LANGUAGES, has, in_language, text
from ysc_sim.words import harmless as inert

LONGEST_NAME = 60


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


class Label(NamedTuple):
    """A text in both languages, not escaped."""

    en: str
    ja: str

    def map(self, change: Callable[[str], str]) -> Label:
        """Both texts changed alike."""
        return Label(change(self.en), change(self.ja))


Part = Html | Label | str | float


def name(value: str, longest: int = LONGEST_NAME) -> Label:
    """A name from outside, the same in both languages, made harmless.

    >>> name("a\\u202eb<script>").en
    'a?b<script>'
    """
    shown = inert(value, longest)
    return Label(shown, shown)


def told(scenario: Mapping[str, Any], key: str, longest: int = LONGEST_NAME) -> Label:
    """What a scenario says of itself (``name``, ``description``), in each language as given, made harmless.

    >>> told({"name": "Block", "name_ja": "街区"}, "name")
    Label(en='Block', ja='街区')
    """
    return Label(*(inert(in_language(scenario, key, lang), longest) for lang in LANGUAGES))


def said(key: str, **values: str | Label) -> Label:
    """The words under ``section.key`` with their gaps filled, in both languages.

    >>> said("units.JPY")
    Label(en='JPY', ja='円')
    """
    texts = []
    for number, lang in enumerate(LANGUAGES):
        filled = {gap: v[number] if isinstance(v, Label) else v for gap, v in values.items()}
        texts.append(text(key, lang).format_map(filled) if filled else text(key, lang))
    return Label(*texts)


def said_or(key: str, otherwise: str) -> Label:
    """The words under ``section.key``, or a name from outside where there are none (a plug-in's own)."""
    return said(key) if has(key) else name(otherwise)


def html(part: Part) -> Html:
    """A part of the page as HTML, both languages side by side where they differ.

    >>> html(Label("a < b", "甲"))
    '<span lang="en">a &lt; b</span><span lang="ja">甲</span>'
    """
    if isinstance(part, Html):
        return part
    if isinstance(part, Label):
        if part.en == part.ja:
            return Html(f"<bdi>{escape(part.en)}</bdi>")
        spans = (f'<span lang="{lang}">{escape(said)}</span>' for lang, said in zip(LANGUAGES, part, strict=True))
        return Html("".join(spans))
    return Html(escape(str(part)))


def sentence(key: str, **parts: Part) -> Html:
    """The sentence under ``section.key`` with HTML in its gaps, in both languages; an empty gap stays visible."""
    spans = []
    for number, lang in enumerate(LANGUAGES):
        pieces = []
        for literal, gap, _, _ in Formatter().parse(text(key, lang)):
            pieces.append(escape(literal))
            if gap is not None:
                part = parts.get(gap, f"{{{gap}}}")
                pieces.append(escape(part[number]) if isinstance(part, Label) else html(part))
        spans.append(f'<span lang="{lang}">{"".join(pieces)}</span>')
    return Html("".join(spans))


def in_a_row(*sentences: str) -> Html:
    """Sentences as HTML one after the other, empty ones left out: a space between them in English, none in Japanese.

    >>> in_a_row("A.", "", "B.")
    'A.<span lang="en"> </span>B.'
    """
    return Html('<span lang="en"> </span>'.join(filter(None, sentences)))


def attributes(label: Label, lang: str, attribute: str = "aria-label") -> str:
    """An attribute in the page's language, with both versions beside it for the switch."""
    now = label.ja if lang == "ja" else label.en
    both = f'data-{attribute}-en="{escape(label.en)}" data-{attribute}-ja="{escape(label.ja)}"'
    return f'{attribute}="{escape(now)}" {both} data-says="{attribute}"'


WEEKDAYS = (("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "月火水木金土日")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(moment: datetime, *, year: bool = False) -> Label:
    """A date as each reader writes it.

    >>> day(datetime(2026, 8, 3)), day(datetime(2026, 8, 3), year=True)
    (Label(en='Mon 3 Aug', ja='8/3(月)'), Label(en='3 Aug 2026', ja='2026年8月3日'))
    """
    en, ja = WEEKDAYS[0][moment.weekday()], WEEKDAYS[1][moment.weekday()]
    month = MONTHS[moment.month - 1]
    if year:
        return Label(f"{moment.day} {month} {moment.year}", f"{moment.year}年{moment.month}月{moment.day}日")
    return Label(f"{en} {moment.day} {month}", f"{moment.month}/{moment.day}({ja})")


def month(moment: datetime) -> Label:
    """A month: its name, and the year where it begins one.

    >>> month(datetime(2027, 1, 1))
    Label(en='Jan 2027', ja='2027年1月')
    """
    year = moment.month == 1
    en = MONTHS[moment.month - 1] + (f" {moment.year}" if year else "")
    return Label(en, (f"{moment.year}年" if year else "") + f"{moment.month}月")


def dated_instant(moment: datetime) -> Label:
    """Date with its year, and time of day.

    >>> dated_instant(datetime(2026, 8, 5, 18, 0))
    Label(en='5 Aug 2026 18:00', ja='2026年8月5日 18:00')
    """
    return day(moment, year=True).map(lambda shown: f"{shown} {moment:%H:%M}")


def instant(moment: datetime) -> Label:
    """Date and time of day, with seconds where they matter.

    >>> instant(datetime(2026, 8, 5, 18, 0))
    Label(en='Wed 5 Aug 18:00', ja='8/5(水) 18:00')
    """
    clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    return day(moment).map(lambda shown: f"{shown} {clock}")
