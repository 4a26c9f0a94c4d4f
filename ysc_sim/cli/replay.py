"""``ysc run --replay``: repeat a stored run and say whether it is the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ysc_sim.words import language, metric_label, sentence, text

if TYPE_CHECKING:
    from ysc_sim.study.replay import Replay

SAME, OTHER = 0, 1
MOST_SHOWN = 20


def replay_run(manifest: Path, inputs: Path, out: Path | None, *, report: bool, quiet: bool) -> int:
    """Run again, tell what differs, store the new run where asked. Returns the exit status: 1 where it differs."""
    from ysc_sim.results.files import check_target
    from ysc_sim.study.replay import replay

    if out is not None:
        check_target(out)
    found = replay(manifest, inputs, progress=not quiet and sys.stderr.isatty())
    if out is not None:
        from ysc_sim.report import build_report

        found.results.save(out, report_html=build_report(found.results, language()) if report else None)
    if found.identical:
        print(sentence("cli", "replay_same" if found.bit_by_bit else "replay_close", {"digest": found.digest}))
        return SAME
    print(sentence("cli", "replay_other", {"stored": found.stored_digest, "digest": found.digest}))
    if not quiet:
        _show_why(found)
    return OTHER


def _show_why(found: Replay) -> None:
    """Versions that changed, then the numbers; a run whose metrics agree differs inside its tables."""
    from rich.console import Console
    from rich.table import Table

    for name, (then, now) in found.versions.items():
        print(sentence("cli", "replay_version", {"name": name, "then": then or "–", "now": now or "–"}))
    if not found.differences:
        print(text("cli.replay_tables"))
        return
    table = Table()
    for heading in ("cli.replay_building", "cli.quantity", "cli.replay_stored", "cli.replay_found"):
        table.add_column(
            text(heading), justify="left" if heading in ("cli.replay_building", "cli.quantity") else "right"
        )
    for difference in found.differences[:MOST_SHOWN]:
        table.add_row(
            difference.building, metric_label(difference.metric), *map(_digits, (difference.stored, difference.found))
        )
    Console().print(table)
    if len(found.differences) > MOST_SHOWN:
        print(sentence("cli", "replay_more", {"count": len(found.differences) - MOST_SHOWN}))


def _digits(number: float | None) -> str:
    """All digits: a difference may stand in the last one."""
    return "–" if number is None else repr(number)
