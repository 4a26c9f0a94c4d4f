"""One target, fuzzed for a time in this process, under a limit of memory and a deadline of CPU time for each example.

Prints one JSON line a round: examples so far, endings, slowest example, peak memory, findings. Started by hour.py.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from targets import TARGETS, Reader

ROUND = 100
"""Examples a round: each round draws from a seed of its own, so that a finding is repeated by --seed and --rounds 1."""


class TooSlowError(BaseException):
    """An example passed its deadline of CPU time; who waits without end is killed by hour.py.

    No ``Exception``, so that nothing on the way swallows it.
    """


def own_address_space() -> int:
    """Bytes of address space that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def limit_memory(more_mb: int) -> None:
    """No more than so much beyond what imports and good files took."""
    most = own_address_space() + more_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def place_of(error: BaseException) -> str:
    """The kind of an error and the innermost line of the package that it passed: one finding each."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/ysc_sim/" in frame.filename] or frames
    return f"{type(error).__name__} at {Path(own[-1].filename).name}:{own[-1].lineno}"


class Watched:
    """Reads examples and keeps count."""

    def __init__(self, reader: Reader, deadline_s: float) -> None:
        self.reader, self.deadline_s = reader, deadline_s
        self.examples, self.slowest_s = 0, 0.0
        self.endings: Counter[str] = Counter()
        self.findings: dict[str, str] = {}

    def once(self, data: Any, round_seed: int) -> None:
        """One example, its ending and its time."""
        signal.setitimer(signal.ITIMER_PROF, self.deadline_s)
        begun = time.process_time()
        try:
            ending = self.reader(data)
        except HypothesisException:
            raise
        except (Exception, TooSlowError) as error:
            ending = "FINDING"
            self.findings.setdefault(place_of(error), f"seed {round_seed}: {traceback.format_exc()[-1500:]}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
        self.examples += 1
        self.endings[ending] += 1
        self.slowest_s = max(self.slowest_s, time.process_time() - begun)

    def round(self, round_seed: int) -> None:
        """A hundred examples of one seed."""

        @seed(round_seed)
        @settings(
            max_examples=ROUND,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def examples(data: Any) -> None:
            self.once(data, round_seed)

        examples()

    def record(self) -> dict[str, Any]:
        """All figures so far."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return {
            "examples": self.examples,
            "endings": dict(self.endings),
            "slowest_s": round(self.slowest_s, 3),
            "peak_mb": peak,
            "findings": self.findings,
        }


def ring(number: int, frame: FrameType | None) -> None:
    raise TooSlowError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deadline", type=float, default=10.0, help="CPU seconds for one example")
    parser.add_argument("--memory-mb", type=int, default=1024, help="address space beyond the start")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # numbers out of any range are drawn on purpose
    logging.disable()
    signal.signal(signal.SIGPROF, ring)
    with tempfile.TemporaryDirectory() as folder:
        watched = Watched(TARGETS[options.target][1](Path(folder)), options.deadline)
        print(json.dumps(watched.record() | {"base_mb": watched.record()["peak_mb"]}), flush=True)
        limit_memory(options.memory_mb)
        end = time.monotonic() + options.seconds
        for k in range(options.rounds):
            if time.monotonic() >= end:
                break
            print(json.dumps({"seed": options.seed + k}), flush=True)
            watched.round(options.seed + k)
            print(json.dumps(watched.record()), flush=True)


if __name__ == "__main__":
    main()
