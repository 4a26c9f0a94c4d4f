"""Mutation testing of whole packages by a random sample: how many of mutmut's changes are noticed by the tests.

From the root of the repository, in an environment in which its tests run:

    pip install -r tools/mutation/requirements.txt
    python tools/mutation/sample.py ysc_sim/billing --seed 1 --per-file 30

The tests of each package stand in ``tests.toml``. For each file the same mutants are drawn every time; each runs the
tests that reach its lines, in a process of its own. Tests that take more than 4 times as long as usual, and 6 s, count
as having noticed. Prints a table by file, the rate with its 95 % interval (Wilson 1927), and the survivors; ``--out``
keeps every outcome.
Changes that alter no result, looked at one by one, stand in ``equivalent.txt`` with the reason and are not counted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["HYPOTHESIS_PROFILE"] = "mutation"
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from forked import OPTIONS, Runner
from hypothesis import Phase, settings
from mutants import Mutant, drawn

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def wilson(killed: int, tried: int) -> tuple[float, float]:
    """95 % interval of a rate: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212."""
    z = 1.959964
    middle = (killed + z * z / 2) / (tried + z * z)
    half = z / (tried + z * z) * math.sqrt(killed * (tried - killed) / tried + z * z / 4)
    return middle - half, middle + half


def equivalents() -> dict[tuple[str, str], str]:
    """(file, change) -> why it alters no result."""
    found = {}
    for row in (HERE / "equivalent.txt").read_text(encoding="utf-8").splitlines():
        path, _, rest = row.partition(" | ")
        change, _, reason = rest.rpartition(" | ")
        found[path, change] = reason
    return found


def _files(package: str) -> list[Path]:
    path = ROOT / package
    left_out = set(tomllib.loads((HERE / "tests.toml").read_text(encoding="utf-8"))["left_out"])
    files = [path] if path.suffix == ".py" else sorted(path.glob("*.py"))
    return [x for x in files if str(x.relative_to(ROOT)) not in left_out]


def _tests(packages: list[str]) -> list[str]:
    chosen = tomllib.loads((HERE / "tests.toml").read_text(encoding="utf-8"))["tests"]
    return [x for key, names in chosen.items() if any(p.startswith(key) for p in packages) for x in names]


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _survivors(path: Path) -> set[tuple[str, str]]:
    return {(x["path"], x["change"]) for x in _rows(path) if x["outcome"] in ("survived", "no test")}


def _print_table(rows: list[dict[str, str]], sizes: dict[str, int], excused: dict[tuple[str, str], str]) -> None:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    left = []
    for row in rows:
        count = counts[row["path"]]
        if row["outcome"] in ("killed", "timeout"):
            count[0] += 1
        elif (row["path"], row["change"]) in excused:
            count[2] += 1
        else:
            count[1] += 1
            left.append(row)
    for path, (killed, survived, equal) in counts.items():
        print(f"{path:46} {sizes[path]:5} mutants, drawn {killed + survived + equal:4}: killed {killed:4}, "
              f"survived {survived:3}, equivalent {equal:3}")  # fmt: skip
    killed, survived, equal = (sum(x[i] for x in counts.values()) for i in range(3))
    if killed + survived:
        low, high = wilson(killed, killed + survived)
        weights = [(sizes[p], k / (k + s)) for p, (k, s, _) in counts.items() if k + s]
        weighted = sum(n * rate for n, rate in weights) / sum(n for n, _ in weights)
        print(f"killed {killed} of {killed + survived} = {killed / (killed + survived):.1%} ({low:.1%} to {high:.1%}); "
              f"by size of file {weighted:.1%}; equivalent {equal}, timeouts "
              f"{sum(r['outcome'] == 'timeout' for r in rows)}")  # fmt: skip
    for row in left:
        print(f"{row['outcome']}: {row['path']}:{row['line']}: {row['change']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", nargs="+", help="folders or files, for example ysc_sim/billing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-file", type=int, default=20)
    parser.add_argument("--limit-s", type=float, default=6.0, help="processor time of the tests of one mutant")
    parser.add_argument("--out", type=Path, default=Path("mutation.jsonl"))
    parser.add_argument("--again", type=Path, help="results of an earlier run: only its survivors are tried")
    parser.add_argument("--tests", nargs="*", help="these instead of the tests that stand in tests.toml")
    given = parser.parse_args()
    excused = equivalents()
    again = _survivors(given.again) - set(excused) if given.again else None
    mutants: list[Mutant] = []
    sizes = {}
    for path in (path for package in given.package for path in _files(package)):
        name = str(path.relative_to(ROOT))
        if again is not None and name not in {path for path, _ in again}:
            continue
        found, sizes[name] = drawn(path, name, given.seed, given.per_file)
        mutants += found
    if again is not None:
        mutants = [x for x in mutants if (x.path, x.change) in again]
    # A failing example is enough: it need not be made small.
    settings.register_profile(
        "mutation", max_examples=25, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    os.chdir(ROOT)
    if mutants:
        runner = Runner(mutants, ROOT, given.out.resolve(), given.limit_s)
        options = ["-s", *OPTIONS, *(given.tests or _tests(given.package))]
        code = pytest.main(options, plugins=[runner])
        if code not in (0, 5):
            raise SystemExit(f"pytest ended with {code}")
    _print_table(_rows(given.out), sizes, excused)


if __name__ == "__main__":
    main()
