"""Starter scenarios: one file each, whose comments and titles stand in it in both languages, ``[[English|日本語]]``.

The numbers stand there once, so that the languages cannot drift apart. A comment line that has nothing to say in a
language is left out in it.
"""

from __future__ import annotations

import re
from pathlib import Path

from ysc_sim.errors import ResultError
from ysc_sim.scenario.book.layout import chosen
from ysc_sim.words import LANGUAGES

FOLDER = Path(__file__).with_name("templates")
BOTH = re.compile(r"\[\[([^\[\]|]*)\|([^\[\]|]*)\]\]")
EMPTY_COMMENT = re.compile(r"^[ \t]*#[ \t]*\n", re.MULTILINE)
TRAILING = re.compile(r"[ \t]+#[ \t]*$", re.MULTILINE)


def starter_names() -> list[str]:
    """Names of the shipped starter scenarios."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def starter_text(name: str, lang: str) -> str:
    """A starter scenario, by its name in any language, with its comments in one.

    Raises ``ResultError`` where there is none of that name.

    >>> starter_text("house", "ja").splitlines()[0][:14]
    '# 太陽光と蓄電池のある住宅'
    """
    name = chosen(name, "starter", starter_names())
    if name not in starter_names():
        raise ResultError("unknown_template", value=name, known=", ".join(starter_names()))
    return in_language((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), lang)


def in_language(source: str, lang: str) -> str:
    """One of two languages of a text.

    >>> in_language("# [[Hello|こんにちは]]\\n# [[only in English|]]\\na: 1 # [[|一]]\\n", "ja")
    '# こんにちは\\na: 1 # 一\\n'
    """
    said = BOTH.sub(lambda both: both[1 + LANGUAGES.index(lang)], source)
    return TRAILING.sub("", EMPTY_COMMENT.sub("", said))


def starter_line(name: str, lang: str) -> str:
    """What a starter scenario is, in one line: its first comment."""
    return starter_text(name, lang).partition("\n")[0].lstrip("# ")
