"""Every word that a person reads, in English and Japanese: errors, command line, report, names of quantities.

The words stand in ``en.yaml`` and ``ja.yaml``, section by section; a test holds the two against each other.
Values that come from outside are cut, and stripped of characters that could turn a line round, before they
are shown.
"""

from __future__ import annotations

import locale
import os
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ysc_sim.errors import Problem

LANGUAGES = ("en", "ja")
LONGEST_VALUE = 80
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Unicode categories that could break a line, turn it round, or show nothing."""
_chosen: list[str] = []


def set_language(language: str) -> None:
    """Choose ``en`` or ``ja`` for everything that is worded from now on. Raises ``ValueError``."""
    if language not in LANGUAGES:
        raise ValueError(f"language(={language!r}) must be one of {LANGUAGES}.")
    _chosen[:] = [language]


def language() -> str:
    """The language in use: as chosen, else ``YSC_LANG``, else the system's if Japanese, else English."""
    if _chosen:
        return _chosen[0]
    asked = os.environ.get("YSC_LANG", "")
    return asked if asked in LANGUAGES else language_of_system()


def language_of_system() -> str:
    """``ja`` where the system speaks Japanese (POSIX: LC_ALL, LC_MESSAGES, LANG), else ``en``."""
    said = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if not said and os.name == "nt":  # Windows sets none of them
        said = locale.getlocale()[0] or ""
    return "ja" if said.lower().startswith(("ja_", "ja-", "ja.", "japanese")) or said == "ja" else "en"


def in_language(said: Mapping[str, Any], key: str, lang: str | None = None) -> str:
    """A text that a file says once or once in each language (``name``, ``name_ja``), in ``lang`` or the one in use.

    >>> in_language({"name": "Block", "name_ja": "街区"}, "name", "ja"), in_language({"name": "Block"}, "name", "ja")
    ('街区', 'Block')
    """
    return str(said.get(f"{key}_{lang or language()}") or said.get(key) or "")


@cache
def words_of(language: str) -> Mapping[str, Any]:
    """All words of one language: section → key → text. Our own file, so read plainly (decision 0002)."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load(Path(__file__).with_name(f"{language}.yaml").read_text(encoding="utf-8"), Loader=loader)
    return {section: dict(entries or {}) for section, entries in found.items()}


def text(key: str, lang: str | None = None) -> str:
    """The text under ``section.key``. Raises ``KeyError`` where there is none.

    >>> text("cli.valid", "en")
    'no problem found'
    """
    section, _, name = key.partition(".")
    return str(words_of(lang or language())[section][name])


def has(key: str) -> bool:
    """Whether there is a text under ``section.key``."""
    section, _, name = key.partition(".")
    return name in words_of("en").get(section, {})


def sentence(section: str, key: str, values: Mapping[str, Any], lang: str | None = None) -> str:
    """The sentence ``key``, its gaps filled. A plug-in's own key, unknown here, is shown with its values."""
    found = words_of(lang or language()).get(section, {}).get(key)
    shown = {name: harmless(value) for name, value in values.items()}
    if found is None:
        return f"{key} " + ", ".join(f"{name}={value}" for name, value in shown.items())
    question = text("problems.did_you_mean", lang).format(suggestion=shown.get("suggestion"))
    shown["did_you_mean"] = question if values.get("suggestion") else ""
    return str(found).format_map(_Gaps(shown))


class _Gaps(dict[str, Any]):
    """A gap without a value stays visible instead of failing in the middle of an error message."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def harmless(value: Any, longest: int = LONGEST_VALUE) -> str:
    """A value from outside as one line of at most ``longest`` characters, without control or direction marks.

    A long one is cut at its end, a path in its middle: where it leads says more than what it goes through.

    >>> harmless("a\\u202eb" + "x" * 100)[:4], len(harmless("x" * 100))
    ('a?bx', 80)
    """
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    if len(shown) > longest:
        tail = longest // 2 if "/" in shown or "\\" in shown else 0
        shown = shown[: longest - 1 - tail] + "…" + shown[len(shown) - tail :]
    return "".join("?" if unicodedata.category(c) in UNSEEN else c for c in shown)


def problem_line(problem: Problem, lang: str | None = None) -> str:
    """``file:line:column: field: message``, as far as each is known; a warning says that it is one."""
    parts = [harmless(problem.place, 1000)] if problem.place else []
    if problem.severity == "warning":
        parts.append(text("problems.warning", lang))
    if problem.field:
        parts.append(harmless(problem.field))
    return ": ".join([*parts, sentence("problems", problem.key, problem.values, lang)])


def metric_label(name: str, lang: str | None = None) -> str:
    """What a metric or column is called; its name where it is a plug-in's own.

    >>> metric_label("peak_import_kw", "ja"), metric_label("load_kwh_p05", "en"), metric_label("my_metric")
    ('最大デマンド値', 'Demand (5th percentile)', 'my_metric')
    """
    for ending in ("_p05", "_p95"):
        if name.endswith(ending):
            whole = metric_label(name.removesuffix(ending), lang)
            return text(f"metrics.{ending}", lang).format(label=whole)
    return label("metrics", name, lang) if has(f"metrics.{name}") else label("columns", name, lang)


def label(section: str, key: str, lang: str | None = None) -> str:
    """The text under ``section.key``; the key itself where there is none, because it is a plug-in's own.

    >>> label("modes", "ISLAND", "ja"), label("units", "JPY/kWh", "ja"), label("causes", "meteor")
    ('自立運転', '円/kWh', 'meteor')
    """
    return text(f"{section}.{key}", lang) if has(f"{section}.{key}") else key


def item_label(item: str, lang: str | None = None) -> str:
    """What a line of a bill is called; the plan's own name of a band stands behind.

    >>> item_label("energy_peak", "ja"), item_label("energy_all", "en"), item_label("levy", "en")
    ('電力量料金(peak)', 'Energy', 'Renewable-energy levy')
    """
    for known in ("energy", "fuel_adjustment"):
        band = item.removeprefix(f"{known}_")
        if band != item:
            base = text(f"items.{known}", lang)
            return base if band == "all" else f"{base}({band})" if (lang or language()) == "ja" else f"{base} ({band})"
    return label("items", item, lang)
