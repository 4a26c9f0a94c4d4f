"""One figure of a benchmark, as the table of all benchmarks reads it.

A benchmark prints what people read and calls ``emit`` beside it. Where the variable ``YSC_BENCHMARK_RECORDS`` names a
file, the figure goes there too, one JSON object a line; without it nothing happens.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "YSC_BENCHMARK_RECORDS"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that should stay, or become better."""

    name: str
    """What was measured, with its size: only figures of one name are compared."""
    value: float
    unit: str
    aim: float | None = None
    high: bool = False
    """More is better (a rate); otherwise less is."""
    peer: str = ""
    """Who was measured beside us in the same run; '' where nobody does the same."""
    ratio: float | None = None
    """How many times better than the peer; none: the peer is not installed."""

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; none where there is no aim."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.high else self.value <= self.aim

    def change_percent(self, before: Figure) -> float | None:
        """By how much the value is above an earlier one of the same name; none where that was 0."""
        return 100 * (self.value / before.value - 1) if before.value else None


def emit(
    name: str,
    value: float,
    unit: str,
    *,
    aim: float | None = None,
    high: bool = False,
    peer: str = "",
    ratio: float | None = None,
) -> None:
    """Write a figure down for ``benchmarks/table.py``, where it asked for that."""
    where = os.environ.get(VARIABLE)
    if where:
        figure = Figure(name=name, value=float(value), unit=unit, aim=aim, high=high, peer=peer,
                        ratio=None if ratio is None else float(ratio))  # fmt: skip
        with Path(where).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure), ensure_ascii=False) + "\n")


def read(path: Path) -> list[Figure]:
    """Figures of a file of lines, in order; of a name that comes twice, the last. A file that is not there has none."""
    if not path.exists():
        return []
    found = [Figure(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return list({figure.name: figure for figure in found}.values())
