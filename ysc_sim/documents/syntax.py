"""What libyaml's errors mean, said so that the mistake can be found: its own words are a parser's."""

from __future__ import annotations

from typing import Any

from ysc_sim.errors import Problem

MEANING = {
    "mapping values are not allowed in this context": "yaml_colon",
    "could not find expected ':'": "yaml_no_colon",
    "did not find expected key": "yaml_key_expected",
    "did not find expected '-' indicator": "yaml_dash_expected",
    "did not find expected ',' or ']'": "yaml_bracket_open",
    "did not find expected ',' or '}'": "yaml_bracket_open",
    "found unexpected end of stream": "yaml_quote_open",
    "found unexpected document indicator": "yaml_quote_open",
    "found unknown escape character": "yaml_escape",
    "did not find expected hexdecimal number": "yaml_escape",
    "found invalid Unicode character escape code": "yaml_escape",
    "found character that cannot start any token": "yaml_quote_needed",
    "did not find expected node content": "yaml_quote_needed",
    "did not find expected alphabetic or numeric character": "yaml_quote_needed",
    "block sequence entries are not allowed in this context": "yaml_dash",
    "exceeded maximum nesting depth": "yaml_too_deep",
    "found undefined tag handle": "yaml_tag",
}
LONGEST_SHOWN = 200
WHERE_IT_BEGAN = frozenset(
    (
        "could not find expected ':'",
        "found unexpected end of stream",
        "found unexpected document indicator",
        "did not find expected alphabetic or numeric character",
    )
)
"""Found only later: the place that helps is where the key, the quotation or the word began."""


def told(error: Any, text: str, name: str, *, open_line: int, most_depth: int) -> Problem:
    """The problem behind an error of the parser; ``open_line``: where the innermost open collection began."""
    began, found = error.context_mark, error.problem_mark or error.context_mark
    reason = error.problem or error.context or ""
    mark = began if reason in WHERE_IT_BEGAN and began else found
    if mark is None:
        return Problem("yaml_syntax", {"reason": reason}, name, 1, 1)
    rest = _rest_of_line(text, mark.line, mark.column)
    values = {
        "reason": reason,
        "value": rest[:1],
        "tag": rest.partition(" ")[0],
        "first_line": open_line or mark.line + 1,
        "limit": most_depth,
    }
    return Problem(_key(reason, rest), values, name, mark.line + 1, mark.column + 1)


def _key(reason: str, rest: str) -> str:
    if rest.startswith("\t"):
        return "yaml_tab"
    key = MEANING.get(reason, "yaml_syntax")
    return "yaml_bracket_open" if key == "yaml_quote_needed" and not rest else key


def _rest_of_line(text: str, line: int, column: int) -> str:
    # Lines as libyaml counts them; the breaks on which it and editors differ were refused before.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[line][column : column + LONGEST_SHOWN] if line < len(lines) else ""
