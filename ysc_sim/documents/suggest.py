"""Did you mean …?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is most like ``word``, None where none is near.

    >>> suggest("enrgy_kwh", ["power_kw", "energy_kwh"])
    'energy_kwh'
    """
    found = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None
