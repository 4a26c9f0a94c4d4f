"""Fuzzes every way into the program for an hour, with the strategies and checks of the tests, and prints a table.

    python tools/fuzz/hour.py --minutes 60 --seed 1

Each target runs in a process of its own, with a bound on memory and a deadline of CPU time for each example; a
process that says nothing for minutes, though it computes or sleeps all the time, is killed and counts as a hang.
One that waits for its turn on a busy machine is waited for. Ends with status 1 where there is a finding.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from targets import TARGETS

CHILD = Path(__file__).with_name("child.py")

LOOK_S = 30.0
QUIET_S = 600.0
"""A round of 100 examples may take this much CPU time, or sleep for this long, before it counts as a hang."""
ENDINGS_SHOWN = 6


def lines_of(process: subprocess.Popen[str]) -> queue.Queue[str | None]:
    """What the process says, as it says it; None at its end."""
    said: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line)
        said.put(None)

    threading.Thread(target=listen, daemon=True).start()
    return said


def look(pid: int) -> tuple[bool, float]:
    """Whether a process sleeps, and its CPU seconds so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False, 0.0
    return fields[0] in "SD", (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fuzz(name: str, seconds: float, options: argparse.Namespace) -> dict[str, Any]:
    """The record of one target."""
    record: dict[str, Any] = {"examples": 0, "endings": {}, "slowest_s": 0.0, "peak_mb": 0, "findings": {}}
    command = [sys.executable, "-X", "faulthandler", str(CHILD), name, "--seconds", str(seconds)]
    command += ["--seed", str(options.seed), "--deadline", str(options.deadline), "--memory-mb", str(options.memory_mb)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, last_seed = lines_of(process), options.seed
    asleep_s, begun_s = 0.0, 0.0
    while True:
        try:
            line = said.get(timeout=LOOK_S)
        except queue.Empty:
            sleeps, cpu_s = look(process.pid)
            asleep_s = asleep_s + LOOK_S if sleeps else 0.0
            if max(asleep_s, cpu_s - begun_s) < QUIET_S:
                continue
            process.kill()
            record["findings"]["hang"] = f"seed {last_seed}: silent, killed"
            break
        asleep_s, begun_s = 0.0, look(process.pid)[1]
        if line is None:
            break
        found = json.loads(line)
        last_seed = found.get("seed", last_seed)
        record |= {key: value for key, value in found.items() if key != "seed"}
    process.wait()
    if process.returncode > 0 or (process.returncode < 0 and "hang" not in record["findings"]):
        error = process.stderr.read()[-1500:] if process.stderr else ""
        record["findings"][f"ended with {process.returncode}"] = f"seed {last_seed}: {error}"
    return record


def row(name: str, record: dict[str, Any]) -> str:
    endings = sorted(record["endings"].items(), key=lambda item: -item[1])
    shown = ", ".join(f"{key} {count}" for key, count in endings[:ENDINGS_SHOWN])
    more = f" and {len(endings) - ENDINGS_SHOWN} others" if len(endings) > ENDINGS_SHOWN else ""
    return (
        f"| {name} | {record['examples']:,} | {len(endings)} | {record['slowest_s']:.2f} | {record.get('base_mb', 0)} "
        f"| {record['peak_mb']} | {len(record['findings'])} | {shown}{more} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deadline", type=float, default=10.0, help="CPU seconds for one example")
    parser.add_argument("--memory-mb", type=int, default=1024, help="address space beyond what the start took")
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS), metavar="TARGET")
    parser.add_argument("--json", type=Path, help="writes all figures and findings to a file")
    options = parser.parse_args()
    shares = {name: TARGETS[name][0] for name in options.only}
    records = {}
    print(
        "| target | examples | endings | slowest CPU s | MB at start | MB at most | findings | most frequent endings |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, share in shares.items():
        records[name] = fuzz(name, options.minutes * 60 * share / sum(shares.values()), options)
        print(row(name, records[name]), flush=True)
        if options.json:
            options.json.write_text(json.dumps(records, indent=1), encoding="utf-8")
    found = {f"{name}: {what}": how for name, record in records.items() for what, how in record["findings"].items()}
    print(f"\n{sum(record['examples'] for record in records.values()):,} examples, {len(found)} findings")
    for what, how in found.items():
        print(f"\n{what}\n{how}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
