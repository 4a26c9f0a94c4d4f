"""Samples of the formats that the importers read, with invented numbers; what needs a whole year repeats one day."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "importers"
KINDS = {
    "jepx_spot.csv": "jepx",
    "jma_hourly.csv": "jma",
    "denkiyoho_day.csv": "denkiyoho",
    "denkiyoho_year.csv": "denkiyoho",
    "area_half_hours.csv": "area",
    "demand_long_range.csv": "demand_long",
    "demand_long_number.txt": "demand_long",
    "demand_long_ends.csv": "demand_long",
    "demand_wide_days.csv": "demand_wide",
    "csv_columns.csv": "csv",
}
"""Sample → the kind that it is recognised as."""


def text(name: str) -> str:
    """A sample as text, lines ending in LF."""
    data = (FOLDER / name).read_bytes()
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = data.decode("cp932")
    return decoded.replace("\r\n", "\n")


def days(year: int = 2021) -> list[date]:
    """All days of a year but 29 February."""
    every = (date(year, 1, 1) + timedelta(days=k) for k in range(366))
    return [day for day in every if day.year == year and (day.month, day.day) != (2, 29)]


def metpv11() -> str:
    """365 days of nine records each."""
    station, *records = text("metpv11_day.txt").splitlines()
    lines = [station]
    for number, day in enumerate(days(), 1):
        lines += [f"{r[:6]}{day.month:2d}{day.day:2d}{r[10:-5]}{number:5d}" for r in records]
    return "\r\n".join(lines) + "\r\n"


def metpv20() -> str:
    """365 days of nine lines each."""
    station, *records = text("metpv20_day.csv").splitlines()
    lines = [station]
    for day in days():
        lines += [re.sub(r"^(\d),1,1,", rf"\g<1>,{day.month},{day.day},", record) for record in records]
    return "\r\n".join(lines) + "\r\n"


def epw() -> str:
    """365 days of 24 hours."""
    lines = text("epw_day.epw").splitlines()
    hours = lines[8:]
    body = [re.sub(r"^2009,1,1,", f"2009,{day.month},{day.day},", hour) for day in days(2009) for hour in hours]
    return "\n".join(lines[:8] + body) + "\n"
