"""Many runs of one scenario: pieces that are computed anywhere in any order and make one table, the same every time.

A sweep keeps a folder:

    plan.json               what is swept; a sweep is only resumed under the same plan
    pieces/000012.json      one finished piece: the values that were varied and the metrics; written beside and renamed
    sweep.parquet, .csv     the table, when all pieces are there
    sweep.json              units of the columns

A piece is one point of the design with all the rows of its ensemble. Points that differ in sizes, targets, reserve
levels or seeds alone are run as one batch (:mod:`~ysc_sim.study.sweep_batches`). Whoever computes pieces returns their
texts; only this process writes, so a killed sweep loses no more than what was under way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ysc_sim.errors import Problem, ResultError, ScenarioError
from ysc_sim.results.files import json_text, replace_text
from ysc_sim.scenario import load_scenario
from ysc_sim.study.design import Point
from ysc_sim.study.workers import Here

if TYPE_CHECKING:
    import pandas as pd

PLAN, PIECES, TABLE, UNITS = "plan.json", "pieces", "sweep", "sweep.json"
PIECE = "piece"
DIGITS = 6


@dataclass(frozen=True)
class Sweep:
    """A scenario file and the points that are to be run."""

    file: Path
    settings: Mapping[str, str]
    """Overrides that all points share."""
    points: Sequence[Point]
    digests: Sequence[str]
    """SHA-256 of each point's resolved scenario."""

    @classmethod
    def of(cls, file: Path, points: Sequence[Point], settings: Mapping[str, str] | None = None) -> Sweep:
        """Check every point before any is run. Raises ``ScenarioError`` with the first point that is wrong."""
        shared, digests = dict(settings or {}), []
        for point in points:
            try:
                digests.append(load_scenario(file, overrides={**shared, **point}).sha256)
            except ScenarioError as error:
                said = ", ".join(f"{key}={value}" for key, value in point.items())
                raise ScenarioError([Problem("sweep_point_wrong", {"point": said}), *error.problems]) from None
        return cls(file, shared, list(points), digests)

    def plan(self) -> dict[str, Any]:
        """What makes two sweeps the same one."""
        from ysc_sim import __version__

        whole = hashlib.sha256("\n".join(self.digests).encode()).hexdigest()
        keys = list(self.points[0]) if self.points else []
        return {"format": 1, "package": "ysc-sim", "version": __version__, "study": "sweep"} | {
            "keys": keys,
            "points": len(self.points),
            "sha256": whole,
        }


def compute_pieces(
    file: str, overrides: dict[str, str], shared: tuple[str, ...], wanted: list[tuple[int, str, Point]]
) -> list[str]:
    """Run points that differ in ``shared`` keys alone and say what came of each, as text. This is what a worker does.

    ``wanted``: number, digest and values of each.
    """
    from ysc_sim.study.sweep_batches import compute_points

    found = compute_points(Path(file), overrides, [point for _, _, point in wanted], shared)
    return [
        json_text(
            {"format": 1, PIECE: number, "sha256": digest, "point": point}
            | {"metrics": numbers.metrics, "units": numbers.units}
        )
        for (number, digest, point), numbers in zip(wanted, found, strict=True)
    ]


def run_sweep(
    sweep: Sweep,
    folder: Path,
    *,
    resume: bool = False,
    executor: Executor | None = None,
    at_once: int = 1,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """Compute the pieces that are missing, then write the table.

    ``executor``: any ``concurrent.futures.Executor``; None: this process. ``at_once``: pieces that are with it at a
    time. Raises ``ResultError`` where the folder holds something else, or another sweep, or, without ``resume``, this
    one.
    """
    _open_folder(sweep, folder, resume=resume)
    pieces = _read_pieces(sweep, folder)
    todo = iter(_batches(sweep, pieces))
    under_way: dict[Future[list[str]], list[int]] = {}
    workers = executor or Here()
    try:
        while True:
            for shared, numbers in todo:
                under_way[_submit(workers, sweep, shared, numbers)] = numbers
                if len(under_way) >= at_once:
                    break
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                numbers = under_way.pop(future)
                for number, text in zip(numbers, future.result(), strict=True):
                    replace_text(piece_path(folder, number), text)
                    pieces[number] = json.loads(text)
            if progress is not None:
                progress(len(pieces) / len(sweep.points))
    finally:
        for future in under_way:
            future.cancel()
    return _write_table(sweep, folder, pieces)


def _batches(sweep: Sweep, done: Container[int]) -> list[tuple[tuple[str, ...], list[int]]]:
    """What is to be run: keys that may differ inside a batch, and numbers of its points.

    Which keys these are depends on all points of the sweep, finished ones, too: a point is always run in the same way.
    """
    from ysc_sim.study.sweep_batches import alike, shared_keys, together

    found: list[tuple[tuple[str, ...], list[int]]] = []
    for numbers in alike(sweep.points):
        points = [sweep.points[number] for number in numbers]
        one = load_scenario(sweep.file, overrides={**sweep.settings, **points[0]})
        shared = shared_keys(one, points)
        missing = [number for number in numbers if number not in done]
        found += [(shared, some) for some in together(missing, sweep.points, shared)]
    return found


def _submit(workers: Executor, sweep: Sweep, shared: tuple[str, ...], numbers: list[int]) -> Future[list[str]]:
    wanted = [(number, sweep.digests[number], dict(sweep.points[number])) for number in numbers]
    return workers.submit(compute_pieces, str(sweep.file.resolve()), dict(sweep.settings), shared, wanted)


def piece_path(folder: Path, number: int) -> Path:
    """Where a finished piece lies."""
    return folder / PIECES / f"{number:0{DIGITS}d}.json"


def _open_folder(sweep: Sweep, folder: Path, *, resume: bool) -> None:
    plan = json_text(sweep.plan())
    path = folder / PLAN
    if path.is_file():
        if path.read_text(encoding="utf-8") != plan:
            raise ResultError("sweep_differs", path=str(folder))
        if not resume:
            raise ResultError("sweep_there", path=str(folder))
    elif folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        if any(entry.name != PIECES for entry in folder.iterdir()):
            raise ResultError("result_target_taken", path=str(folder))
    elif os.path.lexists(folder) and not folder.is_dir():
        raise ResultError("result_target_taken", path=str(folder))
    try:
        (folder / PIECES).mkdir(parents=True, exist_ok=True)
        for left in (folder / PIECES).glob(".*.partial"):
            # What a killed sweep was writing when it died.
            with contextlib.suppress(OSError):
                left.unlink()
    except OSError as error:
        raise ResultError("cannot_write", path=str(folder), reason=error.strerror or str(error)) from error
    replace_text(path, plan)


def _read_pieces(sweep: Sweep, folder: Path) -> dict[int, dict[str, Any]]:
    """Finished pieces of this plan; a file that is damaged or of another point is computed again."""
    found: dict[int, dict[str, Any]] = {}
    for number, digest in enumerate(sweep.digests):
        try:
            piece = json.loads(piece_path(folder, number).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(piece, dict) and piece.get("sha256") == digest and piece.get(PIECE) == number:
            found[number] = piece
    return found


def _write_table(sweep: Sweep, folder: Path, pieces: Mapping[int, Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    ordered = [pieces[number] for number in range(len(sweep.points))]
    names = sorted({name for piece in ordered for name in piece["metrics"]})
    columns: dict[str, Any] = {PIECE: range(len(ordered))}
    for key in sweep.points[0] if sweep.points else ():
        columns[key] = _typed([str(piece["point"][key]) for piece in ordered])
    for name in names:
        columns[name] = [float(piece["metrics"].get(name, float("nan"))) for piece in ordered]
    table = pd.DataFrame(columns)
    units = {name: piece["units"][name] for piece in ordered for name in piece["units"]}
    replace_text(folder / UNITS, json_text({"format": 1, "units": units}))
    replace_text(folder / f"{TABLE}.csv", "\ufeff" + table.to_csv(index=False, lineterminator="\n"))
    with _beside(folder / f"{TABLE}.parquet") as partial:
        table.to_parquet(partial, index=False, compression="zstd")
    return table


def units_in(folder: Path) -> dict[str, str]:
    """Units of the numbers of a finished sweep."""
    units: dict[str, str] = json.loads((folder / UNITS).read_text(encoding="utf-8"))["units"]
    return units


def _typed(values: list[str]) -> list[float] | list[str]:
    """Numbers where all values are numbers, else text."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return values


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A path to write to that takes the place of ``path`` when it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
