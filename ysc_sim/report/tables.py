"""Tables of the page: numbers aligned at their right, names at their left, wide ones scrolling in themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ysc_sim.report.bilingual import Html, Label, Part, html

FEW = 4
"""Columns up to which a table is no wider than it must be."""


class Head(NamedTuple):
    """Heading of a column, its unit in small below, and whether it holds numbers."""

    label: Label
    unit: Label = Label("", "")
    numeric: bool = True
    css: str = ""


def table(heads: Sequence[Head], lines: Iterable[Sequence[Part]], caption: Label, *, total: bool = False) -> Html:
    """A table; the first cell of each line is its heading. ``total``: the last line is a sum."""
    columns = "".join(_head(head) for head in heads)
    body = [_line(heads, line) for line in lines]
    if total and body:
        body[-1] = f"</tbody><tfoot>{body[-1]}</tfoot><tbody>"
    rows = "".join(body).replace("<tbody></tbody>", "").removesuffix("<tbody>")
    end = "" if total and body else "</tbody>"
    kind = "scroll few" if len(heads) <= FEW and not any(head.css for head in heads) else "scroll"
    return Html(
        f'<div class="{kind}" tabindex="0"><table><caption><div>{html(caption)}</div></caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{rows}{end}</table></div>"
    )


def _head(head: Head) -> str:
    unit = html(head.unit)
    small = f"<small>{unit}</small>" if head.unit.en else ""
    return f'<th scope="col" class="{_css(head)}">{html(head.label)}{small}</th>'


def _line(heads: Sequence[Head], line: Sequence[Part]) -> str:
    first = f'<th scope="row" class="{_css(heads[0])}">{html(line[0])}</th>'
    cells = (f'<td class="{_css(head)}">{html(cell)}</td>' for head, cell in zip(heads[1:], line[1:], strict=True))
    return f"<tr>{first}{''.join(cells)}</tr>"


def _css(head: Head) -> str:
    return f"{'num' if head.numeric else 'txt'} {head.css}".strip()
