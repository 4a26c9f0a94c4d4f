"""Which importer reads a file: the one that is named, or the one that recognises it."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from ysc_sim.documents import read_bytes, suggest
from ysc_sim.errors import Problem, ScenarioError
from ysc_sim.timeseries.importers.source import Importer, Options, Source
from ysc_sim.timeseries.importers.table import TimeTable
from ysc_sim.timeseries.read import MOST_BYTES

AUTO = "auto"


@cache
def importers() -> dict[str, Importer]:
    """Kind → importer: every module of this package that has one."""
    found = {}
    package = __name__.rpartition(".")[0]
    for info in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importer = getattr(importlib.import_module(f"{package}.{info.name}"), "IMPORTER", None)
        if isinstance(importer, Importer):
            found[importer.kind] = importer
    return found


def import_file(path: Path, kind: str = AUTO, options: Options | None = None) -> TimeTable:
    """Read a file of a known format.

    ``kind`` is one of ``importers()``, in any spelling (``METPV-20``), or ``auto``. Raises ``ScenarioError``
    with every problem found, each with its line.
    """
    options = options or Options()
    chosen = None if _plain(kind) == AUTO else _by_name(kind)
    source = Source(path.name, read_bytes(path, max_bytes=MOST_BYTES))
    if not source.data.strip():
        raise ScenarioError([Problem("csv_empty", {}, source.file, 1, 1)])
    if chosen is not None:
        _not_another(source, chosen)
    importer = chosen or _by_look(source)
    vain = options.said() - importer.takes
    if vain:
        values = {"kind": importer.kind, "options": ", ".join(_flag(name) for name in sorted(vain))}
        raise ScenarioError([Problem("import_option_vain", values, source.file)])
    return importer.read(source, options)


def _plain(kind: str) -> str:
    return "".join(c for c in kind.lower() if c.isalnum())


def _flag(option: str) -> str:
    """An option as the command line writes it."""
    return "--" + {"zone": "tz", "fill_h": "fill-hours", "step_s": "step"}.get(option, option)


def _by_name(kind: str) -> Importer:
    known = {_plain(name): importer for name, importer in importers().items()}
    if _plain(kind) not in known:
        names = [AUTO, *importers()]
        values = {"value": kind, "known": ", ".join(names), "suggestion": suggest(kind, names)}
        raise ScenarioError([Problem("import_kind_unknown", values)])
    return known[_plain(kind)]


def _not_another(source: Source, chosen: Importer) -> None:
    """Refuse a file that is plainly of another publisher's format. Raises ``ScenarioError``."""
    seen, _ = _seen(source)
    published = [importer.kind for importer in seen if importer.rank == 0]
    if published and chosen not in seen:
        values = {"kind": chosen.kind, "looks": ", ".join(published)}
        raise ScenarioError([Problem("import_looks_like", values, source.file, 1, 1)])


def _seen(source: Source) -> tuple[list[Importer], ScenarioError | None]:
    """Everyone who recognises the file, and why somebody could not even look."""
    seen, broken = [], None
    for importer in importers().values():
        try:
            if importer.recognises(source):
                seen.append(importer)
        except ScenarioError as error:  # not even cells
            broken = broken or error
    return seen, broken


def _by_look(source: Source) -> Importer:
    """The importer of the lowest rank that recognises the file. Raises ``ScenarioError``."""
    seen, broken = _seen(source)
    if not seen:
        if broken is not None:
            raise broken
        values = {"known": ", ".join(importers())}
        raise ScenarioError([Problem("import_not_recognised", values, source.file, 1, 1)])
    rank = min(importer.rank for importer in seen)
    best = [importer for importer in seen if importer.rank == rank]
    if len(best) > 1:
        values = {"known": ", ".join(importer.kind for importer in best)}
        raise ScenarioError([Problem("import_ambiguous", values, source.file, 1, 1)])
    return best[0]
