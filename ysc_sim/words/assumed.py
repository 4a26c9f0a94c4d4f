"""What a plan's sources do not give, in the reader's language: fields and texts of plan files.

A plan file says it in English. The texts of the shipped plans have their Japanese beside them under ``assumed``; what
a plan file of one's own says is shown as it stands.
"""

from __future__ import annotations

import re
from functools import cache

from ysc_sim.words import has, text, words_of

SECTION, FIELD = "assumed", "field_"
OF_MONTHS = re.compile(r"(?P<price>\S+) JPY/kWh in (?P<months>.+), as no adjustments are given")
"""What a bill says of an adjustment that nobody gave."""


def assumed_field(field: str, lang: str | None = None) -> str:
    """What an assumed field is called.

    >>> assumed_field("tax", "ja"), assumed_field("colour of the meter")
    ('消費税', 'colour of the meter')
    """
    key = f"{SECTION}.{FIELD}{field}"
    return text(key, lang) if has(key) else field


def assumed_text(said: str, lang: str | None = None) -> str:
    """What was assumed.

    >>> assumed_text("prices include 10 % tax", "ja"), assumed_text("as agreed by telephone", "ja")
    ('単価は消費税10 %を含む', 'as agreed by telephone')
    >>> assumed_text("0 JPY/kWh in 2026-08, as no adjustments are given", "ja")
    '燃料費等調整の指定がないため 2026-08 は 0 円/kWh'
    """
    if (found := OF_MONTHS.fullmatch(said)) is not None:
        return text(f"{SECTION}.adjustment_of_months", lang).format_map(found.groupdict())
    key = _keys().get(said)
    return said if key is None else text(f"{SECTION}.{key}", lang)


@cache
def _keys() -> dict[str, str]:
    """English text → key."""
    return {said: key for key, said in words_of("en")[SECTION].items() if not key.startswith(FIELD)}
