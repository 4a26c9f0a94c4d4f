"""``ysc export``: stored results as CSV, Parquet or one Excel workbook."""

from __future__ import annotations

from pathlib import Path


def export_folder(folder: Path, form: str, out: Path | None) -> None:
    """Write the tables of a result folder and say where. Raises ``YscError``."""
    from ysc_sim.results import load_results
    from ysc_sim.study.export import check_format, default_target, export

    chosen = check_format(form)
    results = load_results(folder)
    target = out or default_target(folder, chosen)
    export(results, chosen, target)
    print(target)
