"""All benchmarks in one table, with ratios to peers and the figures of an earlier release.

    make bench                                        # small sizes, some minutes
    python benchmarks/table.py --full                 # the sizes that the manual publishes, hours
    python benchmarks/table.py --keep 0.1.0           # and keeps the figures in benchmarks/history/0.1.0.json
    python benchmarks/table.py --only markets survival

Figures are CPU time of one process unless their name says otherwise. Peers that cannot share this environment run in
one of their own: ``--assume-python``, ``--gsy-python``, ``--pymarket-python``, ``--peer-python``
(benchmarks/peers/README.md).
A figure is compared with the one of the same name; names hold the sizes, so small and published sizes do not mix.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from records import VARIABLE, Figure, read

HERE = Path(__file__).parent
HISTORY = HERE / "history"
PEERS = ("peer", "assume", "gsy", "pymarket")
VERSIONS = ("numpy", "scipy", "pandas", "pandapower", "power-grid-model", "lightsim2grid", "tensorpowerflow", "highspy")
MOST_S = {"quick": 900, "full": 4 * 3600}


@dataclass(frozen=True)
class Benchmark:
    """A script, and its words for small and for published sizes."""

    script: str
    quick: tuple[str, ...]
    full: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


BENCHMARKS = (
    Benchmark("engine", ("--repeat", "1"), peers=("peer",)),
    Benchmark("scale", ("--share", "0.02")),
    Benchmark("power_flow", ("--rows", "1000", "--repeat", "2")),
    Benchmark("survival", ("--buildings", "3", "--loop-designs", "1")),
    Benchmark("markets", ("--quick", "--repeat", "2"), peers=("assume", "gsy", "pymarket")),
    Benchmark("transient", ("--repeat", "1")),
    Benchmark("batteries", ("--repeat", "2")),
    Benchmark("size", ("100",), ("1000",)),
    Benchmark("sweep", ("--runs", "40"), ("--runs", "2000")),
    Benchmark("peak_cut", ("3",), ("365",)),
    Benchmark("peak_cut_distribution", ("2", "7", "shopping street"), ("10", "35")),
    Benchmark("peak_cut_year", ("2", "60", "shopping street"), ("10", "365")),
    Benchmark("peak_cut_total", ("2", "28", "shopping street"), ("10", "365")),
)


def run(benchmark: Benchmark, size: str, pythons: dict[str, str]) -> tuple[list[Figure], str]:
    """Figures of one script, and what went wrong ('' : nothing)."""
    words = list(getattr(benchmark, size))
    for name in benchmark.peers:
        words += [f"--{name}-python", pythons[name]] if name in pythons else []
    with tempfile.TemporaryDirectory() as folder:
        lines, said = Path(folder) / "figures.jsonl", ""
        command = [sys.executable, str(HERE / f"{benchmark.script}.py"), *words]
        environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ, VARIABLE: str(lines)}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=MOST_S[size], check=False
            )
        except subprocess.TimeoutExpired:
            said = f"stopped after {MOST_S[size]} s"
        else:
            said = done.stderr.strip().rpartition("\n")[2] if done.returncode else ""
        return read(lines), said


def figure_text(value: float | None) -> str:
    """Four digits, without powers of ten where that is short.

    >>> figure_text(1234567.0), figure_text(0.012345), figure_text(None)
    ('1,234,567', '0.01234', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def line(figure: Figure, before: Figure | None) -> str:
    """One row of the table."""
    aim = "" if figure.aim is None else f"{'≥' if figure.high else '≤'} {figure_text(figure.aim)}"
    met = {None: "", True: "met", False: "MISSED"}[figure.met]
    peer = (
        f"{figure.peer}: {'not installed' if figure.ratio is None else f'× {figure.ratio:.2f}'}" if figure.peer else ""
    )
    change = figure.change_percent(before) if before else None
    told = "" if change is None else f"{change:+.0f} %"
    cells = (figure.name, figure_text(figure.value), figure.unit, aim, met, peer)
    return "| " + " | ".join((*cells, figure_text(before.value) if before else "", told)) + " |"


def newest(history: Path, but: str = "") -> dict[str, Any]:
    """The kept figures of the release with the highest number, other than one; nothing where there is none."""
    files = [path for path in history.glob("*.json") if path.stem != but]
    return json.loads(max(files, key=_order).read_text(encoding="utf-8")) if files else {}


def _order(path: Path) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in path.stem.split("."))


def machine() -> dict[str, Any]:
    """Where and when figures were measured."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((text.partition(":")[2].strip() for text in lines if text.startswith("model name")), "")
    found = {"python": platform.python_version()}
    for name in ("ysc-sim", *VERSIONS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {model or platform.processor()}",
        "load_average": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else [],
        "versions": found,
    }


def keep(path: Path, size: str, figures: Sequence[Figure], where: dict[str, Any]) -> None:
    """Writes a release's figures; those of other names that are in the file stay (small beside published sizes)."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = {figure["name"]: figure for figure in old.get("figures", [])}
    kept |= {figure.name: asdict(figure) for figure in figures}
    measured = old.get("measured", {}) | {size: where}
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({"measured": measured, "figures": list(kept.values())}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Prints the table; 1 where a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the published sizes")
    parser.add_argument("--keep", metavar="VERSION", default="", help="writes benchmarks/history/VERSION.json")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[b.script for b in BENCHMARKS])
    for name in PEERS:
        parser.add_argument(f"--{name}-python", metavar="PATH")
    options = parser.parse_args(words)
    size = "full" if options.full else "quick"
    pythons = {name: path for name in PEERS if (path := getattr(options, f"{name}_python"))}
    where, earlier = machine(), newest(HISTORY, options.keep)
    before = {figure["name"]: Figure(**figure) for figure in earlier.get("figures", [])}
    then = earlier.get("measured", {}).get(size, {})
    print(f"{where['machine']}; {where['date']}; load {where['load_average']}; {size} sizes")
    print(f"before: {then['date']}, {then['machine']}, load {then['load_average']}" if then else "before: nothing kept")
    print(
        "\n| figure | value | unit | aim | | peer: times better | before | change |\n|---|---|---|---|---|---|---|---|"
    )
    failed = []
    for benchmark in BENCHMARKS:
        if options.only and benchmark.script not in options.only:
            continue
        began = time.perf_counter()
        found, wrong = run(benchmark, size, pythons)
        for figure in found:
            print(line(figure, before.get(figure.name)), flush=True)
        print(f"{benchmark.script}: {time.perf_counter() - began:.0f} s {wrong}", file=sys.stderr, flush=True)
        if options.keep:
            keep(HISTORY / f"{options.keep}.json", size, found, where)
        if wrong or not found:
            failed.append(f"{benchmark.script}: {wrong or 'no figures'}")
    print("\n".join(["", *(f"FAILED {name}" for name in failed)]) if failed else "")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
