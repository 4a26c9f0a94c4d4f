"""Bytes → text that YAML can be read from: UTF-8 only, no character that an editor does not show.

A file in another encoding is refused, not guessed at: a name that was guessed wrong would be stored wrong.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

from ysc_sim.errors import Problem, ScenarioError

Place = tuple[int, int]
"""Line and column, from 1; a column is a character, not a byte."""

UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""Controls, and what libyaml takes for the end of a line while an editor does not: places would be wrong."""
DIRECTIVE = re.compile(r"^%(?!YAML[ \t]+1\.2[ \t]*(?:#.*)?\r?$).*", re.MULTILINE)
"""libyaml compares each ``%TAG`` with all before it: 1 MB of them takes minutes before the first event."""
MOST_TOLD = 10


def decoded(source: str | bytes, name: str) -> str:
    """The text, without byte order mark. Raises ``ScenarioError`` for what cannot stand in it."""
    text = source.removeprefix("\ufeff") if isinstance(source, str) else _from_utf8(source, name)
    problems = [
        Problem("yaml_control_character", {"code": f"U+{ord(bad[0]):04X}"}, name, *place_of(text, bad.start()))
        for bad in islice(UNSEEN.finditer(text), MOST_TOLD)
    ]
    problems += [
        Problem("yaml_directive", {"value": bad[0].rstrip("\r")}, name, *place_of(text, bad.start()))
        for bad in islice(DIRECTIVE.finditer(text), MOST_TOLD)
    ]
    if problems:
        raise ScenarioError(problems)
    return text


def place_of(text: str, index: int) -> Place:
    """Line and column of the character at ``index``.

    >>> place_of("a: 1\\r\\nb: 2", 9)
    (2, 4)
    """
    breaks = text.count("\n", 0, index) + text.count("\r", 0, index) - text.count("\r\n", 0, index)
    start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    return breaks + 1, index - start + 1


def _from_utf8(source: bytes, name: str) -> str:
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in source[:4]:
        raise ScenarioError([Problem("yaml_not_utf8", {}, name, 1, 1)])
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the mark that it has taken away, and hands back what it worked on.
        before = bytes(error.object)[: error.start].decode("utf-8")
        raise ScenarioError([Problem("yaml_not_utf8", {}, name, *place_of(before, len(before)))]) from None
