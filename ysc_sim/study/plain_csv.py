"""CSV files for spreadsheets: UTF-8 with BOM, so that Excel reads Japanese, and texts that stay texts.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or an end of line would be run as a formula [1]_; an
apostrophe in front, which spreadsheets do not show, keeps it text. Numbers are left as they are.

.. [1] OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from ysc_sim.errors import ResultError

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(value: object) -> object:
    """A value that no spreadsheet takes for a formula; a time as spreadsheets read it, without its zone.

    >>> inert("=1+1"), inert(-1.5), inert("a-b"), inert(datetime(2026, 8, 3, 0, 30))
    ("'=1+1", -1.5, 'a-b', '2026-08-03 00:30:00')
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", timespec="seconds")
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_BEGINS) else value


def write_csv(path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table, all of it or nothing. Raises ``ResultError``."""

    def write(beside: Path) -> None:
        with beside.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([inert(heading) for heading in headings])
            writer.writerows([inert(value) for value in row] for row in rows)

    write_whole(path, write)


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let a file be written beside its place, then move it there. Raises ``ResultError``."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        beside.replace(path)
    except OSError as error:
        raise ResultError("cannot_write", path=str(path), reason=error.strerror or str(error)) from None
    finally:
        beside.unlink(missing_ok=True)
