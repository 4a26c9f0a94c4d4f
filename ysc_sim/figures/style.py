"""How all figures look: fonts that hold Japanese, colours that can be told apart, no decoration."""

from __future__ import annotations

from typing import Any

from ysc_sim.words import LANGUAGES, language

FONT = "Noto Sans, Noto Sans CJK JP, Noto Sans JP, Hiragino Sans, Yu Gothic, Meiryo, sans-serif"
COLOURS = {
    "pv": "#E69F00",
    "wind": "#56B4E9",
    "genset": "#8C6D31",
    "battery": "#009E73",
    "ev": "#CC79A7",
    "grid": "#0072B2",
    "load": "#333333",
    "export": "#7F7F7F",
    "unserved": "#D55E00",
    "limit": "#D55E00",
}
"""Okabe and Ito (2008), "Color Universal Design": told apart by the colour-blind, too."""
CYCLE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D31", "#333333")


def shade(colour: str, opacity: float) -> str:
    """A colour that lets through what is below.

    >>> shade("#0072B2", 0.2)
    'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def chosen_language(lang: str | None) -> str:
    """The language asked for, else the one in use. Raises ``ValueError``."""
    if lang is not None and lang not in LANGUAGES:
        raise ValueError(f"lang(={lang!r}) must be one of {LANGUAGES}.")
    return lang or language()


def figure(title: str, x: str = "", y: str = "", **layout: Any) -> Any:
    """An empty figure with its title and axes; here plotly is imported."""
    from plotly import graph_objects as go

    drawn = go.Figure()
    drawn.update_layout(
        title={"text": harmless_html(title), "x": 0.0, "xref": "paper"},
        template="plotly_white",
        font={"family": FONT, "size": 13},
        colorway=list(CYCLE),
        legend={"orientation": "h", "y": -0.2, "x": 0.0},
        margin={"l": 70, "r": 20, "t": 50, "b": 60},
        hovermode="x unified",
        **layout,
    )
    drawn.update_xaxes(title_text=x, showline=True, ticks="outside", zeroline=False)
    drawn.update_yaxes(title_text=y, showline=True, ticks="outside")
    return drawn


def dated(drawn: Any, lang: str) -> None:
    """A horizontal axis of dates as readers of the language write them."""
    day = "%-m月%-d日" if lang == "ja" else "%-d %b"
    stops = [(None, 43_200_000, f"%H:%M<br>{day}"), (43_200_000, 2_000_000_000, day), (2_000_000_000, None, "%Y-%m")]
    drawn.update_xaxes(tickformatstops=[{"dtickrange": [low, high], "value": shown} for low, high, shown in stops])


def harmless_html(name: str, longest: int = 60) -> str:
    """A name as plotly may show it: its labels take a little HTML, so that marks are written out.

    >>> harmless_html("<b>A & B</b>")
    '&lt;b&gt;A &amp; B&lt;/b&gt;'
    """
    from html import escape

    from ysc_sim.words import harmless

    return escape(harmless(name, longest), quote=False)
