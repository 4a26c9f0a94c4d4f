"""A sweep of thousands of runs: memory that does not grow, no process and no open file left behind, killed or not.

    python benchmarks/sweep.py [--runs 2000] [--workers 2] [--kill]

Runs ``ysc sweep`` over a random design of one home (a day, with an outage) and looks at it from outside: every half
second the resident memory of the command and of its workers, and how many files they hold open. Afterwards no child may
live and no ``.partial`` file lie in the folder. ``--kill``: the command is killed (−9) once in the middle and resumed;
its workers must then die by themselves. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from records import emit

HOME = Path(__file__).parents[1] / "scenarios/one_home.yaml"
EVERY_S, MB = 0.5, 2**20
PATIENCE_S = 10.0
"""How long workers may take to notice that whom they worked for is dead."""
VARY = (
    "buildings.home.devices.battery.energy_kwh=2.0..20",
    "buildings.home.devices.solar.rated_kw=1.0..8",
    "seed=1..9",
)


OUTAGE = "[{start: 2026-04-06T18:00, duration_h: 3}]"


class Look(NamedTuple):
    """The command and its children at one moment."""

    share: float
    """Of the pieces that are there."""
    memory: int
    """Resident bytes of all."""
    files: int
    """Open files of all."""
    processes: tuple[int, ...]


def children_of(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from children_of(int(child))


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def look(pid: int, out: Path, runs: int) -> Look:
    """What can be seen from outside."""
    found, memory, files = tuple(children_of(pid)), 0, 0
    for one in found:
        with contextlib.suppress(OSError):
            memory += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            files += len(os.listdir(f"/proc/{one}/fd"))
    return Look(len(list(out.glob("pieces/0*.json"))) / runs, memory, files, found)


def run(out: Path, runs: int, workers: int, kill_at: float | None) -> tuple[list[Look], bool]:
    """Run the command to its end, or to the share of pieces at which it is killed."""
    vary = [word for axis in VARY for word in ("--vary", axis)]
    command = [sys.executable, "-m", "ysc_sim", "sweep", str(HOME), *vary, "--sample", f"random:{runs}"]
    command += [
        "--set",
        "time.days=1",
        "--set",
        f"outages={OUTAGE}",
        "--workers",
        str(workers),
        "--out",
        str(out),
        "--resume",
        "--quiet",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    looks = []
    while process.poll() is None:
        looks.append(look(process.pid, out, runs))
        if kill_at is not None and looks[-1].share >= kill_at:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return looks, False
        time.sleep(EVERY_S)
    assert process.returncode == 0, f"ysc sweep ended with {process.returncode}"
    return looks, True


def left_alive(looks: list[Look]) -> set[int]:
    """Processes that were seen and do not end."""
    seen, until = {pid for one in looks for pid in one.processes}, time.monotonic() + PATIENCE_S
    while any(map(alive, seen)) and time.monotonic() < until:
        time.sleep(EVERY_S)
    return set(filter(alive, seen))


def main() -> None:
    """Look at a sweep, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out, began = Path(folder) / "sweep", time.perf_counter()
        looks, done = run(out, options.runs, options.workers, 0.5 if options.kill else None)
        assert not left_alive(looks), f"processes left: {left_alive(looks)}"
        if not done:
            print(f"killed at {looks[-1].share:.0%}; its workers ended")
            looks, _ = run(out, options.runs, options.workers, None)
            assert not left_alive(looks), f"processes left: {left_alive(looks)}"
        wall = time.perf_counter() - began
        partial = [str(path) for path in out.rglob("*") if path.name.endswith(".partial")]
        assert not partial, f"files left: {partial}"
        under_way = [one for one in looks if one.share < 1.0] or looks
        early, late = (max(part, key=lambda one: one.memory) for part in halves(under_way))
        most = max(one.files for one in looks)
        name = f"sweep, {options.runs:,} runs on {options.workers} workers"
        emit(f"{name}, memory of all processes, second half", late.memory / MB, "MB")
        emit(f"{name}, memory, second half over first", late.memory / early.memory, "×", aim=1.2)
        emit(f"{name}, wall time", wall, "s")
        print(f"{options.runs} runs, {options.workers} workers: {wall:.0f} s wall")
        print(
            f"resident memory of all processes: at most {early.memory / MB:.0f} MB in the first half of the pieces, ",
            end="",
        )
        print(f"{late.memory / MB:.0f} MB in the second; open files: at most {most}")
        print("no process and no unfinished file left")


def halves(looks: list[Look]) -> tuple[list[Look], list[Look]]:
    """Before and after half of the pieces that were made while somebody looked."""
    middle = (looks[0].share + looks[-1].share) / 2
    return [one for one in looks if one.share <= middle], [one for one in looks if one.share >= middle]


if __name__ == "__main__":
    main()
