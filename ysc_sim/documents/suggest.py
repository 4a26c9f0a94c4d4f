"""Did you mean …?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST_WORD = 100
"""Nobody means a longer one, and comparing takes the product of the lengths."""


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is most like ``word``, whatever its case; None where none is near.

    >>> suggest("enrgy_kwh", ["power_kw", "energy_kwh"]), suggest("Solar", ["solar"]), suggest("x", ["solar"])
    ('energy_kwh', 'solar', None)
    """
    if len(word) > LONGEST_WORD:
        return None
    lowered: dict[str, str] = {}
    for candidate in candidates:
        lowered.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None
