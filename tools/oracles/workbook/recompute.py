"""Totals of an exported workbook, recomputed by another formula engine (``formulas``), against the stored bills.

    pip install -r requirements.txt
    python recompute.py run.xlsx

The workbook is what ``ysc export --to xlsx`` writes, in either language. Only its two sheets of bills are kept, without
the values that were saved with the formulas. Prints how many totals there are and the largest difference in yen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import openpyxl
from formulas import ExcelModel
from openpyxl.utils import get_column_letter


def worst_jpy(path: Path) -> tuple[int, float]:
    """Number of totals, and the largest difference between a recomputed and a stored one."""
    book = openpyxl.load_workbook(path)  # formulas only; saved values are dropped
    bills, lines = book.sheetnames[1:3]
    for name in book.sheetnames:
        if name not in (bills, lines):
            del book[name]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "bills.xlsx"
        book.save(kept)
        solved = ExcelModel().loads(str(kept)).finish().calculate()
    values = {str(key).rpartition("]")[2].replace("'", "").upper(): found for key, found in solved.items()}
    sheet = book[bills]
    total = get_column_letter(sheet.max_column - 2)
    gaps = [
        abs(float(values[f"{bills}!{total}{row}".upper()].value[0, 0]) - float(stored.value))
        for row in range(2, sheet.max_row + 1)
        if isinstance((stored := sheet.cell(row, sheet.max_column - 1)).value, int | float)
    ]
    return len(gaps), max(gaps)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, *worst_jpy(Path(name)))
