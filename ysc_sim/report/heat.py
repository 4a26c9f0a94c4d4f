"""Day × hour heat maps: a column for each day, a row for each half-hour; the darker, the more."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from typing import ClassVar, NamedTuple

import numpy as np

from ysc_sim.report.bilingual import Html, Label, attributes, html, said
from ysc_sim.report.numbers import digits
from ysc_sim.report.plot import WIDE, Plot
from ysc_sim.report.reading import DAY_S, Reading, Span
from ysc_sim.report.timechart import date_marks
from ysc_sim.units import Floats

FEWEST_DAYS = 2
LEVELS = 255
"""Steps of opacity; 0 is where nothing is known."""
HOURS = (0, 6, 12, 18, 24)


class Quantity(NamedTuple):
    """A column that is shown as a map: its heading, colour (class and red, green, blue)."""

    column: str
    css: str
    rgb: tuple[int, int, int]


QUANTITIES = (
    Quantity("import_kwh", "grid", (47, 111, 219)),
    Quantity("pv_kwh", "pv", (214, 140, 0)),
    Quantity("export_kwh", "export", (31, 157, 138)),
    Quantity("traded_kwh", "trade", (199, 62, 118)),
    Quantity("unserved_kwh", "tier2", (200, 60, 45)),
)


class HeatMaps:
    """When in the day and in the year."""

    kind: ClassVar[str] = "heat"
    order: ClassVar[int] = 46

    def title(self) -> Label:
        """Heading."""
        return said("report.heat")

    def applies(self, results: Reading) -> bool:
        """Where there are two days or more."""
        return results.duration_s >= FEWEST_DAYS * DAY_S and results.point_s <= 3600

    def render(self, results: Reading, lang: str) -> Html:
        """One map for each quantity that there was."""
        maps = "".join(
            _map(results, quantity, lang)
            for quantity in QUANTITIES
            if quantity.column in results.columns and np.nansum(results.series(quantity.column)) > 0
        )
        return Html(f'<div class="heats">{maps}</div><p class="note">{html(said("report.heat_note"))}</p>')


def by_day(results: Reading, column: str) -> tuple[Floats, Span]:
    """Mean kW, (half-hours of the day, days), NaN outside the run; and the whole days that the map covers."""
    span = Span(0, results.duration_s, results.point_s)
    values = results.mean_kw(column, span)
    began = results.start
    before = (began.hour * 3600 + began.minute * 60) // results.point_s
    per_day = DAY_S // results.point_s
    days = -(-(before + len(values)) // per_day)
    grid = np.full(days * per_day, np.nan)
    grid[before : before + len(values)] = values
    first = -before * results.point_s
    return grid.reshape(days, per_day).T, Span(first, first + days * DAY_S, DAY_S)


def _map(results: Reading, quantity: Quantity, lang: str) -> str:
    grid, span = by_day(results, quantity.column)
    most = float(np.nanmax(grid))
    label = said(f"metrics.{quantity.column}")
    level = np.where(np.isfinite(grid), 1 + np.rint(np.nan_to_num(grid) / most * (LEVELS - 1)), 0).astype(np.uint8)
    picture = b64encode(png(level, quantity.rgb)).decode()
    plot = Plot(span.start_s, span.end_s, 0.0, 1.0)
    dates = "".join(
        f'<span class="xt edge{" minor" if mark.minor else ""}" style="left:{float(plot.x(mark.at_s)) / WIDE:.2%}">'
        f"{html(mark.label)}</span>"
        for mark in date_marks(results, span, small=True)
        if mark.at_s < span.start_s + 0.85 * (span.end_s - span.start_s)
    )
    hours = "".join(f'<span class="yt" style="top:{hour / 24:.1%}">{hour}:00</span>' for hour in HOURS)
    says = attributes(said("report.heat_says", quantity=label), lang)
    says_all = f'{says} data-most="{most!r}" data-start="{results.at(span.start_s).isoformat()}"'
    return (
        f'<figure class="heat"><h3>{html(label)}</h3><div class="axes" style="--h:150px"><div class="y">{hours}</div>'
        f'<div class="plot"><img role="img" {says_all} alt="" src="data:image/png;base64,{picture}"></div>'
        f'<div class="x">{dates}</div></div>'
        f'<p class="ramp"><span>0</span><i class="{quantity.css}" style="--rgb:{",".join(map(str, quantity.rgb))}"></i>'
        f"<span>{digits(most)} kW</span></p></figure>"
    )


def png(levels: np.ndarray[tuple[int, int], np.dtype[np.uint8]], rgb: tuple[int, int, int]) -> bytes:
    """An image of one colour, (height, width) levels as opacity: 0 nothing, 1 almost nothing … 255 full.

    PNG (ISO/IEC 15948) with a palette of one colour and its transparencies, so that it lies on paper of any colour.

    >>> png(np.zeros((1, 1), dtype=np.uint8), (0, 0, 0))[1:4]
    b'PNG'
    """
    height, width = levels.shape
    opacity = np.append(0, np.rint(8 + 247 * np.linspace(0.0, 1.0, LEVELS) ** 0.85)).astype(np.uint8)
    rows = np.hstack([np.zeros((height, 1), dtype=np.uint8), levels])

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", bytes(rgb) * (LEVELS + 1)), (b"tRNS", opacity.tobytes())]
    parts += [(b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in parts)
