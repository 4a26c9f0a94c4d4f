"""Numbers as a reader expects them, each carrying the stored value that it stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from ysc_sim.report.bilingual import Html, Label, html, said_or
from ysc_sim.words import harmless

MINUS = "−"


def digits(value: float, unit: str = "", places: int | None = None) -> str:
    """A number with as many digits as its unit deserves: yen and large ones whole, percent one, tiny ones as a power;
    or as many ``places`` as the column of a table has.

    >>> digits(12345.6), digits(-3.14159), digits(0.04), digits(1234.5, "JPY"), digits(3e-12), digits(0.0)
    ('12,346', '−3.14', '0.040', '1,234', '3.0e−12', '0')
    """
    size = abs(value)
    if places is not None:
        shown = f"{size:,.{places}f}"
        return (MINUS if value < 0 and float(shown.replace(",", "")) else "") + shown
    if size == 0:
        return "0"
    if unit in ("JPY", "mWh"):
        shown = f"{size:,.0f}" if size >= 0.5 else f"{size:.1g}"
    elif size < 1e-3:
        shown = f"{size:.1e}".replace("e-0", "e-").replace("-", MINUS)
    else:
        shown = f"{size:,.{0 if size >= 999.5 else 1 if size >= 99.95 else 2 if size >= 1 else 3}f}"
        shown = shown.rstrip("0").rstrip(".") if unit == "h" and "." in shown and "e" not in shown else shown
    return (MINUS if value < 0 else "") + shown


def percent(ratio: float) -> str:
    """A ratio as percent.

    >>> percent(0.4567), percent(1.0)
    ('45.7', '100')
    """
    shown = f"{abs(ratio) * 100:.1f}".removesuffix(".0")
    return (MINUS if ratio < 0 and shown != "0" else "") + shown


def of_metric(name: str, value: float, unit: str, places: int | None = None) -> tuple[str, Label]:
    """Digits and unit of a metric: ratios as percent, everything else in its own unit."""
    if unit == "1" and "_ratio" in name:
        return percent(value) if places is None else digits(100.0 * value, places=places), Label("%", "%")
    return digits(value, unit, places), said_or(f"units.{unit}", unit)


def places_of(results: Any, name: str) -> int:
    """Decimal places for a column of this metric over the buildings: as many as its largest number needs."""
    unit = results.metrics["units"].get(name, "")
    if unit in ("JPY", "mWh"):
        return 0
    values = [abs(own[name]) for own in results.metrics["buildings"].values() if name in own]
    largest = max(values, default=0.0) * (100.0 if unit == "1" and "_ratio" in name else 1.0)
    return 0 if largest >= 1000 else 1 if largest >= 10 else 2


def metric(results: Any, name: str, building: str = "", *, unit: bool = True, places: int | None = None) -> Html:
    """A stored number as HTML, or nothing where it is not available.

    ``data-metric`` and ``value`` say which number it is and what is stored, to the last digit.
    """
    numbers: Mapping[str, float] = results.metrics["community"]
    if building:
        numbers = results.metrics["buildings"].get(building, {})
    value = numbers.get(name)
    if value is None or not math.isfinite(value):
        return Html("")
    shown, its_unit = of_metric(name, value, results.metrics["units"].get(name, ""), places)
    where = f' data-building="{escape(harmless(building))}"' if building else ""
    number = f'<data class="n" data-metric="{escape(harmless(name))}"{where} value="{value!r}">{shown}</data>'
    return Html(number + (f'<span class="u">{html(its_unit)}</span>' if unit and its_unit != Label("", "") else ""))


def stored(value: float, shown: str, where: str) -> Html:
    """A number that is no metric: ``where``, an attribute, says where it is stored.

    >>> stored(1.25, "1.3", 'data-outage="0.hours"')
    '<data class="n" data-outage="0.hours" value="1.25">1.3</data>'
    """
    return Html(f'<data class="n" {where} value="{value!r}">{shown}</data>')


def unit_of(results: Any, name: str) -> Label:
    """The unit in which :func:`metric` shows a number."""
    return of_metric(name, 0.0, results.metrics["units"].get(name, ""))[1]


def has(results: Any, *names: str) -> bool:
    """Whether the community has all these numbers."""
    return all(name in results.metrics["community"] for name in names)


def positive(results: Any, *names: str) -> bool:
    """Whether any of these numbers of the community is there and not zero."""
    return any(abs(results.metrics["community"].get(name, 0.0)) > 0 for name in names)
