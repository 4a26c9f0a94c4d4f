"""The folder that ``ysc size`` leaves: page, workbook, table of candidates, summary, and the scenario of the choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ysc_sim.errors import Problem
from ysc_sim.results.files import json_text, write_folder
from ysc_sim.study.chosen import chosen_scenario
from ysc_sim.study.investment_sheet import write_investment
from ysc_sim.study.size import Sized

if TYPE_CHECKING:
    import pandas as pd

NUMBER, VARIANT = "candidate", "variant"
NEW, JUDGED = "new_", "finalist"
"""Columns of numbers with new devices; whether the others count ageing."""


def candidates_table(found: Sized) -> pd.DataFrame:
    """Every candidate: its choices, sizes and numbers, in the order of the search; the first buys nothing."""
    import pandas as pd

    table = found.candidates
    columns: dict[str, Any] = {NUMBER: np.arange(table.count)}
    for key in found.sizing.choices:
        chosen = [None if k < 0 else table.variants[int(k)].chosen[key] for k in table.variant]
        columns[key] = [None if value is None else str(value) for value in chosen]
    columns |= {**table.sizes, **table.columns}
    columns |= {f"{NEW}{name}": table.new_columns[name] for name in ("total_cost_jpy", "npv_jpy", "payback_years")}
    columns[JUDGED] = np.isin(columns[NUMBER], found.finalists)
    columns["on_front"] = found.front
    return pd.DataFrame(columns)


def save_size(found: Sized, told: dict[str, Any], rough: Sequence[Problem], folder: Path, page: str) -> None:
    """Write ``size.json``, ``candidates.csv``, ``candidates.parquet``, ``scenario.yaml``, ``investment.xlsx`` and
    ``report.html``, all or nothing. The workbook is left out where xlsxwriter is not installed. Raises ``ResultError``.
    """

    def fill(partial: Path) -> None:
        table = candidates_table(found)
        table.to_csv(partial / "candidates.csv", index=False, encoding="utf-8-sig", lineterminator="\n")
        table.to_parquet(partial / "candidates.parquet", index=False, compression="zstd")
        about = {**told, "scenario": {k: v for k, v in told["scenario"].items() if k != "text"}}
        texts = {
            "size.json": json_text(about),
            "scenario.yaml": chosen_scenario(found).source_text,
            "report.html": page,
        }
        for name, content in texts.items():
            (partial / name).write_text(content, encoding="utf-8", newline="\n")
        if excel_is_there():
            write_investment(found, partial / "investment.xlsx", rough)

    write_folder(folder, fill)


def excel_is_there() -> bool:
    """Whether workbooks can be written."""
    from importlib.util import find_spec

    return find_spec("xlsxwriter") is not None


def stored_columns(found: Sized) -> dict[str, list[float]]:
    """Columns of numbers of all candidates, as the page draws them."""
    table = found.candidates
    columns = {name: [float(value) for value in values] for name, values in table.columns.items()}
    columns |= {f"{NEW}{name}": [float(value) for value in values] for name, values in table.new_columns.items()}
    columns[JUDGED] = np.isin(np.arange(table.count), found.finalists).astype(float).tolist()
    return columns
