"""What a scalar is: YAML 1.2's core schema, finite numbers only.

``12:30``, ``2026-08-03`` and ``NO`` are text, ``1e3`` is a number, ``0777`` is 777, ``0o17`` is 15. A date or
a time stays text: the schema of the scenario knows which field is one.
"""

from __future__ import annotations

import math
import re
from typing import Any

MOST_DIGITS = 40
Scalar = bool | int | float | str | None

CORE = "tag:yaml.org,2002:"
NULL = frozenset(("", "~", "null", "Null", "NULL"))
BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?[0-9]+")
IN_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class ScalarError(Exception):
    """A scalar that cannot be taken as it stands; carries the key of a problem and its values."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def plain_value(text: str) -> Scalar:
    """The value of an unquoted scalar. Raises ``ScalarError``.

    >>> [plain_value(text) for text in ("12:30", "NO", "1e3", "0777", "0o17", "true", "~")]
    ['12:30', 'NO', 1000.0, 777, 15, True, None]
    """
    if text in NULL:
        return None
    if text in BOOL:
        return BOOL[text]
    if text[0] not in "+-.0123456789":
        return text
    if INTEGER.fullmatch(text) or IN_BASE.fullmatch(text):
        if len(text) > MOST_DIGITS:
            raise ScalarError("too_many_digits", digits=len(text), limit=MOST_DIGITS)
        return int(text, 0 if text[1:2] in ("o", "x") else 10)
    if NOT_FINITE.fullmatch(text):
        raise ScalarError("not_finite", value=text)
    if FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ScalarError("not_finite", value=text)
        return number
    return text


def tagged_value(tag: str, text: str) -> Scalar:
    """The value of a scalar behind a core tag (``!!str 12`` is text). Raises ``ScalarError`` for others."""
    if tag in ("!", f"{CORE}str"):
        return text
    kinds: dict[str, tuple[type, ...]] = {
        f"{CORE}int": (int,),
        f"{CORE}float": (int, float),
        f"{CORE}bool": (bool,),
        f"{CORE}null": (type(None),),
    }
    if tag not in kinds:
        raise ScalarError("yaml_tag", tag=shown_tag(tag))
    value = plain_value(text)
    if type(value) not in kinds[tag]:
        raise ScalarError("yaml_tag_mismatch", tag=shown_tag(tag), value=text)
    return float(value) if tag == f"{CORE}float" and isinstance(value, int) else value


def shown_tag(tag: str) -> str:
    """A tag as it is written in a file: ``!!python/name:os.system``."""
    return f"!!{tag.removeprefix(CORE)}" if tag.startswith(CORE) else tag
